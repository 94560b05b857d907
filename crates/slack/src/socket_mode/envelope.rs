//! What Slack delivers, and its acknowledgement.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::seen::{Keys, Seen};
use crate::ids::EnvelopeId;
use crate::payload::Head;

/// One delivery, before it is acknowledged.
#[derive(Debug)]
pub struct Delivery {
    /// What was delivered.
    pub envelope: Envelope,
    /// The one acknowledgement; dropped unused, Slack takes the delivery as failed.
    pub ack: AckHandle,
}

/// What was delivered.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// This one delivery.
    pub envelope_id: EnvelopeId,
    /// What is in it.
    pub kind: EnvelopeKind,
    /// The same JSON that HTTP delivery has, as it came.
    pub payload: Box<RawValue>,
    /// Whether an acknowledgement may carry an answer.
    pub accepts_response_payload: bool,
    /// How often it was delivered before, of events.
    pub retry_attempt: u32,
    /// Why it is delivered again, of events.
    pub retry_reason: Option<String>,
}

/// What was delivered, as it stands in the connection's buffer.
#[derive(Debug)]
pub struct Incoming<'f> {
    /// This one delivery.
    pub envelope_id: &'f str,
    /// What is in it.
    pub kind: EnvelopeKind,
    /// The same JSON that HTTP delivery has, as it came.
    pub payload: &'f RawValue,
    /// What decides where it goes; `None` where the payload is no object.
    pub head: Option<Head<'f>>,
    /// Whether an acknowledgement may carry an answer.
    pub accepts_response_payload: bool,
    /// How often it was delivered before, of events.
    pub retry_attempt: u32,
    /// Why it is delivered again, of events.
    pub retry_reason: Option<&'f str>,
}

/// What takes deliveries on.
pub trait Sink: Send + Sync + 'static {
    /// Takes one on.
    ///
    /// The task that reads the connection calls this, so it has to return at once: it may acknowledge and start tasks.
    fn take(&self, incoming: Incoming<'_>, ack: AckHandle);
}

impl Incoming<'_> {
    /// A copy that outlives the connection's buffer.
    pub fn to_envelope(&self) -> Envelope {
        Envelope {
            envelope_id: EnvelopeId::from(self.envelope_id),
            kind: self.kind.clone(),
            payload: self.payload.to_owned(),
            accepts_response_payload: self.accepts_response_payload,
            retry_attempt: self.retry_attempt,
            retry_reason: self.retry_reason.map(str::to_owned),
        }
    }

    /// What it is recognised by when it comes again.
    pub(super) fn keys(&self, seen: &Seen) -> Keys {
        let event = self.head.as_ref().and_then(|head| head.event_id.get());
        seen.keys(self.envelope_id, event.filter(|_| self.kind == EnvelopeKind::EventsApi))
    }
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
    keys: Keys,
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
    pub(super) fn new(out: mpsc::UnboundedSender<Out>, envelope_id: EnvelopeId, keys: Keys, seen: Arc<Seen>) -> Self {
        Self { out, envelope_id, keys, seen, received: Instant::now(), used: false }
    }

    /// Acknowledges, with an answer where the envelope takes one. It never waits; the connection writes it next.
    ///
    /// Whoever acknowledges has taken the delivery on, whatever this returns: should Slack deliver it again because the
    /// acknowledgement was lost, that is acknowledged and not delivered.
    pub fn ack(mut self, payload: Option<Value>) -> Result<(), AckError> {
        let frame = ack_frame(&self.envelope_id, payload)?;
        self.used = true;
        self.seen.done(self.keys);
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
            self.seen.forget(self.keys);
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
