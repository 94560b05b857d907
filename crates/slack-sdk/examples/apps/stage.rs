//! Where the examples run: in Slack when tokens are given, else in a workspace of their own.

use std::error::Error;

use countersign_slack_sdk::App;
use countersign_slack_sdk::slack::client::{ApiBase, Client, Token};
use countersign_slack_sdk::slack::socket_mode::{Config, SocketMode};
use countersign_slack_sdk::testing::Conversation;
use tokio_util::sync::CancellationToken;

/// Serves an app until it is interrupted.
pub(crate) async fn run(app: App, hint: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    match (variable("SLACK_BOT_TOKEN"), variable("SLACK_APP_TOKEN")) {
        (Some(bot), Some(app_token)) => in_slack(app, &bot, &app_token).await,
        _ => in_a_workspace(app, hint).await,
    }
}

async fn in_slack(app: App, bot: &str, app_token: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let base = variable("SLACK_API_URL").map_or(Ok(ApiBase::default()), |url| url.parse())?;
    let (client, bot, app_token) = (Client::new(base)?, bot.parse::<Token>()?, app_token.parse()?);
    let socket = SocketMode::new(client.clone(), app_token, Config::default());
    let cancel = CancellationToken::new();
    let stop = cancel.clone().drop_guard();
    let serving = app.bot(client, bot).serve(socket, cancel);
    tokio::select! {
        served = serving => served?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    drop(stop);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "says where the page is")]
async fn in_a_workspace(app: App, hint: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let conversation = Conversation::with(app).await;
    println!("The workspace is at {}", conversation.workspace().ready().ui_url);
    println!("{hint}");
    tokio::signal::ctrl_c().await?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "an example's main reads its environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
