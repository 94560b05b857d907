//! People at the page of the local Slack: a real browser, the real binary, a real workspace.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

mod api;
mod decide;
mod demo;
mod dialog;
mod look;
mod no_script;
mod page;
mod space;
mod workspace_apps;
mod workspace_look;
mod workspace_talk;

use std::{
    future::Future,
    path::{Path, PathBuf},
    time::Duration,
};

use countersign_server::render::ids;
use countersign_slack_workspace::model::ChannelId;
use countersign_testkit::{Browser, Device, Settings, TestApp};
use serde_json::Value;

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_countersign");

/// The longest that one test may take, on a slow machine with others beside it.
const LIMIT: Duration = Duration::from_mins(3);

/// Runs a test, but not for ever.
async fn bounded(test: impl Future<Output = ()>) {
    tokio::time::timeout(LIMIT, Box::pin(test)).await.expect("the test ends in time");
}

/// Where a screenshot goes.
fn picture(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
    target.join("screenshots").join(format!("{name}.png"))
}

/// The selector of a button that an app drew.
fn button(action_id: &str) -> String {
    format!("button[data-action-id=\"{action_id}\"]")
}

/// The address of a conversation as somebody sees it.
fn address(app: &TestApp, name: &str, channel: &ChannelId) -> String {
    format!("{}u/{name}/c/{channel}", app.workspace().ready().ui_url)
}

/// A browser is slow: no request may lapse while it is looked at.
const WAIT_S: u64 = 600;

/// A machine whose requests are posted to alice's direct messages.
async fn start() -> TestApp {
    TestApp::start_with(BINARY, &Settings { wait_s: WAIT_S, ..Settings::default() }).await
}

/// Requests are posted to `#approvals`, where everybody sees them; alice decides.
async fn in_channel() -> TestApp {
    let settings = Settings { channel: Some("approvals"), wait_s: WAIT_S, ..Settings::default() };
    TestApp::start_with(BINARY, &settings).await
}

/// Alice's browser, at her direct message with the app.
async fn alice(app: &TestApp, device: Device) -> Browser {
    let browser = Browser::start(device).await;
    browser.open(&address(app, "alice", &app.direct_message("alice"))).await;
    browser
}

/// The behaviour in a hook's answer to `PermissionRequest`.
fn behavior(answer: &Value) -> Option<&str> {
    answer.pointer("/hookSpecificOutput/decision/behavior")?.as_str()
}

/// The message in a hook's answer to `PermissionRequest`.
fn deny_message(answer: &Value) -> Option<&str> {
    answer.pointer("/hookSpecificOutput/decision/message")?.as_str()
}

/// The console has nothing to complain about.
async fn assert_quiet(browser: &Browser) {
    assert_eq!(browser.complaints().await, [""; 0]);
}
