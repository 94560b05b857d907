//! A custom function for workflows.
//!
//! `cargo run -p countersign-slack-sdk --example function` starts a workspace of its own; with `SLACK_BOT_TOKEN` and
//! `SLACK_APP_TOKEN` it runs in Slack.

#[path = "apps/function.rs"]
mod app;
#[path = "apps/stage.rs"]
mod stage;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stage::run(app::app(), "Functions are run by workflows; the tests of this crate do it in their place.").await
}
