//! What the Slack app and the workers that speak to Slack share, whichever program they work for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_approval::{Approvals, Installation, RequestId};
use tokio::sync::{Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{gateway::Gateway, slack::SlackApp, upkeep::Upkeep};

/// Whole requests that are read to be drawn at the same time; each may be megabytes, and a message is a few kilobytes.
const DRAWN_AT_ONCE: usize = 4;

/// Uploaded files that are remembered; after that many the next review uploads again.
const REMEMBERED_FILES: usize = 1000;

/// The program that a Slack app works for.
#[derive(Clone, Debug)]
pub(crate) enum House {
    /// One user's daemon: approvers are the Slack users that its configuration names.
    Personal,
    /// A team's gateway: approvers are people who have proven which Slack account is theirs.
    Gateway(Gateway),
}

/// One Slack app and what belongs to it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Core(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    house: House,
    approvals: Approvals,
    slack: SlackApp,
    installation: watch::Sender<Option<Installation>>,
    trouble: watch::Sender<Option<String>>,
    drawing: Semaphore,
    /// Locked for a look-up only.
    files: Mutex<HashMap<RequestId, String>>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    /// Cancelled when Slack refuses us for good.
    giving_up: CancellationToken,
}

impl Core {
    /// A core whose app stops with `shutdown`.
    pub(crate) fn new(house: House, approvals: Approvals, slack: SlackApp, shutdown: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            house,
            approvals,
            slack,
            installation: watch::Sender::new(None),
            trouble: watch::Sender::new(None),
            drawing: Semaphore::new(DRAWN_AT_ONCE),
            files: Mutex::default(),
            tasks: TaskTracker::new(),
            shutdown,
            giving_up: CancellationToken::new(),
        }))
    }

    /// The gateway, where this is one's.
    pub(crate) fn gateway(&self) -> Option<&Gateway> {
        match &self.0.house {
            House::Personal => None,
            House::Gateway(gateway) => Some(gateway),
        }
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

    /// Stops the app.
    pub(crate) fn leave(&self) {
        self.0.shutdown.cancel();
    }

    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// Whether Slack refuses us for good, so that this app is about to stop.
    pub(crate) fn giving_up(&self) -> &CancellationToken {
        &self.0.giving_up
    }

    /// What works without Slack.
    pub(crate) fn upkeep(&self) -> Upkeep {
        Upkeep::new(self.0.approvals.clone(), self.0.shutdown.clone())
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

    /// The right to hold one whole request in memory to draw it.
    pub(crate) fn drawing(&self) -> &Semaphore {
        &self.0.drawing
    }

    /// Where the file of a request too long for a dialog is, once it was uploaded.
    pub(crate) fn file_of(&self, id: RequestId) -> Option<String> {
        self.0.files.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Remembers where the file of a request is.
    pub(crate) fn set_file(&self, id: RequestId, address: String) {
        let mut files = self.0.files.lock().unwrap_or_else(PoisonError::into_inner);
        if files.len() >= REMEMBERED_FILES {
            files.clear();
        }
        files.insert(id, address);
    }
}
