//! News for those who watch the workspace: the page, and tests that wait.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::broadcast;

use crate::model::ChangeKind;

/// How many changes a slow watcher may fall behind before it has to draw everything again.
const BACKLOG: usize = 1024;

/// Something changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Counts up from one.
    pub seq: u64,
    /// What changed.
    pub kind: ChangeKind,
}

/// Where changes are announced.
#[derive(Debug)]
pub(crate) struct Changes {
    seq: AtomicU64,
    sender: broadcast::Sender<Change>,
}

impl Changes {
    pub(crate) fn new() -> Self {
        Self { seq: AtomicU64::new(0), sender: broadcast::Sender::new(BACKLOG) }
    }

    pub(crate) fn announce(&self, kind: ChangeKind) {
        let seq = self.seq.fetch_add(1, Ordering::Relaxed) + 1;
        if self.sender.receiver_count() > 0 {
            // Nobody listening any more is not an error.
            let _ = self.sender.send(Change { seq, kind });
        }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.sender.subscribe()
    }
}
