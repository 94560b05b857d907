//! An assistant: begin a conversation with it.
//!
//! `cargo run -p countersign-slack-sdk --example assistant` starts a workspace of its own; with `SLACK_BOT_TOKEN` and
//! `SLACK_APP_TOKEN` it runs in Slack.

#[path = "apps/assistant.rs"]
mod app;
#[path = "apps/stage.rs"]
mod stage;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stage::run(app::app(), "Open the app, and begin a conversation.").await
}
