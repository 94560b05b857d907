//! What makes an app's binary a project that the Slack CLI can drive.
//!
//! The Slack CLI starts commands, its hooks, and reads what they write. What needs no code of the app is answered by the
//! `countersign` binary; what does need it comes here, through `cargo run`:
//!
//! - `get-manifest`: the manifest, made of what the app handles, or the project's `manifest.json`,
//! - `get-trigger`: a trigger that the app defines,
//! - `start`, or no hook at all: the app runs, over a connection of its own or for the one event on stdin.
//!
//! stdout holds the response and nothing else; whatever an app has to say belongs on stderr. Source: docs.slack.dev, Slack
//! CLI, Hooks.

mod derive;
mod error;
mod hook;
pub mod project;
mod run;
mod scopes;
mod start;

pub use countersign_slack::hooks::Environment;
pub use derive::{Declared, Undeclared, derive};
pub use error::CliError;
pub use hook::{Call, Cli, main};
pub use start::{FirstBytes, Mode, Stdin};
