//! The agent against a peer that speaks the wire, with real processes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod control;
mod endings;
mod exec;
mod peer;
mod processes;
mod refusals;
mod tcp;
mod terminal;
mod tls;
