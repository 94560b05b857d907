//! The daemon in the test's own process: on a clock that the test moves, with limits that the test sets.
//!
//! Everything else is real: the seat, the socket, the database, the workspace. Hooks are processes and find it where they
//! would find their own.

use std::{sync::Arc, time::Duration};

use countersign_approval::{Approvals, Entropy};
use countersign_hook::rendezvous::Seat;
use countersign_server::{AuditKey, Limits, ORPHAN_GRACE, Personal, Settings, SlackApp, daemon};
use countersign_slack::client::{ApiBase, Client, RetryPolicy, Token};
use countersign_store::SqliteStore;
use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{TestApp, TestClock};

/// What a test sets differently.
#[derive(Clone, Debug, Default)]
pub struct LocalSettings {
    /// How much is taken at the same time.
    pub limits: Limits,
    /// How long ended requests are kept.
    pub keep_requests: Option<Duration>,
}

/// A daemon in this process.
#[derive(Debug)]
pub struct LocalDaemon {
    personal: Personal,
    store: Arc<SqliteStore>,
    clock: TestClock,
    serving: JoinHandle<Seat>,
}

/// The system's randomness.
#[derive(Debug)]
struct Random;

impl Entropy for Random {
    fn bytes16(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }
}

impl LocalDaemon {
    /// Starts it in place of the machine's own daemon, which must not be running.
    pub async fn start(app: &TestApp, settings: LocalSettings) -> Self {
        Self::start_at(app, settings, TestClock::now()).await
    }

    /// The same, on a clock that stands where another daemon left it.
    pub async fn start_at(app: &TestApp, settings: LocalSettings, clock: TestClock) -> Self {
        let seat = Seat::take(app.paths()).expect("no other daemon runs");
        let store = Arc::new(app.open_store().await);
        let approvals = Approvals::new(Arc::clone(&store) as _, Arc::new(clock.clone()), Arc::new(Random));
        let ready = app.workspace().ready();
        let base = app.api_url().parse::<ApiBase>().expect("the workspace's address");
        let client = Client::builder(base).retry(RetryPolicy::NEVER).build().expect("a client");
        let token = |text: &SecretString| Token::new(text).expect("a token");
        let (bot, app_token) = (token(&ready.bot_token), token(&ready.app_token));
        let settings = Settings {
            // No client is newer.
            version: env!("CARGO_PKG_VERSION").to_owned(),
            // As the binary says it: a request that an earlier daemon took has to be the same one here.
            machine: nix::unistd::gethostname().expect("a name").to_string_lossy().into_owned(),
            user: "this-user".to_owned(),
            approvers: Vec::new(),
            idle_exit: Duration::from_hours(10_000),
            orphan_grace: ORPHAN_GRACE,
            keep_requests: settings.keep_requests,
            limits: settings.limits,
        };
        let slack = SlackApp::new(client, bot, app_token);
        let personal = Personal::new(settings, approvals, slack, CancellationToken::new());
        let key = AuditKey::load_or_create(&app.store_path().with_extension("audit-key")).expect("an audit key");
        let serving = TaskTracker::new().spawn(daemon::run(personal.clone(), seat, key));
        Self { personal, store, clock, serving }
    }

    /// Its clock.
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Its store.
    pub fn store(&self) -> &Arc<SqliteStore> {
        &self.store
    }

    /// Lets it leave, and waits until it has.
    pub async fn stop(mut self) {
        self.personal.leave();
        let seat = (&mut self.serving).await.expect("the daemon does not panic");
        drop(seat);
    }
}

impl Drop for LocalDaemon {
    fn drop(&mut self) {
        // One of a failed test; one that was stopped has left already.
        self.personal.leave();
    }
}
