//! Ends grants that nobody will take any more, so that no message says *Approved* where nothing was done.

use std::time::Duration;

use countersign_approval::{Grant, RequestId, StoreError, Timestamp};

use super::AFTER_FAILURE;
use crate::personal::Personal;

/// How often it looks; a grant is good for a minute.
const EVERY: Duration = Duration::from_secs(20);

/// Grants that are looked at in one go.
const BATCH: u32 = 500;

/// Looks until shutdown.
pub(crate) async fn end_grants(personal: Personal) {
    let began = personal.approvals().now();
    loop {
        let pause = match look(&personal, began).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not end grants");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = personal.shutdown().cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn look(personal: &Personal, began: Timestamp) -> Result<(), StoreError> {
    for (id, grant) in personal.approvals().store().open_grants(BATCH).await? {
        end(personal, began, id, &grant).await?;
    }
    Ok(())
}

async fn end(personal: &Personal, began: Timestamp, id: RequestId, grant: &Grant) -> Result<(), StoreError> {
    let now = personal.approvals().now();
    match grant {
        // Claiming too late is how a grant lapses.
        Grant::Issued { claim_by } if *claim_by < now => {
            let lapsed = personal.approvals().claim(id, "nobody").await?;
            tracing::warn!(request.id = %id, ?lapsed, "nobody came for the approval of request {id}");
        }
        // Of a daemon that died; its clients have had the time to come back.
        Grant::Claimed { by, .. }
            if !personal.is_claimant(by) && now > began.plus(personal.settings().orphan_grace) =>
        {
            let why = "the daemon ended before it could tell whether the agent got its answer".to_owned();
            personal.approvals().store().end_grant(id, Grant::Unknown { at: now, why }).await?;
        }
        _ => {}
    }
    Ok(())
}
