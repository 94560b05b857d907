//! An app on `countersign-slack-sdk`, as `cargo xtask bench sdk` drives it: `sdk-app trivial|slow`.

use std::time::Duration;

use anyhow::{Context as _, Result};
use countersign_slack_sdk::{
    Action, App, Event, State,
    slack::{
        client::{ApiBase, Client},
        payload::AppMention,
        socket_mode::{Config, SocketMode},
    },
};
use tokio_util::sync::CancellationToken;

/// What handlers do beside acknowledging.
#[derive(Clone, Copy, Debug)]
struct Rest(Option<Duration>);

impl Rest {
    async fn take(self) {
        if let Some(time) = self.0 {
            tokio::time::sleep(time).await;
        }
    }
}

async fn mentioned(Event(_mention): Event<AppMention>, State(rest): State<Rest>) {
    rest.take().await;
}

/// Buttons are acknowledged before their handlers run.
async fn approve(_button: Action, State(rest): State<Rest>) {
    rest.take().await;
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<()> {
    let is_slow = std::env::args().nth(1).is_some_and(|handler| handler == "slow");
    let rest = Rest(is_slow.then_some(Duration::from_secs(1)));
    let base: ApiBase = variable("SLACK_API_URL")?.parse()?;
    let client = Client::new(base)?;
    let socket = SocketMode::new(client.clone(), variable("SLACK_APP_TOKEN")?.parse()?, Config::default());
    let app = App::new().event("app_mention", mentioned).action("approve", approve).state(rest);
    let app: App = app.bot(client, variable("SLACK_BOT_TOKEN")?.parse()?);
    app.serve(socket, CancellationToken::new()).await?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "an app of its own, configured as Slack's documentation says")]
fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}
