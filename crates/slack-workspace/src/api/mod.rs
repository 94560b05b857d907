//! The Web API: one address per method, answers and errors as Slack gives them.
//!
//! docs.slack.dev, "Using the Slack Web API".

mod args;
mod body;
mod call;
mod chat;
mod content;
mod conversations;
mod cursor;
mod dispatch;
mod fault;
mod files;
mod history;
mod meta;
mod post;
mod respond;
mod transfer;
mod users;
mod views;

pub(crate) use body::Body;
pub(crate) use call::{bearer, call};
pub(crate) use content::{checked_reply, checked_view};
pub(crate) use fault::{ApiFaults, Fail, Latency, RateLimit};
pub(crate) use respond::respond;
pub(crate) use transfer::{download, download_named, upload};
