//! Says hello: mention it in #general.
//!
//! `cargo run -p countersign-slack-sdk --example hello` starts a workspace of its own; with `SLACK_BOT_TOKEN` and
//! `SLACK_APP_TOKEN` it runs in Slack.

#[path = "apps/hello.rs"]
mod app;
#[path = "apps/stage.rs"]
mod stage;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stage::run(app::app(), "Mention the app in #general.").await
}
