//! What Slack delivers, and its acknowledgement.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::seen::{Key, Seen};
use crate::ids::EnvelopeId;

/// One delivery, before it is acknowledged.
#[derive(Debug)]
pub struct Delivery {
    /// What was delivered.
    pub envelope: Envelope,
    /// The one acknowledgement; dropped unused, Slack takes the delivery as failed.
    pub ack: AckHandle,
}

/// What was delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// This one delivery.
    pub envelope_id: EnvelopeId,
    /// What is in it.
    pub kind: EnvelopeKind,
    /// The same JSON that HTTP delivery has.
    pub payload: Value,
    /// Whether an acknowledgement may carry an answer.
    pub accepts_response_payload: bool,
    /// How often it was delivered before, of events.
    pub retry_attempt: u32,
    /// Why it is delivered again, of events.
    pub retry_reason: Option<String>,
}

/// What an envelope holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvelopeKind {
    /// An event; see [`crate::payload::EventCallback`].
    EventsApi,
    /// An interaction; see [`crate::payload::Interaction`].
    Interactive,
    /// A slash command; see [`crate::payload::SlashCommand`].
    SlashCommands,
    /// Something that is not known here.
    Unknown(String),
}

impl EnvelopeKind {
    /// The kind as Slack writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::EventsApi => "events_api",
            Self::Interactive => "interactive",
            Self::SlashCommands => "slash_commands",
            Self::Unknown(name) => name,
        }
    }
}

impl From<&str> for EnvelopeKind {
    fn from(text: &str) -> Self {
        match text {
            "events_api" => Self::EventsApi,
            "interactive" => Self::Interactive,
            "slash_commands" => Self::SlashCommands,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

/// Why an acknowledgement was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AckError {
    /// The connection that the envelope came over has ended; Slack takes acknowledgements on no other.
    #[error("the connection that the envelope came over has ended")]
    ConnectionEnded,
    /// The answer cannot be written as JSON.
    #[error("the answer could not be written as JSON")]
    Encode,
}

/// The right to acknowledge one envelope, once, on the connection it came over.
#[derive(Debug)]
pub struct AckHandle {
    out: mpsc::UnboundedSender<Out>,
    envelope_id: EnvelopeId,
    keys: Vec<Key>,
    seen: Arc<Seen>,
    received: Instant,
    used: bool,
}

/// What a connection is told about its envelopes.
#[derive(Debug)]
pub(super) enum Out {
    /// Write this.
    Frame(Utf8Bytes),
    /// Nothing will be written for an envelope.
    Nothing,
}

#[derive(Serialize)]
struct Ack<'a> {
    envelope_id: &'a EnvelopeId,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
}

impl AckHandle {
    pub(super) fn new(
        out: mpsc::UnboundedSender<Out>,
        envelope_id: EnvelopeId,
        keys: Vec<Key>,
        seen: Arc<Seen>,
    ) -> Self {
        Self { out, envelope_id, keys, seen, received: Instant::now(), used: false }
    }

    /// Acknowledges, with an answer where the envelope takes one. It never waits; the connection writes it next.
    ///
    /// Whoever acknowledges has taken the delivery on, whatever this returns: should Slack deliver it again because the
    /// acknowledgement was lost, that is acknowledged and not delivered.
    pub fn ack(mut self, payload: Option<Value>) -> Result<(), AckError> {
        let frame = ack_frame(&self.envelope_id, payload)?;
        self.used = true;
        self.seen.done(&self.keys);
        self.out.send(Out::Frame(frame)).map_err(|_| AckError::ConnectionEnded)
    }

    /// How long ago the envelope came in; Slack waits three seconds.
    pub fn age(&self) -> Duration {
        self.received.elapsed()
    }
}

impl Drop for AckHandle {
    fn drop(&mut self) {
        if !self.used {
            // What was not acknowledged will come again and must then be delivered.
            self.seen.forget(&self.keys);
            // The connection may be gone; then nobody counts any more.
            let _ = self.out.send(Out::Nothing);
        }
    }
}

/// Writes an acknowledgement.
pub(super) fn ack_frame(envelope_id: &EnvelopeId, payload: Option<Value>) -> Result<Utf8Bytes, AckError> {
    let text = serde_json::to_string(&Ack { envelope_id, payload }).map_err(|_| AckError::Encode)?;
    Ok(text.into())
}
