//! Socket Mode: events, interactions and commands over WebSockets that the app opens.
//!
//! [`SocketMode::run`] keeps several connections open and hands every envelope to the receiver as a [`Delivery`], whose
//! [`AckHandle`] acknowledges it without waiting for anything; [`SocketMode::feed`] hands them to a [`Sink`] on the
//! connection's own task, without a copy. A connection that Slack wants to end is replaced before it
//! is closed. Envelopes and events that come twice are delivered once, unless the first was never acknowledged.
//!
//! Source: docs.slack.dev, Using Socket Mode. WebSockets go out directly: an HTTP proxy is not used for them.

mod config;
mod connection;
mod envelope;
mod frame;
mod link;
mod run;
mod seen;
mod status;

pub use config::Config;
pub use envelope::{AckError, AckHandle, Delivery, Envelope, EnvelopeKind, Incoming, Sink};
pub use frame::Hello;
pub use run::SocketMode;
pub use seen::{Before, Keys, Seen};
pub use status::{Status, StopReason};
