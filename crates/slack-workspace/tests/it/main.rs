//! The workspace over real HTTP and WebSocket connections.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod api;
mod apps;
mod channels;
mod chat;
mod client;
mod control;
mod conversations;
mod delivery;
mod door;
mod faults;
mod files;
mod groups;
mod home;
mod inbox;
mod interaction;
mod journal;
mod kept;
mod later;
mod limits;
mod modal;
mod oauth;
mod reactions;
mod response_url;
mod socket;
mod tls;
