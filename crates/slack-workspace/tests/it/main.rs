//! The workspace over real HTTP and WebSocket connections.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod api;
mod apps;
mod arguments;
mod channels;
mod chat;
mod client;
mod control;
mod conversations;
mod delivery;
mod deploying;
mod door;
mod events;
mod faults;
mod files;
mod functions;
mod groups;
mod home;
mod hostile;
mod inbox;
mod interaction;
mod journal;
mod keeping;
mod kept;
mod later;
mod limits;
mod modal;
mod oauth;
mod reactions;
mod reinstall;
mod replay;
mod response_url;
mod socket;
mod stalled;
mod teams;
mod tls;
mod waiting;
