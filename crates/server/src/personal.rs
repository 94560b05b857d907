//! What the parts of the personal daemon share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use countersign_approval::{Approvals, Installation};
use tokio::sync::{Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    core::{Core, House},
    slack::SlackApp,
    waiting::Waiting,
};

/// How long a request waits for its client to come back after a restart, when nobody says otherwise.
pub const ORPHAN_GRACE: Duration = Duration::from_secs(10);

/// Settings of a personal daemon; everything it needs to know of its surroundings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our version, compared with the clients'.
    pub version: String,
    /// The machine's name, shown to approvers and part of every digest.
    pub machine: String,
    /// The operating system's user.
    pub user: String,
    /// Who is asked when a client names nobody (the original's bare protocol).
    pub approvers: Vec<String>,
    /// How long a daemon without clients, requests and unfinished messages stays.
    pub idle_exit: Duration,
    /// How long a request waits for its client to come back after a restart.
    pub orphan_grace: Duration,
    /// How long ended requests are kept; `None` is for ever. The audit trail is kept in any case.
    pub keep_requests: Option<Duration>,
    /// How much is taken at the same time.
    pub limits: Limits,
}

/// How much a daemon takes at the same time. Whoever comes beyond that is refused, and told so.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections: waiting clients, as good as all of them.
    pub connections: usize,
    /// Inputs over 64 KiB (8 MiB at most) between their arrival and the store. Each is in memory a few times over.
    pub large_inputs: usize,
    /// How long one more of them waits for its turn.
    pub large_input_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 4096, large_inputs: 4, large_input_within: Duration::from_secs(5) }
    }
}

/// The shared middle of a personal daemon. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Personal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    core: Core,
    waiting: Waiting,
    instance: String,
    claimants: AtomicU64,
    bulk: Arc<Semaphore>,
    connections: watch::Sender<usize>,
    /// Cancelled once the socket is gone, so that whoever is told to go elsewhere does not come back here.
    door_closed: CancellationToken,
}

/// An open connection; counted until dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection(Personal);

impl Personal {
    /// The parts put together.
    pub fn new(settings: Settings, approvals: Approvals, slack: SlackApp, shutdown: CancellationToken) -> Self {
        // Process ids come back; together with the time they do not.
        let bulk = Arc::new(Semaphore::new(settings.limits.large_inputs));
        let instance = format!("hook:{}@{}", std::process::id(), approvals.now().as_micros());
        Self(Arc::new(Inner {
            settings,
            core: Core::new(House::Personal, approvals, slack, shutdown),
            waiting: Waiting::default(),
            instance,
            claimants: AtomicU64::new(1),
            bulk,
            connections: watch::Sender::new(0),
            door_closed: CancellationToken::new(),
        }))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The Slack app and what belongs to it.
    pub(crate) fn core(&self) -> &Core {
        &self.0.core
    }

    pub(crate) fn approvals(&self) -> &Approvals {
        self.core().approvals()
    }

    pub(crate) fn slack(&self) -> &SlackApp {
        self.core().slack()
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        self.core().tasks()
    }

    /// Begins to leave.
    pub fn leave(&self) {
        self.core().leave();
    }

    /// Whether Slack refuses us for good, so that this daemon is about to leave.
    pub(crate) fn giving_up(&self) -> &CancellationToken {
        self.core().giving_up()
    }

    pub(crate) fn door_closed(&self) -> &CancellationToken {
        &self.0.door_closed
    }

    pub(crate) fn shutdown(&self) -> &CancellationToken {
        self.core().shutdown()
    }

    /// What `auth.test` told, if it has answered.
    pub(crate) fn installation_now(&self) -> Option<Installation> {
        self.core().installation_now()
    }

    pub(crate) fn trouble(&self) -> Option<String> {
        self.core().trouble()
    }

    /// The questions that wait here.
    pub(crate) fn waiting(&self) -> &Waiting {
        &self.0.waiting
    }

    /// A name for one more connection. [`Self::is_claimant`] knows it again.
    pub(crate) fn next_claimant(&self) -> String {
        let number = self.0.claimants.fetch_add(1, Ordering::Relaxed);
        format!("{}/{number}", self.0.instance)
    }

    /// Whether a claimant is a connection of this very daemon, and not of one before it.
    pub(crate) fn is_claimant(&self, claimant: &str) -> bool {
        claimant.rsplit_once('/').is_some_and(|(instance, _)| instance == self.0.instance)
    }

    /// The right to hold one large input in memory.
    pub(crate) fn bulk(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.bulk)
    }

    pub(crate) fn open_connection(&self) -> OpenConnection {
        self.0.connections.send_modify(|count| *count += 1);
        OpenConnection(self.clone())
    }

    pub(crate) fn connections(&self) -> watch::Receiver<usize> {
        self.0.connections.subscribe()
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.0.connections.send_modify(|count| *count -= 1);
    }
}
