//! The whole product: the real binary against a real workspace and a real database.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

mod ask;
mod commands;
mod crash;
mod daemon;
mod decide;
mod gateway;
mod help;
mod input;
mod limits;
mod review;
mod sdk_hooks;
mod setup;
mod slack_cli;
mod strangers;
mod time;
mod trouble;
mod workspace;

use countersign_server::render::ids;
use countersign_slack_workspace::model::ChannelId;
use countersign_testkit::{Settings, TestApp};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_countersign");

/// A machine with the defaults.
async fn start() -> TestApp {
    TestApp::start(BINARY).await
}

/// A machine with other settings.
async fn start_with(settings: &Settings) -> TestApp {
    TestApp::start_with(BINARY, settings).await
}

/// The behaviour in a hook's answer to `PermissionRequest`.
fn behavior(answer: &Value) -> Option<&str> {
    answer.pointer("/hookSpecificOutput/decision/behavior")?.as_str()
}

/// The message in a hook's answer to `PermissionRequest`.
fn deny_message(answer: &Value) -> Option<&str> {
    answer.pointer("/hookSpecificOutput/decision/message")?.as_str()
}

/// For tests that speak HTTP by themselves.
fn install_tls_provider() {
    // Another test of this program may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Posts a message of the app with one Approve button, as a copy, a forger or another program would.
async fn post_approve_button(app: &TestApp, channel: &ChannelId, value: &str) -> Value {
    let ready = app.workspace().ready();
    let client = countersign_slack::client::Client::new(ready.api_url.parse().unwrap()).unwrap();
    let token = ready.bot_token.expose_secret().parse().unwrap();
    let text = json!({ "type": "plain_text", "text": "Approve" });
    let button = json!({ "type": "button", "action_id": ids::APPROVE, "value": value, "text": text });
    let blocks = json!([{ "type": "actions", "elements": [button] }]);
    let args = json!({ "channel": channel, "text": "a copy", "blocks": blocks });
    client.call::<Value>(&token, "chat.postMessage", &args).await.unwrap().body
}

/// The secret in a message's buttons.
fn button_value(message: &Value) -> &str {
    message.pointer("/blocks/3/elements/0/value").and_then(Value::as_str).expect("the fourth block has buttons")
}
