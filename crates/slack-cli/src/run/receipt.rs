//! The acknowledgement of an event, in time whatever its hook does.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use countersign_slack::socket_mode::AckHandle;
use serde_json::Value;
use tokio::time::Instant;

/// Slack waits three seconds; the way to it takes some of them.
const WITHIN: Duration = Duration::from_millis(2500);

/// The one acknowledgement of an event, given by its hook's answer or by the clock.
#[derive(Debug)]
pub(super) struct Receipt {
    // A std mutex: held to take the handle out.
    ack: Mutex<Option<AckHandle>>,
    accepts_payload: bool,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Settled {
    /// Slack has it, or there was none.
    InTime,
    /// It came when Slack had been answered.
    TooLate,
    /// The connection that the event came over has ended.
    Lost,
}

impl Receipt {
    /// Of an event that just came, with the moment at which it has to be acknowledged.
    pub(super) fn new(ack: AckHandle, accepts_payload: bool) -> (Arc<Self>, Instant) {
        let due = Instant::now() + WITHIN.saturating_sub(ack.age());
        (Arc::new(Self { ack: Mutex::new(Some(ack)), accepts_payload }), due)
    }

    /// The hook has ended, with this answer.
    pub(super) fn settle(&self, answer: Option<Value>) -> Settled {
        let answer = answer.filter(|_| self.accepts_payload);
        match self.take() {
            Some(ack) => ack.ack(answer).map_or(Settled::Lost, |()| Settled::InTime),
            None if answer.is_some() => Settled::TooLate,
            None => Settled::InTime,
        }
    }

    /// The time is over: Slack is told that the event came. Answers whether it had to be.
    pub(super) fn expire(&self) -> bool {
        // Should the connection be gone, Slack delivers the event again over the next.
        self.take().is_some_and(|ack| ack.ack(None).is_ok())
    }

    /// Nobody will handle it: Slack delivers it again. Answers `false` where Slack was told already that it came.
    pub(super) fn give_back(&self) -> bool {
        self.take().is_some()
    }

    /// Whether Slack was told.
    pub(super) fn is_settled(&self) -> bool {
        self.ack.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn take(&self) -> Option<AckHandle> {
        self.ack.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
