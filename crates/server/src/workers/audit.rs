//! Links audit rows and signs the head.

use std::{sync::Arc, time::Duration};

use countersign_approval::{StoreError, audit::SignedHead, audit::head_message};

use super::AFTER_FAILURE;
use crate::{audit_key::AuditKey, personal::Personal};

/// Rows linked in one transaction: few, because a vote waits for it to end.
const BATCH: u32 = 64;

/// Rows are collected for this long, so that a burst is one link and one signature. A row is linked within a second.
const COLLECT: Duration = Duration::from_millis(500);

/// Links until shutdown, and once more then.
pub(crate) async fn link_audit(personal: Personal, key: Arc<AuditKey>) {
    loop {
        if let Err(error) = link_all(&personal, &key).await {
            tracing::error!(error = &error as &dyn std::error::Error, "could not link the audit trail");
            personal.approvals().sleep(AFTER_FAILURE).await;
        }
        tokio::select! {
            () = personal.shutdown().cancelled() => break,
            () = personal.approvals().store().hints().audit() => {}
        }
        tokio::select! {
            () = personal.shutdown().cancelled() => break,
            () = personal.approvals().sleep(COLLECT) => {}
        }
    }
}

/// Links every unchained row and signs the new head.
pub(crate) async fn link_all(personal: &Personal, key: &AuditKey) -> Result<(), StoreError> {
    let store = personal.approvals().store();
    let mut linked = 0;
    let head = loop {
        let progress = store.chain_audit(BATCH).await?;
        linked += progress.linked;
        if progress.linked < BATCH {
            break progress.head;
        }
    };
    let Some((seq, link)) = head.filter(|_| linked > 0) else { return Ok(()) };
    let at = personal.approvals().now();
    let signature = key.sign(&head_message(seq, link, at));
    store.put_head(SignedHead { seq, link, at, key: key.public(), signature }).await
}
