//! Ends grants that nobody will take any more, so that no message says *Approved* where nothing was done.

use std::time::Duration;

use countersign_approval::{Grant, RequestId, StoreError, has_lapsed};

use super::AFTER_FAILURE;
use crate::personal::Personal;

/// How often it looks; a grant is good for a minute.
const EVERY: Duration = Duration::from_secs(20);

/// Grants that are looked at in one go.
const BATCH: u32 = 500;

/// Looks until shutdown.
pub(crate) async fn end_grants(personal: Personal) {
    let mut grace = personal.approvals().sleep(personal.settings().orphan_grace);
    let mut others = Others::MayComeBack;
    loop {
        let pause = match look(&personal, others).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not end grants");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = personal.shutdown().cancelled() => return,
            () = personal.approvals().sleep(pause) => {}
            () = &mut grace, if others == Others::MayComeBack => others = Others::HadTheirTime,
        }
    }
}

/// The clients of the daemon before. Counted from our start, whatever the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    MayComeBack,
    HadTheirTime,
}

async fn look(personal: &Personal, others: Others) -> Result<(), StoreError> {
    for (id, grant) in personal.approvals().store().open_grants(BATCH).await? {
        end(personal, others, id, &grant).await?;
    }
    Ok(())
}

async fn end(personal: &Personal, others: Others, id: RequestId, grant: &Grant) -> Result<(), StoreError> {
    let now = personal.approvals().now();
    match grant {
        // Claiming too late is how a grant lapses.
        Grant::Issued { issued_at, claim_by } if has_lapsed(*issued_at, *claim_by, now) => {
            let lapsed = personal.approvals().claim(id, "nobody").await?;
            tracing::warn!(request.id = %id, ?lapsed, "nobody came for the approval of request {id}");
        }
        // Of a daemon that died; its clients have had the time to come back.
        Grant::Claimed { by, .. } if !personal.is_claimant(by) && others == Others::HadTheirTime => {
            let why = "the daemon ended before it could tell whether the agent got its answer".to_owned();
            personal.approvals().store().end_grant(id, Grant::Unknown { at: now, why }).await?;
        }
        _ => {}
    }
    Ok(())
}
