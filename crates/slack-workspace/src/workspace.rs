//! The handle of a workspace: its state, and everything around it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::ApiFaults;
use crate::change::Change;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::StartError;
use crate::journal::JournalEntry;
use crate::model::{AppId, ChangeKind, Effect, Mint, State};
use crate::ready::Ready;
use crate::recorder::Recorder;
use crate::running::Running;
use crate::socket::Hub;
use crate::world::{self, Landmarks};

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
    /// The world is built from it, again after a reset.
    seed: SecretString,
    landmarks: Landmarks,
    control_token: SecretString,
    recorder: Arc<Recorder>,
    hub: Hub,
    faults: ApiFaults,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Workspace {
    /// A workspace that is not reachable yet.
    pub fn new(config: Config) -> Result<Self, StartError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(StartError::Random)?;
        let mut mint = Mint::new(seed);
        let world_seed = mint.hex(64);
        let recorder = Arc::new(Recorder::new(config.journal_bytes));
        let base = "http://127.0.0.1".to_owned();
        let (mut state, landmarks) =
            world::build(&config, seed_bytes(&world_seed), base, recorder.now_ms()).map_err(StartError::World)?;
        let control_token = SecretString::from(mint.word(32));
        state.mint = Mint::new(mint.bytes());
        let hub = Hub::new(Arc::clone(&recorder), Mint::new(mint.bytes()));
        recorder.journal.learn([control_token.expose_secret()]);
        let inner = Inner {
            state: Mutex::new(state),
            config,
            seed: world_seed.into(),
            landmarks,
            control_token,
            recorder,
            hub,
            faults: ApiFaults::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        let workspace = Self { inner: Arc::new(inner) };
        workspace.learn_secrets(&workspace.inner.landmarks.app);
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
        }
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
        let seed = seed_bytes(self.inner.seed.expose_secret());
        let (fresh, _) = world::build(&self.inner.config, seed, state.base.clone(), now).map_err(StartError::World)?;
        let old = std::mem::replace(&mut *state, fresh);
        let gone: Vec<AppId> = old.apps.keys().filter(|id| !state.apps.contains_key(*id)).cloned().collect();
        state.mint = old.mint;
        self.inner.hub.reset(&gone);
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
        let result = verb(&mut state, now);
        for effect in std::mem::take(&mut state.effects) {
            match effect {
                Effect::Change(kind) => self.inner.recorder.changes.announce(kind),
                Effect::Event { app, payload } => self.inner.hub.publish(&app, payload),
            }
        }
        state.sweep(now);
        result
    }

    /// Keeps an app's secrets out of the journal.
    pub(crate) fn learn_secrets(&self, app: &AppId) {
        let Some(secrets) = self.read(|state| state.apps.get(app).map(|app| Arc::clone(&app.secrets))) else {
            return;
        };
        self.inner.recorder.journal.learn([
            secrets.signing_secret.expose_secret(),
            secrets.client_secret.expose_secret(),
            secrets.verification_token.expose_secret(),
        ]);
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
        self.state().base = format!("http://{ip}:{}", address.port());
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
fn seed_bytes(hex: &str) -> [u8; 32] {
    let mut seed = [0; 32];
    for (byte, at) in seed.iter_mut().zip((0..).step_by(2)) {
        *byte = hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).unwrap_or_default();
    }
    seed
}
