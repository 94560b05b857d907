//! The Web API: one address per method, answers and errors as Slack gives them.
//!
//! docs.slack.dev, "Using the Slack Web API".

mod agents;
mod apps;
mod args;
mod assistant;
mod body;
mod bookmarks;
mod call;
mod channels;
mod chat;
mod content;
mod conversations;
mod cursor;
mod dispatch;
mod fault;
mod files;
mod functions;
mod history;
mod hosted;
mod intake;
mod limits;
mod members;
mod meta;
mod oauth;
mod openid;
mod pins;
mod post;
mod reactions;
mod respond;
mod scheduled;
mod sessions;
mod store;
mod streaming;
mod transfer;
mod unfurl;
mod usergroups;
mod users;
mod validate;
mod views;
mod workflows;

pub(crate) use body::{ApiError, Body};
pub(crate) use call::{bearer, call, call_bare};
pub(crate) use content::{checked_blocks, checked_reply, checked_view};
pub(crate) use fault::{ApiFaults, Fail, Latency, RateLimit};
pub(crate) use limits::RateLimits;
pub(crate) use openid::{IdKey, discovery, keys};
pub(crate) use respond::respond;
pub(crate) use store::{MAX_FORM, store};
pub(crate) use transfer::{download, download_named, upload};
