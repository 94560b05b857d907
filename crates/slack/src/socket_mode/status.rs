//! What is known of the connections.

use thiserror::Error;
use tokio::sync::watch;

use super::frame::Hello;

/// What is known of the connections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Connections that are ready.
    pub connected: usize,
    /// What Slack said last when one became ready.
    pub hello: Option<Hello>,
    /// Connections of the app beyond ours, as of then: another process uses the same app token.
    pub foreign: usize,
    /// Why it has stopped for good.
    pub stopped: Option<StopReason>,
}

/// Why Socket Mode stopped for good.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StopReason {
    /// Socket Mode is switched off in the app's settings.
    #[error("Socket Mode is switched off in the app's settings")]
    LinkDisabled,
    /// Slack refuses the app token.
    #[error("Slack refuses the app token: {error}")]
    Refused {
        /// Slack's code.
        error: String,
    },
    /// Nobody receives what is delivered.
    #[error("nobody receives what Slack delivers")]
    ReceiverGone,
}

/// The one place that writes the status.
#[derive(Debug)]
pub(super) struct Board {
    status: watch::Sender<Status>,
}

impl Board {
    pub(super) fn new() -> Self {
        Self { status: watch::Sender::new(Status::default()) }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    pub(super) fn ready(&self, hello: Hello) {
        self.status.send_modify(|status| {
            status.connected += 1;
            status.foreign = hello.num_connections.unwrap_or(0).saturating_sub(status.connected);
            status.hello = Some(hello);
        });
    }

    pub(super) fn ended(&self) {
        self.status.send_modify(|status| status.connected = status.connected.saturating_sub(1));
    }

    /// The first reason stands.
    pub(super) fn stopped(&self, reason: StopReason) {
        self.status.send_modify(|status| {
            status.stopped.get_or_insert(reason);
        });
    }

    pub(super) fn reason(&self) -> Option<StopReason> {
        self.status.borrow().stopped.clone()
    }
}
