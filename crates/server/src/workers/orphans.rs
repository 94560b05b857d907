//! Cancels requests whose clients did not come back after a restart.

use countersign_approval::CancelledBy;

use crate::personal::Personal;

/// Pending requests that are looked at; beyond that, expiry takes care.
const LOOK_AT: u32 = 10_000;

/// Gives the clients of the previous daemon's requests some time, then cancels what nobody waits for.
pub(crate) async fn cancel_orphans(personal: Personal) {
    let store = personal.approvals().store();
    let inherited = match store.pending(LOOK_AT).await {
        Ok(pending) => pending,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "could not read the pending requests");
            return;
        }
    };
    if inherited.is_empty() {
        return;
    }
    tokio::select! {
        () = personal.shutdown().cancelled() => return,
        () = personal.approvals().sleep(personal.settings().orphan_grace) => {}
    }
    for request in inherited {
        if personal.waiting().has(request.id) {
            continue;
        }
        // It may have been decided meanwhile: then there is nothing to cancel.
        if personal.approvals().cancel(request.id, CancelledBy::ClientGone).await.is_ok() {
            tracing::info!(request.id = %request.id, "the client of request {} did not come back", request.id);
        }
    }
}
