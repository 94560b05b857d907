//! The CLI side of the Slack CLI's hooks.
//!
//! A project in any language says in `.slack/hooks.json` by which commands it is driven. This crate finds the project, asks
//! it for its hooks, and does with them what Slack's own command line does: run the app while it is written, install and
//! deploy it, create triggers, check and take updates. What it keeps on disk (credentials, apps, caches) has the formats of
//! the official command line, so that both can be used on one project.
//!
//! Data flows one way: [`Session`] (who started us, with what) → [`Project`](project::Project) (what is in the directory) →
//! [`HookCall`](hooks::HookCall) (what the project's own code says) → [`Account`](account::Account) and
//! [`install`](app::install()) (what Slack knows of it) → [`run`], [`deploy`], [`trigger`].
//!
//! Neighbours: `countersign-slack` has the wire types that both sides of the hooks share; `countersign-slack-sdk` is the
//! other side for Rust. This crate knows nothing of approvals.

pub mod account;
pub mod activity;
pub mod api;
pub mod app;
pub mod create;
pub mod deploy;
pub mod doctor;
pub mod dotenv;
pub mod failure;
pub mod hooks;
mod json_file;
pub mod manifest;
pub mod project;
pub mod run;
pub mod session;
pub mod talk;
pub mod trigger;
pub mod upgrade;
pub mod variables;
pub mod watch;

pub use failure::{Code, Failure};
pub use session::{AppChoice, Session, Settings};
pub use talk::Talk;
