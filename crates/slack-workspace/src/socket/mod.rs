//! Socket Mode: connections, envelopes, acknowledgements and redelivery.
//!
//! docs.slack.dev, "Using Socket Mode" and "Events API".

mod connection;
mod deadline;
mod fault;
mod frame;
mod hub;
mod sending;

pub(crate) use connection::link;
pub(crate) use fault::{DisconnectKind, EnvelopeFaults};
pub(crate) use hub::{ACK_MS, Acked, EnvelopeKind, Hub};
