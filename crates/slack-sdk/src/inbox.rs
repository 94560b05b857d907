//! The durable inbox: what was acknowledged is handled, whatever happens to the process.

use std::borrow::Cow;

use async_trait::async_trait;
use countersign_slack::ids::EnvelopeId;
use countersign_slack::socket_mode::EnvelopeKind;
use serde_json::value::RawValue;
use thiserror::Error;

/// Keeps envelopes from before their acknowledgement until they are handled.
#[async_trait]
pub trait Inbox: Send + Sync + 'static {
    /// Keeps an envelope, durably, unless it is kept already (by its id). An error means that it is not acknowledged.
    async fn insert(&self, envelope: &StoredEnvelope<'_>) -> Result<Inserted, InboxError>;

    /// Its handler has run, with success or not.
    async fn handled(&self, envelope_id: &EnvelopeId) -> Result<(), InboxError>;

    /// What was kept and is not marked as handled, oldest first, `most` at most.
    ///
    /// It is asked for when serving begins, and again, until fewer are there that this process has not begun itself: while
    /// some are being handled, others come in. What has been marked as handled must not come again.
    async fn unhandled(&self, most: usize) -> Result<Vec<StoredEnvelope<'static>>, InboxError>;
}

/// An envelope as it is kept.
#[derive(Debug, Clone)]
pub struct StoredEnvelope<'a> {
    /// Its key: the envelope's id, or the event's, because an event that is delivered again comes in a new envelope.
    pub envelope_id: Cow<'a, EnvelopeId>,
    /// What is in it; kept as [`EnvelopeKind::as_str`].
    pub kind: Cow<'a, EnvelopeKind>,
    /// The payload as it came.
    pub payload: Cow<'a, RawValue>,
}

impl StoredEnvelope<'static> {
    /// An envelope that was read back.
    pub fn new(envelope_id: EnvelopeId, kind: EnvelopeKind, payload: Box<RawValue>) -> Self {
        Self { envelope_id: Cow::Owned(envelope_id), kind: Cow::Owned(kind), payload: Cow::Owned(payload) }
    }
}

/// Whether an envelope was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Inserted {
    /// It was.
    New,
    /// It is kept already; its handler runs elsewhere, or has.
    Duplicate,
}

/// The inbox could not do what it was asked to.
#[derive(Debug, Error)]
#[error("the inbox failed")]
pub struct InboxError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl InboxError {
    /// An error with its cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
