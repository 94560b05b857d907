//! Clicks and choices in messages and views, and menus that ask for options.

use serde_json::Value;

use super::raw::{Malformed, Missing, Origin, Raw, Reader, ResponseUrl, raw_access, text, view};
use crate::ids::{ActionId, BlockId, ChannelId, TriggerId, Ts, ViewId};

/// A person clicked or chose something.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockActions {
    /// Who, and where.
    pub origin: Origin,
    /// What the element is part of.
    pub container: Container,
    /// The right to open a view; three seconds, once.
    pub trigger_id: Option<TriggerId>,
    /// Where the click can be answered; none in views.
    pub response_url: Option<ResponseUrl>,
    /// What was clicked; Slack sends one.
    pub actions: Vec<Action>,
    raw: Raw,
}

/// What an interactive element is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The conversation, of a message.
    pub channel_id: Option<ChannelId>,
    /// The message.
    pub message_ts: Option<Ts>,
    /// The thread the message is in.
    pub thread_ts: Option<Ts>,
    /// The view, of a modal or Home tab.
    pub view_id: Option<ViewId>,
    /// Only one person sees the message; the payload then holds no copy of it.
    pub is_ephemeral: bool,
}

/// One element that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The app's name for the element.
    pub action_id: ActionId,
    /// The name of its block; Slack makes one up where the app gave none.
    pub block_id: Option<BlockId>,
    /// The element's type, such as `button`.
    pub kind: String,
    /// A button's `value`, a single choice's value or id, or what was typed.
    pub value: Option<String>,
    /// When, unique for this click in its message.
    pub action_ts: Option<Ts>,
}

/// A menu asks for the options that fit what was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockSuggestion {
    /// Who, and where.
    pub origin: Origin,
    /// What the menu is part of.
    pub container: Container,
    /// The app's name for the menu.
    pub action_id: ActionId,
    /// The name of its block.
    pub block_id: Option<BlockId>,
    /// What was typed so far, may be empty.
    pub value: String,
    raw: Raw,
}

raw_access!(BlockActions, BlockSuggestion);

impl BlockActions {
    /// Reads a `block_actions` payload.
    pub fn parse(raw: Value) -> Result<Self, Malformed> {
        let (mut parsed, raw) = view("block_actions", raw, |reader| {
            Ok(Self {
                origin: reader.origin()?,
                container: Container::read(reader),
                trigger_id: reader.id("/trigger_id"),
                response_url: reader.id("/response_url"),
                actions: actions(reader)?,
                raw: Raw(Value::Null),
            })
        })?;
        parsed.raw = raw;
        Ok(parsed)
    }

    /// What was clicked.
    pub fn action(&self) -> Option<&Action> {
        self.actions.first()
    }

    /// The message as it was when clicked; none for ephemeral ones.
    pub fn message(&self) -> Option<&Value> {
        self.raw().get("message")
    }

    /// What the inputs of the message or view hold, of one element.
    pub fn state(&self, block_id: &str, action_id: &str) -> Option<&Value> {
        let values = self.raw().pointer("/state/values").or_else(|| self.raw().pointer("/view/state/values"))?;
        values.get(block_id)?.get(action_id)
    }
}

impl BlockSuggestion {
    /// Reads a `block_suggestion` payload.
    pub fn parse(raw: Value) -> Result<Self, Malformed> {
        let (mut parsed, raw) = view("block_suggestion", raw, |reader| {
            Ok(Self {
                origin: reader.origin()?,
                container: Container::read(reader),
                action_id: reader.need("/action_id")?,
                block_id: reader.id("/block_id"),
                value: reader.text("/value").unwrap_or_default().to_owned(),
                raw: Raw(Value::Null),
            })
        })?;
        parsed.raw = raw;
        Ok(parsed)
    }
}

impl Container {
    fn read(reader: &Reader<'_>) -> Self {
        Self {
            channel_id: reader.id("/channel/id").or_else(|| reader.id("/container/channel_id")),
            message_ts: reader.id("/container/message_ts").or_else(|| reader.id("/message/ts")),
            thread_ts: reader.id("/container/thread_ts").or_else(|| reader.id("/message/thread_ts")),
            view_id: reader.id("/view/id").or_else(|| reader.id("/container/view_id")),
            is_ephemeral: reader.at("/container/is_ephemeral").and_then(Value::as_bool).unwrap_or(false),
        }
    }
}

fn actions(reader: &Reader<'_>) -> Result<Vec<Action>, Missing> {
    let actions = reader.at("/actions").and_then(Value::as_array).ok_or("/actions")?;
    let actions: Vec<Action> = actions.iter().filter_map(Action::read).collect();
    if actions.is_empty() { Err("/actions/0/action_id") } else { Ok(actions) }
}

impl Action {
    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            action_id: ActionId::from(text(value, "/action_id")?),
            block_id: text(value, "/block_id").map(BlockId::from),
            kind: text(value, "/type").unwrap_or_default().to_owned(),
            value: chosen(value).map(str::to_owned),
            action_ts: text(value, "/action_ts").map(Ts::from),
        })
    }
}

/// The one thing an element stands at, whatever its type calls it.
fn chosen(value: &Value) -> Option<&str> {
    const PLACES: [&str; 8] = [
        "/value",
        "/selected_option/value",
        "/selected_user",
        "/selected_conversation",
        "/selected_channel",
        "/selected_date",
        "/selected_time",
        "/selected_options/0/value",
    ];
    PLACES.iter().find_map(|place| text(value, place))
}
