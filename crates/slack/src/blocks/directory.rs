//! Menus of people, channels and conversations, which Slack fills itself.

use serde::Serialize;

use super::limit::LimitError;
use super::part::{Parts, action, parts};
use crate::ids::{ActionId, ChannelId, UserId};

/// A kind of conversation, for [`ConversationFilter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConversationKind {
    /// A direct message.
    Im,
    /// A direct message of several people.
    Mpim,
    /// A private channel.
    Private,
    /// A public channel.
    Public,
}

/// Which conversations a menu shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ConversationFilter {
    /// Only these kinds; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<ConversationKind>,
    /// Not those shared with other organisations.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exclude_external_shared_channels: bool,
    /// No direct messages with bots.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exclude_bot_users: bool,
}

/// A menu of people, of whom one is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "users_select")]
pub struct UsersSelect {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_user: Option<UserId>,
    #[serde(flatten)]
    parts: Parts,
}

/// A menu of people, of whom several are chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "multi_users_select")]
pub struct MultiUsersSelect {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    initial_users: Vec<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_selected_items: Option<usize>,
    #[serde(flatten)]
    parts: Parts,
}

/// A menu of public channels, of which one is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "channels_select")]
pub struct ChannelsSelect {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_channel: Option<ChannelId>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    response_url_enabled: bool,
    #[serde(flatten)]
    parts: Parts,
}

/// A menu of public channels, of which several are chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "multi_channels_select")]
pub struct MultiChannelsSelect {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    initial_channels: Vec<ChannelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_selected_items: Option<usize>,
    #[serde(flatten)]
    parts: Parts,
}

/// A menu of conversations, of which one is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "conversations_select")]
pub struct ConversationsSelect {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_conversation: Option<ChannelId>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    default_to_current_conversation: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    response_url_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<ConversationFilter>,
    #[serde(flatten)]
    parts: Parts,
}

/// A menu of conversations, of which several are chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "multi_conversations_select")]
pub struct MultiConversationsSelect {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    initial_conversations: Vec<ChannelId>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    default_to_current_conversation: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<ConversationFilter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_selected_items: Option<usize>,
    #[serde(flatten)]
    parts: Parts,
}

parts!("users_select", UsersSelect: placeholder, confirm, focus);
parts!("multi_users_select", MultiUsersSelect: placeholder, confirm, focus, most);
parts!("channels_select", ChannelsSelect: placeholder, confirm, focus);
parts!("multi_channels_select", MultiChannelsSelect: placeholder, confirm, focus, most);
parts!("conversations_select", ConversationsSelect: placeholder, confirm, focus);
parts!("multi_conversations_select", MultiConversationsSelect: placeholder, confirm, focus, most);

impl UsersSelect {
    /// A menu with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("users_select.action_id", action_id)?;
        Ok(Self { action_id, initial_user: None, parts: Parts::default() })
    }

    /// Who is chosen at first.
    #[must_use]
    pub fn initial(mut self, user: UserId) -> Self {
        self.initial_user = Some(user);
        self
    }
}

impl MultiUsersSelect {
    /// A menu with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("multi_users_select.action_id", action_id)?;
        Ok(Self { action_id, initial_users: Vec::new(), max_selected_items: None, parts: Parts::default() })
    }

    /// Who is chosen at first.
    #[must_use]
    pub fn initial(mut self, users: Vec<UserId>) -> Self {
        self.initial_users = users;
        self
    }
}

impl ChannelsSelect {
    /// A menu with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("channels_select.action_id", action_id)?;
        Ok(Self { action_id, initial_channel: None, response_url_enabled: false, parts: Parts::default() })
    }

    /// What is chosen at first.
    #[must_use]
    pub fn initial(mut self, channel: ChannelId) -> Self {
        self.initial_channel = Some(channel);
        self
    }

    /// A submission gives an address at which the channel can be answered; in inputs of modals only.
    #[must_use]
    pub fn with_response_url(mut self) -> Self {
        self.response_url_enabled = true;
        self
    }
}

impl MultiChannelsSelect {
    /// A menu with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("multi_channels_select.action_id", action_id)?;
        Ok(Self { action_id, initial_channels: Vec::new(), max_selected_items: None, parts: Parts::default() })
    }

    /// What is chosen at first.
    #[must_use]
    pub fn initial(mut self, channels: Vec<ChannelId>) -> Self {
        self.initial_channels = channels;
        self
    }
}

impl ConversationsSelect {
    /// A menu with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("conversations_select.action_id", action_id)?;
        Ok(Self {
            action_id,
            initial_conversation: None,
            default_to_current_conversation: false,
            response_url_enabled: false,
            filter: None,
            parts: Parts::default(),
        })
    }

    /// What is chosen at first.
    #[must_use]
    pub fn initial(mut self, conversation: ChannelId) -> Self {
        self.initial_conversation = Some(conversation);
        self
    }

    /// The conversation in which the view was opened is chosen at first.
    #[must_use]
    pub fn current(mut self) -> Self {
        self.default_to_current_conversation = true;
        self
    }

    /// A submission gives an address at which the conversation can be answered; in inputs of modals only.
    #[must_use]
    pub fn with_response_url(mut self) -> Self {
        self.response_url_enabled = true;
        self
    }

    /// Which conversations are shown.
    #[must_use]
    pub fn filter(mut self, filter: ConversationFilter) -> Self {
        self.filter = Some(filter);
        self
    }
}

impl MultiConversationsSelect {
    /// A menu with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("multi_conversations_select.action_id", action_id)?;
        Ok(Self {
            action_id,
            initial_conversations: Vec::new(),
            default_to_current_conversation: false,
            filter: None,
            max_selected_items: None,
            parts: Parts::default(),
        })
    }

    /// What is chosen at first.
    #[must_use]
    pub fn initial(mut self, conversations: Vec<ChannelId>) -> Self {
        self.initial_conversations = conversations;
        self
    }

    /// The conversation in which the view was opened is chosen at first.
    #[must_use]
    pub fn current(mut self) -> Self {
        self.default_to_current_conversation = true;
        self
    }

    /// Which conversations are shown.
    #[must_use]
    pub fn filter(mut self, filter: ConversationFilter) -> Self {
        self.filter = Some(filter);
        self
    }
}
