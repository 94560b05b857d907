//! Signed delivery over HTTP, for apps that have request URLs instead of Socket Mode.
//!
//! docs.slack.dev, "Events API", "Verifying requests from Slack" and "Handling user interaction". Only addresses of
//! this machine are ever contacted.

mod event;
mod health;
mod outbox;
mod post;
mod request;
mod target;

pub(crate) use outbox::Outbox;
pub(crate) use target::is_loopback;
