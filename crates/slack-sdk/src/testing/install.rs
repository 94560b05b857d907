//! Installing an app in a workspace.

use countersign_slack::client::{Client, Token};
use countersign_slack::ids::UserId;
use countersign_slack::signature::SigningKey;
use countersign_slack_workspace::Running;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::Registrations;

/// An app that is installed, with what it needs.
pub(super) struct Installed {
    pub(super) app_id: String,
    pub(super) bot_user: UserId,
    pub(super) bot_token: Token,
    pub(super) app_token: Token,
    pub(super) key: SigningKey,
}

/// Installs an app with the commands that it handles, and takes it into every channel.
///
/// # Panics
/// When the workspace refuses, which is a fault of the test's.
pub(super) async fn install(
    running: &Running,
    client: &Client,
    registrations: &Registrations,
    request_url: Option<String>,
) -> Installed {
    let commands: Vec<&str> = registrations.commands.iter().filter_map(|command| command.id.as_deref()).collect();
    let mut wanted = json!({"name": "App under test", "commands": commands});
    let functions = registrations.functions.iter().filter_map(|function| function.id.as_deref());
    let functions: Map<String, Value> = functions.map(|id| (id.to_owned(), described(id))).collect();
    if !functions.is_empty() {
        let subscriptions = json!({"bot_events": ["function_executed"]});
        wanted["manifest"] = json!({"functions": functions, "settings": {"event_subscriptions": subscriptions}});
    }
    if let Some(url) = request_url {
        wanted["request_url"] = url.into();
    }
    let app = control(running, "apps", &wanted).await["app"].clone();
    let text = |name: &str| app[name].as_str().unwrap_or_default().to_owned();
    let token = |name: &str| {
        let token = text(name).parse::<Token>();
        token.unwrap_or_else(|error| panic!("the workspace gave no {name}: {error}"))
    };
    let installed = Installed {
        app_id: text("app_id"),
        bot_user: UserId::from(text("bot_user_id")),
        bot_token: token("bot_token"),
        app_token: token("app_token"),
        key: SigningKey::new(&SecretString::from(text("signing_secret"))),
    };
    for channel in running.ready().channels.values() {
        let args = json!({"channel": channel.as_str()});
        let joined = client.call::<Value>(&installed.bot_token, "conversations.join", &args).await;
        joined.unwrap_or_else(|error| panic!("the app cannot join {channel}: {error}"));
    }
    installed
}

/// A function with whatever parameters.
fn described(id: &str) -> Value {
    let none = json!({"properties": {}, "required": []});
    json!({"title": id, "description": id, "input_parameters": none, "output_parameters": none})
}

/// Posts to the workspace's control API.
pub(super) async fn control(running: &Running, path: &str, body: &Value) -> Value {
    let ready = running.ready();
    let url = format!("{}{path}", ready.control_url);
    let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build();
    let client = client.unwrap_or_else(|error| panic!("no HTTP client: {error}"));
    let request = if body.is_null() { client.get(url) } else { client.post(url).json(body) };
    let request = request.bearer_auth(ready.control_token.expose_secret());
    let answer = request.send().await.unwrap_or_else(|error| panic!("the workspace does not answer: {error}"));
    let status = answer.status();
    let answer: Value = answer.json().await.unwrap_or_default();
    assert!(status.is_success(), "the workspace refuses {path}: {answer}");
    answer
}
