//! What the tests of the whole product need: the real binary, a real workspace, a real database.
//!
//! A [`TestApp`] is one user's machine: a home, a configuration, a local Slack. It starts the binary as a coding agent
//! would, and its people click. Nothing here waits by sleeping: every wait is for an event, with a limit.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "this crate is test code: a failed expectation is a failed test"
)]

mod app;
mod browser;
mod clock;
mod gateway;
mod hook;
mod input;
mod local;
mod relay;

pub use app::{Settings, TestApp, WITHIN, action_ids, text_of, ts_of};
pub use browser::{Browser, Device};
pub use clock::TestClock;
pub use fantoccini::key::Key;
pub use gateway::{AgentProcess, Backend, Ended, GatewayApp, GatewaySettings, Node, Person, Program, Terminal};
pub use hook::{Finished, Hook};
pub use input::{call, permission_request};
pub use local::{LocalDaemon, LocalSettings};
pub use relay::Relay;
