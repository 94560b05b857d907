//! Ends requests whose time is over.

use std::time::Duration;

use countersign_approval::StoreError;

use super::AFTER_FAILURE;
use crate::upkeep::Upkeep;

/// Requests ended in one transaction.
const BATCH: u32 = 200;

/// Longest sleep: another node, or a person with the database open, may have changed something.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Expires until shutdown.
pub(crate) async fn expire(upkeep: Upkeep) {
    loop {
        let pause = match expire_due(&upkeep).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not expire requests");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = upkeep.shutdown().cancelled() => return,
            () = upkeep.store().hints().schedule() => {}
            () = upkeep.approvals().sleep(pause) => {}
        }
    }
}

/// Ends what is due; answers how long nothing else will be.
///
/// Looks before it changes anything: this runs after every change of a request, and almost never is one due.
async fn expire_due(upkeep: &Upkeep) -> Result<Duration, StoreError> {
    let store = upkeep.store();
    loop {
        let now = upkeep.approvals().now();
        let Some(next) = store.next_expiry().await? else { return Ok(LOOK_AGAIN) };
        if next > now {
            // A request is due once its time has been reached, not before: one more microsecond.
            return Ok((next.since(now) + Duration::from_micros(1)).min(LOOK_AGAIN));
        }
        for id in store.expire_due(now, BATCH).await? {
            tracing::info!(request.id = %id, "request {id} expired");
        }
    }
}
