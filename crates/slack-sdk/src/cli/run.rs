//! Running an app: over a connection of its own, or for one event.

use std::io::Write;

use countersign_slack::client::{ApiBase, Client, Token};
use countersign_slack::hooks::{Flags, Protocol, ProtocolName, StartInput};
use countersign_slack::socket_mode::{Config, EnvelopeKind, SocketMode};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::hook::Call;
use super::{CliError, Environment, Mode};
use crate::App;

/// Runs the app, as `start` is meant.
pub(super) fn start(
    app: App,
    call: Call,
    flags: &Flags,
    protocol: &Protocol,
    out: &mut impl Write,
) -> Result<(), CliError> {
    match Mode::of(&call.environment, flags, call.stdin)? {
        Mode::Connect { app_token, bot_token } => {
            let client = client(&call.environment)?;
            let app = fitted(app, &client, bot_token.ok_or(CliError::NoToken("SLACK_BOT_TOKEN")))?;
            let socket = SocketMode::new(client, app_token, Config::default());
            runtime(&mut Builder::new_multi_thread())?.block_on(connect(app, socket))
        }
        Mode::Event(event) => {
            let variables = event.context.variables.iter();
            let environment =
                call.environment.or(variables.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))));
            let client = client(&environment)?;
            // Without a token the app can still answer with its acknowledgement.
            let app = match token(&event, &environment)? {
                Some(token) => fitted(app, &client, Ok(token))?,
                None => app,
            };
            runtime(&mut Builder::new_current_thread())?.block_on(handle(app, *event, protocol, out))
        }
    }
}

/// The app with a token, unless it has brought what it acts with.
fn fitted(app: App, client: &Client, token: Result<Token, CliError>) -> Result<App, CliError> {
    if app.api().is_some() { Ok(app) } else { Ok(app.bot(client.clone(), token?)) }
}

/// The bot's token: the one that came with the event, else one of the environment.
fn token(event: &StartInput, environment: &Environment) -> Result<Option<Token>, CliError> {
    let read = |name, text: Result<Token, _>| text.map_err(|source| CliError::Token { name, source });
    if let Some(token) = &event.context.bot_access_token {
        return read("context.bot_access_token", Token::new(token)).map(Some);
    }
    let named =
        ["SLACK_CLI_XOXB", "SLACK_BOT_TOKEN"].into_iter().find_map(|name| Some((name, environment.text(name)?)));
    named.map(|(name, text)| read(name, text.parse())).transpose()
}

/// Runs the app until it ends by itself or is told to.
async fn connect(app: App, socket: SocketMode) -> Result<(), CliError> {
    let cancel = CancellationToken::new();
    let stopping = async {
        told_to_stop().await;
        cancel.cancel();
        // What runs may end; whoever asks again does not want to wait for that.
        told_to_stop().await;
    };
    tokio::select! {
        done = app.serve(socket, cancel.clone()) => Ok(done?),
        () = stopping => Ok(()),
    }
}

/// Handles one event.
///
/// Between boundaries the answer is written before the handler has ended: Slack waits three seconds, a handler may go on.
/// By the default protocol it has to be the last line, whatever the handler prints.
async fn handle(app: App, event: StartInput, protocol: &Protocol, out: &mut impl Write) -> Result<(), CliError> {
    let (kind, payload) = payload(event);
    let app = app.start();
    // An empty object acknowledges; with nothing at all, some earlier line would be taken for the response.
    let answer = app.dispatch(&fresh_id(), kind, &payload, None).await?.unwrap_or_else(|| json!({}));
    // The event was acknowledged and does not come again: its handler may take as long as it needs, whatever becomes of the answer.
    if protocol.name() == ProtocolName::MessageBoundaries {
        let written = protocol.write(out, &answer);
        app.drain().await;
        written?;
    } else {
        app.drain().await;
        protocol.write(out, &answer)?;
    }
    Ok(())
}

/// What the payload is. One that Slack did not wrap is an event by itself.
fn payload(event: StartInput) -> (EnvelopeKind, Value) {
    const INTERACTIONS: [&str; 6] =
        ["block_actions", "view_submission", "view_closed", "shortcut", "message_action", "block_suggestion"];
    let kind = event.body.get("type").and_then(Value::as_str);
    match kind {
        Some("event_callback") => (EnvelopeKind::EventsApi, Value::Object(event.body)),
        Some(kind) if INTERACTIONS.contains(&kind) => (EnvelopeKind::Interactive, Value::Object(event.body)),
        None if event.body.contains_key("command") => (EnvelopeKind::SlashCommands, Value::Object(event.body)),
        _ => {
            let (app, team) = (&event.context.app_id, &event.context.team_id);
            let wrapped = json!({
                "type": "event_callback", "event_id": fresh_id(), "event": event.body, "api_app_id": app, "team_id": team,
            });
            (EnvelopeKind::EventsApi, wrapped)
        }
    }
}

/// An id that no other event has: each is a process of its own, and an inbox must not take one for another.
fn fresh_id() -> String {
    let (high, low) = (getrandom::u64().unwrap_or_default(), getrandom::u64().unwrap_or_default());
    format!("hook-{high:016x}{low:016x}")
}

/// Waits for Ctrl-C, or for being asked to end.
async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut ended) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = ended.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Nobody can tell: the app runs until it is killed.
        std::future::pending::<()>().await;
    }
}

/// The client for the API that the environment names; plain http on this machine only.
fn client(environment: &Environment) -> Result<Client, CliError> {
    let base: ApiBase = match environment.text("SLACK_API_URL") {
        Some(url) => url.parse()?,
        None => ApiBase::default(),
    };
    Ok(Client::new(base)?)
}

fn runtime(builder: &mut Builder) -> Result<Runtime, CliError> {
    builder.enable_all().build().map_err(CliError::Runtime)
}
