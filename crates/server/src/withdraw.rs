//! Ending everything that is pending, since nobody will decide it.

use countersign_approval::{CancelError, CancelledBy, StoreError};

use crate::core::Core;

/// Requests that are ended in one go.
const BATCH: u32 = 1000;

/// Cancels all that is pending; answers how many. A request that cannot be read is left to its expiry, and keeps no other
/// from ending.
pub(crate) async fn all(core: &Core, by: &CancelledBy) -> Result<u64, StoreError> {
    let mut cancelled = 0;
    loop {
        let pending = core.approvals().store().pending(BATCH).await?;
        let mut ended = 0;
        for request in &pending {
            match core.approvals().cancel(request.id, by.clone()).await {
                Ok(_) => ended += 1,
                // Somebody may have ended it meanwhile.
                Err(CancelError::AlreadyEnded(_) | CancelError::Missing(_)) => {}
                Err(CancelError::Store(error @ StoreError::Inconsistent { .. })) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a pending request cannot be read");
                }
                Err(CancelError::Store(error)) => return Err(error),
            }
        }
        cancelled += ended;
        if ended == 0 {
            return Ok(cancelled);
        }
    }
}
