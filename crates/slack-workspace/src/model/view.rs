//! Modals that are open, and Home tabs.

use serde_json::{Map, Value, json};

use super::{AppId, BotId, TeamId, UserId, ViewId};

/// A modal on a person's screen, or an app's Home tab.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct View {
    /// `V…`.
    pub id: ViewId,
    /// The app that opened it.
    pub app: AppId,
    /// The app's bot.
    pub bot: BotId,
    /// Who sees it.
    pub user: UserId,
    /// The first view of the stack.
    pub root: ViewId,
    /// The view below it.
    pub previous: Option<ViewId>,
    /// Changes with every update; guards against races.
    pub hash: String,
    /// The view as the app sent it, `block_id`s and `action_id`s filled in.
    pub content: Map<String, Value>,
    /// What the person has entered so far: block id, action id, state object.
    pub values: Map<String, Value>,
}

impl View {
    /// The app's own name for it, or nothing.
    pub fn callback_id(&self) -> &str {
        self.text("callback_id")
    }

    /// The app's unique key for it, or nothing.
    pub fn external_id(&self) -> &str {
        self.text("external_id")
    }

    /// The view's blocks.
    pub fn blocks(&self) -> &[Value] {
        self.content.get("blocks").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Whether the app wants to hear that it was closed.
    pub fn notify_on_close(&self) -> bool {
        self.flag("notify_on_close")
    }

    /// Whether submitting or closing it closes those below too.
    pub fn clear_on_close(&self) -> bool {
        self.flag("clear_on_close")
    }

    /// The view object of responses and payloads.
    pub fn to_json(&self, team: &TeamId) -> Value {
        let field = |name: &str| self.content.get(name).cloned().unwrap_or(Value::Null);
        json!({
            "id": self.id, "team_id": team, "type": self.kind(), "blocks": self.blocks(),
            "private_metadata": self.text("private_metadata"), "callback_id": self.callback_id(),
            "external_id": self.external_id(), "state": {"values": self.values},
            "hash": self.hash, "title": field("title"), "submit": field("submit"),
            "close": field("close"), "clear_on_close": self.clear_on_close(),
            "notify_on_close": self.notify_on_close(), "submit_disabled": self.flag("submit_disabled"),
            "root_view_id": self.root, "previous_view_id": self.previous, "app_id": self.app,
            "app_installed_team_id": team, "bot_id": self.bot,
        })
    }

    /// `modal` or `home`.
    pub fn kind(&self) -> &str {
        self.content.get("type").and_then(Value::as_str).unwrap_or("modal")
    }

    fn text(&self, name: &str) -> &str {
        self.content.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn flag(&self, name: &str) -> bool {
        self.content.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
}
