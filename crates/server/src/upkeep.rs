//! What the workers need that keep the store in order: they work with and without Slack.

use std::sync::Arc;

use countersign_approval::{Approvals, Store};
use tokio_util::sync::CancellationToken;

/// An engine, and until when to look after it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Upkeep {
    approvals: Approvals,
    shutdown: CancellationToken,
}

impl Upkeep {
    /// Looks after an engine until shutdown.
    pub(crate) fn new(approvals: Approvals, shutdown: CancellationToken) -> Self {
        Self { approvals, shutdown }
    }

    pub(crate) fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        self.approvals.store()
    }

    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }
}
