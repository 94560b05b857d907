//! The hook with real processes, real sockets and real files.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod client;
mod install;
mod rendezvous;
mod support;
