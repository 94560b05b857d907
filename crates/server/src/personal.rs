//! What the parts of the personal daemon share.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use countersign_approval::{Approvals, RequestId};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{installation::Installation, slack::SlackApp};

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
}

/// The shared middle of a personal daemon. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Personal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    approvals: Approvals,
    slack: SlackApp,
    installation: watch::Sender<Option<Installation>>,
    trouble: watch::Sender<Option<String>>,
    /// How many connections wait for each request. Locked for a count only.
    waiting: Mutex<HashMap<RequestId, usize>>,
    connections: watch::Sender<usize>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    /// Cancelled once the socket is gone, so that whoever is told to go elsewhere does not come back here.
    door_closed: CancellationToken,
}

/// One connection's place among those waiting for a request.
#[derive(Debug)]
pub(crate) struct Place {
    personal: Personal,
    id: RequestId,
    left: bool,
}

/// An open connection; counted until dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection(Personal);

impl Personal {
    /// The parts put together.
    pub fn new(settings: Settings, approvals: Approvals, slack: SlackApp, shutdown: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            settings,
            approvals,
            slack,
            installation: watch::Sender::new(None),
            trouble: watch::Sender::new(None),
            waiting: Mutex::default(),
            connections: watch::Sender::new(0),
            tasks: TaskTracker::new(),
            shutdown,
            door_closed: CancellationToken::new(),
        }))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn approvals(&self) -> &Approvals {
        &self.0.approvals
    }

    pub(crate) fn slack(&self) -> &SlackApp {
        &self.0.slack
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Begins to leave.
    pub fn leave(&self) {
        self.0.shutdown.cancel();
    }

    pub(crate) fn door_closed(&self) -> &CancellationToken {
        &self.0.door_closed
    }

    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// Sets what `auth.test` told.
    pub(crate) fn set_installation(&self, installation: Installation) {
        self.0.installation.send_replace(Some(installation));
    }

    /// What `auth.test` told, as soon as it has answered.
    pub(crate) async fn installation(&self) -> Option<Installation> {
        let mut receiver = self.0.installation.subscribe();
        let known = receiver.wait_for(Option::is_some).await.ok()?;
        known.clone()
    }

    /// What `auth.test` told, if it has answered.
    pub(crate) fn installation_now(&self) -> Option<Installation> {
        self.0.installation.borrow().clone()
    }

    /// Notes what keeps Slack from being reached; told to clients that wait in vain. `None` when all is well again.
    pub(crate) fn set_trouble(&self, trouble: Option<String>) {
        self.0.trouble.send_if_modified(|current| {
            let changed = *current != trouble;
            *current = trouble;
            changed
        });
    }

    pub(crate) fn trouble(&self) -> Option<String> {
        self.0.trouble.borrow().clone()
    }

    /// Takes a place among those waiting for a request.
    pub(crate) fn wait_for(&self, id: RequestId) -> Place {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting.entry(id).or_default() += 1;
        Place { personal: self.clone(), id, left: false }
    }

    pub(crate) fn is_waited_for(&self, id: RequestId) -> bool {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id)
    }

    pub(crate) fn open_connection(&self) -> OpenConnection {
        self.0.connections.send_modify(|count| *count += 1);
        OpenConnection(self.clone())
    }

    pub(crate) fn connections(&self) -> watch::Receiver<usize> {
        self.0.connections.subscribe()
    }
}

impl Place {
    /// Leaves; says whether nobody waits for the request any more.
    pub(crate) fn leave(mut self) -> bool {
        self.left = true;
        self.step_back()
    }

    fn step_back(&self) -> bool {
        let mut waiting = self.personal.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = waiting.get_mut(&self.id) else { return true };
        *count -= 1;
        let last = *count == 0;
        if last {
            waiting.remove(&self.id);
        }
        last
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.left {
            self.step_back();
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.0.connections.send_modify(|count| *count -= 1);
    }
}
