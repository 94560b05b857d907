//! The handle of a workspace: its state, and everything around it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{ApiFaults, RateLimits};
use crate::change::Change;
use crate::clock::{Clock, ClockError};
use crate::config::Config;
use crate::delivery::Outbox;
use crate::error::StartError;
use crate::journal::JournalEntry;
use crate::model::{AppId, ChangeKind, Effect, Mint, State};
use crate::ready::{Ready, ReadyApp};
use crate::recorder::Recorder;
use crate::running::Running;
use crate::seed::Seed;
use crate::socket::{DisconnectKind, Hub};
use crate::state_file::Kept;
use crate::tls::Tls;
use crate::world::{self, Ground, Landmarks};

/// A local Slack. Cheap to clone: every clone is the same workspace.
#[derive(Clone)]
pub struct Workspace {
    inner: Arc<Inner>,
}

struct Inner {
    // One lock for everything Slack knows, held for short sections without an await. Order:
    // state, then the hub's, then the journal's.
    state: Mutex<State>,
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
    // Held while the state file is written, so that an older state never replaces a newer one.
    saving: Mutex<()>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Workspace {
    /// A workspace that is not reachable yet.
    pub fn new(config: Config) -> Result<Self, StartError> {
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy).map_err(StartError::Random)?;
        let mut mint = Mint::new(entropy);
        let recorder = Arc::new(Recorder::new(config.journal_bytes));
        if let Some(path) = &config.record {
            recorder.journal.record(path).map_err(StartError::Record)?;
        }
        let tls = config.tls.as_ref().map(|directory| Tls::make(directory, recorder.now_ms()));
        let tls = tls.transpose().map_err(StartError::Tls)?;
        let kept = Kept::begin(config, &mut mint, recorder.now_ms())?;
        let Kept { config, seed, seed_entropy, control_token, mut state, landmarks, now_ms } = kept;
        // Time does not go back: what was kept may be of a clock that was moved. Its end changes nothing.
        let _ = recorder.clock.advance(now_ms.saturating_sub(recorder.now_ms()));
        state.mint = Mint::new(mint.bytes());
        let hub = Hub::new(Arc::clone(&recorder), Mint::new(mint.bytes()));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let outbox = Outbox::new(Arc::clone(&recorder), tasks.clone(), stop.clone(), Mint::new(mint.bytes()));
        recorder.journal.learn([control_token.expose_secret()]);
        let limits = config.rate_limits.then(RateLimits::default);
        let inner = Inner {
            state: Mutex::new(state),
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
            saving: Mutex::new(()),
            tasks,
            stop,
        };
        let workspace = Self { inner: Arc::new(inner) };
        workspace.learn_every_secret(&workspace.state());
        Ok(workspace)
    }

    /// Starts a workspace on 127.0.0.1 and returns once it answers.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await.map_err(StartError::Bind)?;
        Self::new(config)?.run(listener)
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
            apps: self.ready_apps(),
        }
    }

    fn ready_apps(&self) -> BTreeMap<String, ReadyApp> {
        let ready = |state: &State, id: &AppId| {
            let app = state.apps.get(id)?;
            let secrets = &app.secrets;
            Some(ReadyApp {
                app_id: app.id.clone(),
                bot_user_id: app.bot_user.clone(),
                bot_token: secrets.bot_token.clone(),
                app_token: secrets.app_token.clone(),
                signing_secret: secrets.signing_secret.clone(),
                client_id: secrets.client_id.clone(),
                client_secret: secrets.client_secret.clone(),
            })
        };
        let apps = self.inner.landmarks.apps.iter();
        self.read(|state| apps.filter_map(|(name, id)| Some((name.clone(), ready(state, id)?))).collect())
    }

    /// Looks at the state; keep it short, everything else waits meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state())
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
        let mut state = self.state();
        let entropy = seed_bytes(self.inner.seed_entropy.expose_secret());
        let ground = Ground { config: &self.inner.config, seed: &self.inner.seed, entropy };
        let (fresh, _) = world::build(ground, state.base.clone(), now)?;
        let old = std::mem::replace(&mut *state, fresh);
        let gone: Vec<AppId> = old.apps.keys().filter(|id| !state.apps.contains_key(*id)).cloned().collect();
        state.mint = old.mint;
        self.learn_every_secret(&state);
        self.inner.hub.reset(&gone);
        self.inner.outbox.reset();
        if let Some(limits) = &self.inner.limits {
            limits.reset();
        }
        self.inner.faults.clear();
        self.inner.recorder.journal.clear();
        self.inner.recorder.changes.announce(ChangeKind::Reset);
        Ok(())
    }

    /// Runs a verb on the state, then does what it left to be done.
    ///
    /// Effects leave while the lock is held, so that apps hear of things in their order.
    pub(crate) fn update<T>(&self, verb: impl FnOnce(&mut State, u64) -> T) -> T {
        let now = self.inner.recorder.now_ms();
        let mut state = self.state();
        state.fall_due(now);
        let result = verb(&mut state, now);
        for effect in std::mem::take(&mut state.effects) {
            match effect {
                Effect::Change(kind) => self.inner.recorder.changes.announce(kind),
                Effect::Event { app, payload } => {
                    let over_http = state.apps.get(&app).is_some_and(|app| self.inner.outbox.publish(app, &payload));
                    if !over_http {
                        self.inner.hub.publish(&app, payload);
                    }
                }
                Effect::Farewell { app, payload } => {
                    if !self.inner.outbox.publish(&app, &payload) {
                        self.inner.hub.publish(&app.id, payload);
                    }
                }
                Effect::Due => self.inner.due.notify_one(),
                Effect::Secrets { app } => self.learn_secrets(&state, &app),
                Effect::Gone { app } => self.inner.hub.disconnect(Some(&app), DisconnectKind::LinkDisabled),
            }
        }
        state.sweep(now);
        result
    }

    /// Moves the clock forward, does what falls due, and returns the new time.
    pub fn advance_clock(&self, by_ms: u64) -> Result<u64, ClockError> {
        let now = self.clock().advance(by_ms)?;
        self.update(|_, _| ());
        Ok(now)
    }

    /// Does what falls due as time passes, until the workspace stops.
    pub(crate) async fn keep_time(&self) {
        loop {
            let next = self.read(State::next_due);
            let passed = async {
                match next {
                    Some(at) => self.clock().sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stopping().cancelled() => return,
                () = self.inner.due.notified() => {}
                () = passed => self.update(|_, _| ()),
            }
        }
    }

    fn learn_every_secret(&self, state: &State) {
        for app in state.platform.registrations.keys() {
            self.learn_secrets(state, app);
        }
    }

    /// Keeps an app's secrets out of the journal.
    fn learn_secrets(&self, state: &State, app: &AppId) {
        let Some(registration) = state.platform.registrations.get(app) else { return };
        let secrets = &registration.secrets;
        self.inner.recorder.journal.learn([
            secrets.signing_secret.expose_secret(),
            secrets.client_secret.expose_secret(),
            secrets.verification_token.expose_secret(),
        ]);
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
        self.state().base = format!("{scheme}://{ip}:{}", address.port());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
