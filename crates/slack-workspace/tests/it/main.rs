//! The workspace over real HTTP and WebSocket connections.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod api;
mod chat;
mod client;
mod control;
mod conversations;
mod door;
mod faults;
mod files;
mod interaction;
mod journal;
mod modal;
mod response_url;
mod socket;
