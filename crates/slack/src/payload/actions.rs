//! Clicks and choices in messages and views, and menus that ask for options.

use serde::Deserialize;
use serde_json::Value;

use super::fields::{ContainerFields, ElementFields, Fields};
use super::lenient::{Lenient, Many};
use super::raw::{Malformed, Missing, Origin, Raw, ResponseUrl, need, owned, views};
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

views!(BlockActions = "block_actions", BlockSuggestion = "block_suggestion");

impl BlockActions {
    pub(super) fn of(fields: &Fields<'_>, raw: &Raw) -> Result<Self, Missing> {
        Ok(Self {
            origin: Origin::of(fields)?,
            container: Container::of(fields),
            trigger_id: fields.trigger_id.to(),
            response_url: fields.response_url.get().map(ResponseUrl::from),
            actions: actions(&fields.actions)?,
            raw: raw.clone(),
        })
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
    pub(super) fn of(fields: &Fields<'_>, raw: &Raw) -> Result<Self, Missing> {
        Ok(Self {
            origin: Origin::of(fields)?,
            container: Container::of(fields),
            action_id: need(&fields.action_id, "/action_id")?,
            block_id: fields.block_id.to(),
            value: owned(&fields.value),
            raw: raw.clone(),
        })
    }
}

impl Container {
    fn of(fields: &Fields<'_>) -> Self {
        let container: &ContainerFields<'_> = &fields.container.0;
        let message = &fields.message.0;
        Self {
            channel_id: fields.channel.to().or_else(|| container.channel_id.to()),
            message_ts: container.message_ts.to().or_else(|| message.ts.to()),
            thread_ts: container.thread_ts.to().or_else(|| message.thread_ts.to()),
            view_id: fields.view.0.id.to().or_else(|| container.view_id.to()),
            is_ephemeral: container.is_ephemeral.0,
        }
    }
}

fn actions(actions: &Many<ElementFields<'_>>) -> Result<Vec<Action>, Missing> {
    let actions = actions.0.as_ref().ok_or("/actions")?;
    let actions: Vec<Action> = actions.iter().filter_map(|element| Action::of(&element.0)).collect();
    if actions.is_empty() { Err("/actions/0/action_id") } else { Ok(actions) }
}

/// As much of a click as its elements are in.
#[derive(Deserialize)]
struct Clicked<'a> {
    #[serde(borrow)]
    actions: Vec<Lenient<ElementFields<'a>>>,
}

impl Action {
    /// Reads what was used out of a `block_actions` payload, and nothing else of it; none has an action id in `None`.
    ///
    /// # Errors
    /// When the payload is no object with a list of actions.
    pub fn of_payload(payload: &str) -> Result<Option<Self>, serde_json::Error> {
        let clicked: Clicked<'_> = serde_json::from_str(payload)?;
        Ok(clicked.actions.iter().find_map(|element| Self::of(&element.0)))
    }

    /// One without an action id is none.
    fn of(element: &ElementFields<'_>) -> Option<Self> {
        Some(Self {
            action_id: element.action_id.to()?,
            block_id: element.block_id.to(),
            kind: owned(&element.kind),
            value: element.chosen().map(str::to_owned),
            action_ts: element.action_ts.to(),
        })
    }
}
