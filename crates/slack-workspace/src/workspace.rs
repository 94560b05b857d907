//! The handle of a workspace: its state, and everything around it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{ApiFaults, RateLimits};
use crate::change::Change;
use crate::clock::Clock;
use crate::config::Config;
use crate::delivery::Outbox;
use crate::error::StartError;
use crate::events::EventCounts;
use crate::founding::Founded;
use crate::journal::JournalEntry;
use crate::model::{AppId, ChangeKind, Mint, State, TeamId};
use crate::ready::{Ready, ReadyApp, ReadyTeam};
use crate::recorder::Recorder;
use crate::replay::describe;
use crate::running::Running;
use crate::seed::Seed;
use crate::socket::Hub;
use crate::state_file::{Kept, Lock};
use crate::teams::Teams;
use crate::tls::Tls;
use crate::world::{self, Ground, Landmarks};

/// A local Slack. Cheap to clone: every clone is the same workspace.
///
/// A handle looks at one team, the first unless it came from [`Workspace::team`].
#[derive(Clone)]
pub struct Workspace {
    inner: Arc<Inner>,
    /// The team that is looked at; the first when none is said.
    team: Option<TeamId>,
}

struct Inner {
    // One lock for everything Slack knows, held for short sections without an await. Order:
    // state, then the hub's, then the journal's.
    teams: Mutex<Teams>,
    /// There is one team, as most often: found without the lock.
    is_alone: AtomicBool,
    config: Config,
    seed: Seed,
    /// The world is built from it and from the seed, again after a reset.
    seed_entropy: SecretString,
    landmarks: Landmarks,
    control_token: SecretString,
    recorder: Arc<Recorder>,
    hub: Hub,
    outbox: Outbox,
    faults: ApiFaults,
    /// Something was scheduled.
    due: Notify,
    limits: Option<RateLimits>,
    tls: Option<Tls>,
    /// The state may have changed: the state file is to be written.
    touched: Notify,
    /// The state file, if there is one, was written when it last was to be.
    is_saved: AtomicBool,
    /// Keeps others from the state file.
    lock: Mutex<Option<Lock>>,
    // Held while the state file is written, so that an older state never replaces a newer one.
    saving: Mutex<()>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Workspace {
    /// A workspace that is not reachable yet.
    pub fn new(config: Config) -> Result<Self, StartError> {
        Self::filled(config, None)
    }

    /// The same, filled by a seed that is no file.
    fn filled(config: Config, seed: Option<Seed>) -> Result<Self, StartError> {
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy).map_err(StartError::Random)?;
        let mut mint = Mint::new(entropy);
        let recorder = Arc::new(Recorder::new(config.journal_bytes));
        let tls = config.tls.as_ref().map(|directory| Tls::make(directory, recorder.now_ms()));
        let tls = tls.transpose().map_err(StartError::Tls)?;
        let lock = config.state.as_deref().map(Lock::take).transpose().map_err(StartError::State)?;
        let kept = Kept::begin(config, seed, &mut mint, recorder.now_ms())?;
        let Kept { config, seed, seed_entropy, control_token, mut teams, landmarks, now_ms } = kept;
        // Time does not go back: what was kept may be of a clock that was moved. Its end changes nothing.
        let _ = recorder.clock.advance(now_ms.saturating_sub(recorder.now_ms()));
        for state in teams.iter_mut() {
            state.mint = Mint::new(mint.bytes());
            state.event_counts = EventCounts::with(config.rate_limits);
            state.fill_missing();
        }
        let hub = Hub::new(Arc::clone(&recorder), Mint::new(mint.bytes()));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let outbox = Outbox::new(Arc::clone(&recorder), tasks.clone(), stop.clone(), Mint::new(mint.bytes()));
        recorder.journal.learn([control_token.expose_secret()]);
        let limits = config.rate_limits.then(RateLimits::default);
        let inner = Inner {
            is_alone: AtomicBool::new(teams.more().is_empty()),
            teams: Mutex::new(teams),
            config,
            seed,
            seed_entropy,
            landmarks,
            control_token,
            recorder,
            hub,
            outbox,
            faults: ApiFaults::default(),
            due: Notify::new(),
            limits,
            tls,
            touched: Notify::new(),
            is_saved: AtomicBool::new(true),
            lock: Mutex::new(lock),
            saving: Mutex::new(()),
            tasks,
            stop,
        };
        let workspace = Self { inner: Arc::new(inner), team: None };
        workspace.learn_every_secret(&workspace.teams());
        workspace.write_state().map_err(StartError::State)?;
        if let Some(path) = &workspace.inner.config.record {
            let Inner { config, seed, recorder, .. } = &*workspace.inner;
            let first = describe(config, seed, now_ms > 0, &workspace.ready());
            recorder.journal.record(path, &first).map_err(StartError::Record)?;
        }
        Ok(workspace)
    }

