//! Ends requests whose time is over.

use std::time::Duration;

use countersign_approval::StoreError;

use super::AFTER_FAILURE;
use crate::personal::Personal;

/// Requests ended in one transaction.
const BATCH: u32 = 200;

/// Longest sleep: another node, or a person with the database open, may have changed something.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Expires until shutdown.
pub(crate) async fn expire(personal: Personal) {
    loop {
        let pause = match expire_due(&personal).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not expire requests");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = personal.shutdown().cancelled() => return,
            () = personal.approvals().store().hints().schedule() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Ends what is due; answers how long nothing else will be.
async fn expire_due(personal: &Personal) -> Result<Duration, StoreError> {
    let store = personal.approvals().store();
    loop {
        let expired = store.expire_due(personal.approvals().now(), BATCH).await?;
        for request in &expired {
            tracing::info!(request.id = %request.id, "request {} expired", request.id);
        }
        if expired.is_empty() {
            break;
        }
    }
    let next = store.next_expiry().await?;
    // A request is due once its time has been reached, not before: one more microsecond.
    let until_due =
        |at: countersign_approval::Timestamp| at.since(personal.approvals().now()) + Duration::from_micros(1);
    Ok(next.map_or(LOOK_AGAIN, until_due).min(LOOK_AGAIN))
}
