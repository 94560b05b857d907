//! A Slack app with slack-morphism, driven by the test that started it.

mod calls;
mod listeners;

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use hyper_util::client::legacy::connect::HttpConnector;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use slack_morphism::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader};

type Connector = SlackClientHyperConnector<HttpConnector>;
type Client = SlackClient<Connector>;
type Session<'a> = SlackClientSession<'a, Connector>;

/// What the test says first.
#[derive(Clone, Deserialize)]
struct Ready {
    api_url: String,
    bot_token: String,
    app_token: String,
}

/// What the test wants.
#[derive(Deserialize)]
struct Wanted {
    id: u64,
    task: String,
    args: Value,
}

/// The SDK's own models, read from JSON.
fn model<T: DeserializeOwned>(value: Value) -> Result<T> {
    let text = value.to_string();
    serde_json::from_value(value).with_context(|| format!("no {}: {text}", std::any::type_name::<T>()))
}

fn token(text: &str) -> SlackApiToken {
    SlackApiToken::new(text.into())
}

fn write(line: &Value) {
    println!("{line}");
}

/// The SDK's way to tell of errors.
fn report(
    error: Box<dyn std::error::Error + Send + Sync>,
    _: Arc<Client>,
    _: SlackClientEventsUserState,
) -> HttpStatusCode {
    eprintln!("{error:?}");
    HttpStatusCode::BAD_REQUEST
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let ready = lines.next_line().await?.context("no readiness line")?;
    let ready: Ready = serde_json::from_str(&ready)?;
    let connector = SlackClientHyperConnector::with_connector(HttpConnector::new())
        .with_slack_api_url(ready.api_url.trim_end_matches('/'));
    // Listeners are acknowledged when they are done: they must not be held up by the SDK's pacing.
    let environment = SlackClientEventsListenerEnvironment::new(Arc::new(SlackClient::new(connector.clone())));
    let environment = Arc::new(environment.with_error_handler(report).with_user_state(ready.clone()));
    let config = SlackClientSocketModeConfig::new().with_max_connections_count(1);
    let listener = SlackClientSocketModeListener::new(&config, environment, listeners::callbacks());
    listener.listen_for(&token(&ready.app_token)).await.map_err(|error| anyhow!("{error}"))?;
    listener.start().await;
    let bot = token(&ready.bot_token);
    let client = SlackClient::new(connector.with_rate_control(SlackApiRateControlConfig::new().with_max_retries(2)));
    while let Some(line) = lines.next_line().await? {
        let wanted: Wanted = serde_json::from_str(&line)?;
        match calls::make(&client.open_session(&bot), &wanted.task, wanted.args).await {
            Ok(result) => write(&json!({"id": wanted.id, "result": result})),
            Err(error) => write(&json!({"id": wanted.id, "error": format!("{error:#}")})),
        }
    }
    Ok(())
}
