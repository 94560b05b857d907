//! The store as the app's inbox.

use async_trait::async_trait;
use countersign_approval::port::{InboxInsert, InboxItem};
use countersign_slack::{ids::EnvelopeId, socket_mode::EnvelopeKind};
use countersign_slack_sdk::{Inbox, InboxError, Inserted, StoredEnvelope};

use crate::core::Core;

/// Keeps envelopes in the daemon's store.
#[derive(Debug)]
pub(super) struct StoreInbox(pub(super) Core);

#[async_trait]
impl Inbox for StoreInbox {
    async fn insert(&self, envelope: &StoredEnvelope<'_>) -> Result<Inserted, InboxError> {
        let item = InboxItem {
            id: envelope.envelope_id.as_str().to_owned(),
            kind: envelope.kind.as_str().to_owned(),
            payload: envelope.payload.get().to_owned(),
            at: self.0.approvals().now(),
        };
        match self.0.approvals().store().inbox_insert(item).await.map_err(InboxError::new)? {
            InboxInsert::New => Ok(Inserted::New),
            InboxInsert::Duplicate => Ok(Inserted::Duplicate),
        }
    }

    async fn handled(&self, envelope_id: &EnvelopeId) -> Result<(), InboxError> {
        let at = self.0.approvals().now();
        self.0.approvals().store().inbox_handled(envelope_id.as_str(), at).await.map_err(InboxError::new)
    }

    async fn unhandled(&self, most: usize) -> Result<Vec<StoredEnvelope<'static>>, InboxError> {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let items = self.0.approvals().store().inbox_unhandled(most).await.map_err(InboxError::new)?;
        let read = |item: InboxItem| {
            let payload = serde_json::from_str(&item.payload).map_err(InboxError::new)?;
            Ok(StoredEnvelope::new(EnvelopeId::from(item.id), EnvelopeKind::from(item.kind.as_str()), payload))
        };
        items.into_iter().map(read).collect()
    }
}
