//! An app that calls the API by itself, beside the daemon or instead of it.

use countersign_slack::client::Client;
use countersign_slack_workspace::{Running, model::ChannelId};
use countersign_testkit::{TestApp, WITHIN};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

/// The app.
pub(crate) struct Api<'a> {
    app: &'a TestApp,
    client: Client,
    /// The newest entry of the journal whose trigger was used.
    seen: u64,
}

impl<'a> Api<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        let client = Client::new(app.workspace().ready().api_url.parse().unwrap()).unwrap();
        Self { app, client, seen: 0 }
    }

    pub(crate) async fn call(&self, method: &str, args: &Value) {
        let token = self.app.workspace().ready().bot_token.expose_secret().parse().unwrap();
        self.client.call::<Value>(&token, method, args).await.unwrap();
    }

    /// Calls a method that refuses.
    pub(crate) async fn refused(&self, method: &str, args: &Value) {
        let token = self.app.workspace().ready().bot_token.expose_secret().parse().unwrap();
        self.client.call::<Value>(&token, method, args).await.unwrap_err();
    }

    /// Posts a message with a button.
    pub(crate) async fn post_button(&self, channel: &ChannelId, action_id: &str) {
        let text = json!({ "type": "plain_text", "text": action_id });
        let button = json!({ "type": "button", "action_id": action_id, "text": text });
        let blocks = json!([{ "type": "actions", "elements": [button] }]);
        self.call("chat.postMessage", &json!({ "channel": channel, "text": action_id, "blocks": blocks })).await;
    }

    /// The trigger of the next click.
    async fn trigger(&mut self) -> String {
        let seen = self.seen;
        let is_click = |kind: &str, value: &Value| kind == "envelope" && value.pointer("/payload/trigger_id").is_some();
        let look = |running: &Running| {
            let mut entries = running.journal().into_iter();
            entries.find(|entry| entry.seq > seen && is_click(&entry.kind, &entry.value))
        };
        let entry = self.app.workspace().wait(look, WITHIN).await.expect("a click is sent to the app");
        self.seen = entry.seq;
        entry.value.pointer("/payload/trigger_id").and_then(Value::as_str).unwrap().to_owned()
    }

    /// Shows a view with a button and a field.
    pub(crate) async fn show(&mut self, method: &str, title: &str) {
        let trigger = self.trigger().await;
        let text = |text: &str| json!({ "type": "plain_text", "text": text });
        let more = json!({ "type": "button", "action_id": "more", "text": text("More") });
        let field = json!({ "type": "plain_text_input", "action_id": "name" });
        let view = json!({
            "type": "modal",
            "title": text(title),
            "submit": text("Save"),
            "blocks": [
                { "type": "input", "block_id": "name", "label": text("Name"), "element": field },
                { "type": "actions", "elements": [more] },
            ],
        });
        self.call(method, &json!({ "trigger_id": trigger, "view": view })).await;
    }
}
