//! Projects, hooks and apps, on the local Slack.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod account;
mod activity;
mod app;
mod create;
mod deploy;
mod doctor;
mod hooks;
mod manifest;
mod project;
mod run;
mod trigger;
mod upgrade;
mod variables;
mod watch;
mod world;