    /// Starts a workspace on 127.0.0.1 and returns once it answers.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await.map_err(StartError::Bind)?;
        Self::new(config)?.run(listener)
    }

    /// The same, filled by a seed that is no file.
    pub(crate) async fn start_with(config: Config, seed: Option<Seed>) -> Result<Running, StartError> {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await.map_err(StartError::Bind)?;
        Self::filled(config, seed)?.run(listener)
    }

    /// Serves on a listener in a task of its own.
    pub fn run(self, listener: TcpListener) -> Result<Running, StartError> {
        let address = listener.local_addr().map_err(StartError::Bind)?;
        self.reachable_at(address);
        let stop = self.inner.stop.clone();
        let task = self.clone();
        let served = self.inner.tasks.spawn(async move { task.serve(listener, stop).await });
        Ok(Running::new(self, served))
    }

    /// Serves on a listener until stopped.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> std::io::Result<()> {
        self.reachable_at(listener.local_addr()?);
        crate::server::serve(self, listener, stop).await
    }

    /// Everything it answers to.
    pub fn router(&self) -> Router {
        crate::server::router(self)
    }

    /// The readiness line; addresses are right once it serves.
    pub fn ready(&self) -> Ready {
        let base = self.read(|state| state.base().to_owned());
        let of = &self.inner.landmarks;
        Ready {
            api_url: format!("{base}/api/"),
            ui_url: format!("{base}/"),
            control_url: format!("{base}/control/"),
            control_token: self.inner.control_token.clone(),
            team_id: of.team.clone(),
            app_id: of.app.clone(),
            bot_user_id: of.bot_user.clone(),
            bot_token: of.secrets.bot_token.clone(),
            app_token: of.secrets.app_token.clone(),
            user_token: of.secrets.user_token.clone(),
            cli_token: of.cli_token.clone(),
            signing_secret: of.secrets.signing_secret.clone(),
            client_id: of.secrets.client_id.clone(),
            client_secret: of.secrets.client_secret.clone(),
            users: of.users.clone(),
            channels: of.channels.clone(),
            ca_file: self.inner.tls.as_ref().map(|tls| tls.ca_file.clone()),
            apps: self.read_teams(|teams| ready_apps(teams.first(), &of.apps)),
            teams: self.ready_teams(),
        }
    }

    fn ready_teams(&self) -> BTreeMap<String, ReadyTeam> {
        let ready = |teams: &Teams, founded: &Founded| {
            let state = teams.team(&founded.team)?;
            Some(ReadyTeam {
                team_id: founded.team.clone(),
                users: founded.users.clone(),
                channels: founded.channels.clone(),
                apps: ready_apps(state, &founded.apps),
            })
        };
        let founded = self.inner.landmarks.teams.iter();
        self.read_teams(|teams| founded.filter_map(|(name, team)| Some((name.clone(), ready(teams, team)?))).collect())
    }

    /// The same workspace with another of its teams looked at.
    pub fn team(&self, id: &TeamId) -> Option<Self> {
        let team = self.read_teams(|teams| teams.team(id).map(|state| state.team.id.clone()))?;
        Some(Self { inner: Arc::clone(&self.inner), team: Some(team) })
    }

    /// The same workspace with that team looked at in which something is; the first when it is in none.
    pub(crate) fn where_is(&self, fits: impl Fn(&State) -> bool) -> Self {
        if self.is_alone() {
            return Self { inner: Arc::clone(&self.inner), team: None };
        }
        let team = self.read_teams(|teams| teams.other(fits));
        Self { inner: Arc::clone(&self.inner), team }
    }

    /// Looks at the state; keep it short, everything else waits meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        let teams = self.teams();
        look(teams.at(teams.seat(self.team.as_ref())))
    }

    /// Looks at every team.
    pub(crate) fn read_teams<T>(&self, look: impl FnOnce(&Teams) -> T) -> T {
        look(&self.teams())
    }

    /// Tells of every change from now on. A receiver that lags has to draw everything again.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.recorder.changes.subscribe()
    }

    /// The journal's lines after `since`; 0 is the beginning.
    pub fn journal(&self, since: u64) -> Vec<JournalEntry> {
        self.inner.recorder.journal.since(since).entries()
    }

    /// The workspace's clock.
    pub fn clock(&self) -> &Clock {
        &self.inner.recorder.clock
    }

    /// How many Socket Mode connections an app has that were greeted.
    pub fn connections(&self, app: &AppId) -> usize {
        self.inner.hub.connections(app)
    }

    /// Cancelled when the workspace stops; streams that never end must watch it.
    pub fn stopping(&self) -> &CancellationToken {
        &self.inner.stop
    }

    /// Empties the workspace and clears faults; what the readiness line says stays valid.
    pub fn reset(&self) -> Result<(), StartError> {
        let now = self.inner.recorder.now_ms();
        let mut teams = self.teams();
        let entropy = seed_bytes(self.inner.seed_entropy.expose_secret());
        let ground = Ground { config: &self.inner.config, seed: &self.inner.seed, entropy };
        let (fresh, _) = world::build(ground, teams.first().base.clone(), now)?;
        let mut old = std::mem::replace(&mut *teams, fresh);
        let known = |id: &AppId| teams.iter().any(|state| state.apps.contains_key(id));
        let gone: Vec<AppId> =
            old.iter().flat_map(|state| state.apps.keys()).filter(|id| !known(id)).cloned().collect();
        // What is minted from now on must differ from what was minted before.
        let mint = &mut old.first_mut().mint;
        for state in teams.iter_mut() {
            state.mint = Mint::new(mint.bytes());
            state.event_counts = EventCounts::with(self.inner.config.rate_limits);
        }
        self.learn_anew(&teams);
        self.inner.hub.reset(&gone);
        self.inner.outbox.reset();
        if let Some(limits) = &self.inner.limits {
            limits.reset();
        }
        self.inner.faults.clear();
        self.inner.recorder.journal.clear();
        self.inner.recorder.changes.announce(ChangeKind::Reset);
        self.inner.touched.notify_one();
        Ok(())
    }

    /// Whether there is one team alone.
    pub(crate) fn is_alone(&self) -> bool {
        self.inner.is_alone.load(Ordering::Acquire)
    }

    /// Takes note of which teams and apps there are now; called whenever that has changed.
    /// Forgets the secrets of apps that are gone: every text is searched for each of them.
    pub(crate) fn learn_anew(&self, teams: &Teams) {
        self.inner.recorder.journal.unlearn();
        self.inner.recorder.journal.learn([self.inner.control_token.expose_secret()]);
        self.learn_every_secret(teams);
    }

    pub(crate) fn learn_every_secret(&self, teams: &Teams) {
        self.inner.is_alone.store(teams.more().is_empty(), Ordering::Release);
        for state in teams.iter() {
            for app in state.platform.registrations.keys() {
                self.learn_secrets(state, app);
            }
        }
    }

    /// Keeps an app's secrets out of the journal.
    pub(crate) fn learn_secrets(&self, state: &State, app: &AppId) {
        let Some(registration) = state.platform.registrations.get(app) else { return };
        let secrets = &registration.secrets;
        self.inner.recorder.journal.learn([
            secrets.signing_secret.expose_secret(),
            secrets.client_secret.expose_secret(),
            secrets.verification_token.expose_secret(),
        ]);
    }

    /// The team that this handle looks at, where it is not the first.
    pub(crate) fn looked_at(&self) -> Option<&TeamId> {
        self.team.as_ref()
    }

    /// Notified when the state may have changed.
    pub(crate) fn touched(&self) -> &Notify {
        &self.inner.touched
    }

    /// Whether the state file, if there is one, could be written when it last was to be.
    pub fn is_saved(&self) -> bool {
        self.inner.is_saved.load(Ordering::Acquire)
    }

    pub(crate) fn set_saved(&self, is_saved: bool) {
        self.inner.is_saved.store(is_saved, Ordering::Release);
    }

    /// Whether the state file is this workspace's to write.
    pub(crate) fn is_locked(&self) -> bool {
        self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Lets others have the state file: it is not written any more.
    pub(crate) fn release(&self) {
        self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Notified when something was scheduled.
    pub(crate) fn due(&self) -> &Notify {
        &self.inner.due
    }

    /// The limits of calls, when there are any.
    pub(crate) fn limits(&self) -> Option<&RateLimits> {
        self.inner.limits.as_ref()
    }

    /// Keeps others from writing the state file meanwhile; taken before the state's lock.
    pub(crate) fn saving(&self) -> MutexGuard<'_, ()> {
        self.inner.saving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    pub(crate) fn landmarks(&self) -> &Landmarks {
        &self.inner.landmarks
    }

    /// What the world is built from: the seed, and the randomness.
    pub(crate) fn origin(&self) -> (&Seed, &SecretString) {
        (&self.inner.seed, &self.inner.seed_entropy)
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.inner.tls.as_ref()
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.inner.outbox
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.inner.recorder
    }

    pub(crate) fn faults(&self) -> &ApiFaults {
        &self.inner.faults
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.inner.tasks
    }

    pub(crate) fn control_token(&self) -> &SecretString {
        &self.inner.control_token
    }

    fn reachable_at(&self, address: SocketAddr) {
        // Whoever binds every address reaches it by the loopback one.
        let ip = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
        let ip = if ip.contains(':') { format!("[{ip}]") } else { ip };
        let scheme = if self.inner.tls.is_some() { "https" } else { "http" };
        let base = format!("{scheme}://{ip}:{}", address.port());
        for state in self.teams().iter_mut() {
            state.move_to(&base);
        }
    }

    /// Every team, locked; keep it short.
    pub(crate) fn teams(&self) -> MutexGuard<'_, Teams> {
        self.inner.teams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ready_apps(state: &State, apps: &BTreeMap<String, AppId>) -> BTreeMap<String, ReadyApp> {
    let ready = |id: &AppId| state.apps.get(id).map(ReadyApp::of);
    apps.iter().filter_map(|(name, id)| Some((name.clone(), ready(id)?))).collect()
}

// What people and apps wrote is inside, tokens they pasted included: none of it is printed.
impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace").field("team", &self.inner.landmarks.team).finish_non_exhaustive()
    }
}

/// The bytes that 64 hexadecimal digits stand for.
pub(crate) fn seed_bytes(hex: &str) -> [u8; 32] {
    let mut seed = [0; 32];
    for (byte, at) in seed.iter_mut().zip((0..).step_by(2)) {
        *byte = hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).unwrap_or_default();
    }
    seed
}
