//! Links audit rows and signs the head.

use std::{sync::Arc, time::Duration};

use countersign_approval::{StoreError, audit::SignedHead, audit::head_message};

use super::AFTER_FAILURE;
use crate::{audit_key::AuditKey, upkeep::Upkeep};

/// Rows linked in one transaction: few, because a vote waits for it to end.
const BATCH: u32 = 64;

/// Rows are collected for this long, so that a burst is one link and one signature. A row is linked within a second.
const COLLECT: Duration = Duration::from_millis(500);

/// Longest sleep without looking: another node may have ended before it linked what it wrote.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Links until shutdown, and once more then.
pub(crate) async fn link_audit(upkeep: Upkeep, key: Arc<AuditKey>) {
    loop {
        if let Err(error) = link_all(&upkeep, &key).await {
            tracing::error!(error = &error as &dyn std::error::Error, "could not link the audit trail");
            upkeep.approvals().sleep(AFTER_FAILURE).await;
        }
        tokio::select! {
            () = upkeep.shutdown().cancelled() => break,
            () = upkeep.store().hints().audit() => {}
            () = upkeep.approvals().sleep(LOOK_AGAIN) => {}
        }
        tokio::select! {
            () = upkeep.shutdown().cancelled() => break,
            () = upkeep.approvals().sleep(COLLECT) => {}
        }
    }
}

/// Links every unchained row and signs the new head.
pub(crate) async fn link_all(upkeep: &Upkeep, key: &AuditKey) -> Result<(), StoreError> {
    let store = upkeep.store();
    let mut linked = 0;
    let head = loop {
        let progress = store.chain_audit(BATCH).await?;
        linked += progress.linked;
        if progress.linked < BATCH {
            break progress.head;
        }
    };
    let Some((seq, link)) = head.filter(|_| linked > 0) else { return Ok(()) };
    let at = upkeep.approvals().now();
    let signature = key.sign(&head_message(seq, link, at));
    store.put_head(SignedHead { seq, link, at, key: key.public(), signature }).await
}
