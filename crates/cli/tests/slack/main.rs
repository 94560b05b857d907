//! `countersign slack`: the real binary on the local Slack.
//!
//! What commands change is read back from the workspace, and what they write from the disk.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

mod account;
mod api;
mod app;
mod world;

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_countersign");
