//! The one acknowledgement of a delivery, over whichever transport it came.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use countersign_slack::ids::EnvelopeId;
use countersign_slack::socket_mode::AckHandle;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Slack waits three seconds; an acknowledgement that took this long says that something is wrong here.
const LATE: Duration = Duration::from_secs(1);

/// Why an acknowledgement was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AckError {
    /// It was acknowledged before: by the handler, or because the handler took too long.
    #[error("it was acknowledged already")]
    Again,
    /// Slack waits no longer: the connection has ended.
    #[error("the connection that it came over has ended")]
    Ended,
    /// Slack takes no such answer to what it sent.
    #[error("Slack takes no such answer to this")]
    NoSuchAnswer,
}

/// The way back to Slack.
pub(crate) enum Way {
    Socket(AckHandle),
    /// To whoever answers the HTTP request; dropped, it fails.
    Http(oneshot::Sender<Option<Value>>),
}

/// The one acknowledgement.
pub(crate) struct Acknowledgement {
    // A std mutex: held to take the way out, never across an await.
    slot: Mutex<Option<Way>>,
    received: Instant,
}

impl Acknowledgement {
    /// One that is still to be sent.
    pub(crate) fn open(way: Way) -> Self {
        Self { slot: Mutex::new(Some(way)), received: Instant::now() }
    }

    /// One that was sent already, or that nobody waits for.
    pub(crate) fn none() -> Self {
        Self { slot: Mutex::new(None), received: Instant::now() }
    }

    /// How long Slack has been waiting.
    pub(crate) fn age(&self) -> Duration {
        self.received.elapsed()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Sends it.
    pub(crate) fn send(&self, payload: Option<Value>) -> Result<(), AckError> {
        self.take().ok_or(AckError::Again)?.send(payload)
    }

    /// Sends it, and says in the log when that was late or in vain.
    pub(crate) fn send_logged(&self, id: &EnvelopeId, payload: Option<Value>) {
        let age = self.age();
        if let Err(error) = self.send(payload) {
            tracing::warn!(slack.envelope = %id, %error, "envelope {id} could not be acknowledged");
        } else if age > LATE {
            let duration_ms = age.as_millis();
            tracing::warn!(slack.envelope = %id, duration_ms, "envelope {id} was acknowledged late");
        }
    }

    /// Never sends it: Slack shows the person that it failed, or delivers again.
    pub(crate) fn refuse(&self) {
        drop(self.take());
    }

    fn take(&self) -> Option<Way> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Way {
    /// Sends it.
    pub(crate) fn send(self, payload: Option<Value>) -> Result<(), AckError> {
        match self {
            Self::Socket(handle) => handle.ack(payload).map_err(|_| AckError::Ended),
            Self::Http(reply) => reply.send(payload).map_err(|_| AckError::Ended),
        }
    }
}
