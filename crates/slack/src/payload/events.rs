//! The events that apps handle most, typed.
//!
//! Each has what its handlers need; the payload has the rest. What Slack always sends is required, so that an event of
//! another type is an error and not an empty struct. Source: docs.slack.dev, Events.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{AppId, BotId, ChannelId, EnterpriseId, TeamId, Ts, UserId};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $(@$attr:ident)? $field:ident: $kind:ty),* $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            $($(#[$field_doc])* $(#[serde($attr)])? pub $field: $kind,)*
        }
    )+};
}

events! {
    /// `app_mention`: somebody wrote the app's name in a channel.
    AppMention {
        /// Who.
        @default user: Option<UserId>,
        /// What they wrote, in Slack's markup.
        text: String,
        /// The message.
        ts: Ts,
        /// Where.
        channel: ChannelId,
        /// The thread it is in.
        @default thread_ts: Option<Ts>,
        /// Their workspace.
        @default team: Option<TeamId>,
        /// The bot that wrote it, where it was one.
        @default bot_id: Option<BotId>,
    }
    /// `message`: a message was posted, or with a subtype, something became of one.
    MessageEvent {
        /// What became of it, such as `message_changed`; a new message of a person has none.
        @default subtype: Option<String>,
        /// Where.
        channel: ChannelId,
        /// `im`, `channel`, `group`, `mpim` or `app_home`.
        @default channel_type: Option<String>,
        /// Who wrote it.
        @default user: Option<UserId>,
        /// What it says, in Slack's markup.
        @default text: String,
        /// The message.
        ts: Ts,
        /// The thread it is in.
        @default thread_ts: Option<Ts>,
        /// The bot that wrote it, where it was one.
        @default bot_id: Option<BotId>,
        /// The app that wrote it, where it was one.
        @default app_id: Option<AppId>,
    }
    /// `app_home_opened`: somebody opened the app's Home or Messages tab.
    AppHomeOpened {
        /// Who.
        user: UserId,
        /// Their direct message with the app.
        channel: ChannelId,
        /// `home` or `messages`.
        #[serde(default)]
        tab: String,
        /// What the Home tab shows, where the app published it.
        @default view: Option<Value>,
    }
    /// `assistant_thread_started`: somebody began a conversation with the assistant.
    AssistantThreadStarted {
        /// Which.
        assistant_thread: AssistantThread,
    }
    /// `assistant_thread_context_changed`: the person looks at something else now.
    AssistantThreadContextChanged {
        /// Which.
        assistant_thread: AssistantThread,
    }
    /// `function_executed`: a workflow has come to a step that is the app's.
    FunctionExecuted {
        /// Which function.
        function: FunctionInfo,
        /// What it is given.
        #[serde(default)]
        inputs: Map<String, Value>,
        /// This one execution.
        function_execution_id: String,
        /// The workflow's execution.
        @default workflow_execution_id: Option<String>,
    }
    /// `reaction_added`: somebody put an emoji below a message.
    ReactionAdded {
        /// Who.
        user: UserId,
        /// The emoji, without colons.
        reaction: String,
        /// Below what.
        item: ReactedItem,
        /// Who wrote it.
        @default item_user: Option<UserId>,
    }
    /// `reaction_removed`: somebody took an emoji away again.
    ReactionRemoved {
        /// Who.
        user: UserId,
        /// The emoji, without colons.
        reaction: String,
        /// Below what.
        item: ReactedItem,
        /// Who wrote it.
        @default item_user: Option<UserId>,
    }
    /// `member_joined_channel`: somebody joined a channel; of the app itself as well.
    MemberJoinedChannel {
        /// Who.
        user: UserId,
        /// Where.
        channel: ChannelId,
        /// Who invited them.
        @default inviter: Option<UserId>,
    }
    /// `member_left_channel`: somebody left a channel; of the app itself as well.
    MemberLeftChannel {
        /// Who.
        user: UserId,
        /// Where.
        channel: ChannelId,
    }
    /// `channel_created`: there is a new channel.
    ChannelCreated {
        /// Its object.
        channel: Map<String, Value>,
    }
    /// `link_shared`: somebody posted a link of a domain that the app unfurls.
    LinkShared {
        /// Who.
        user: UserId,
        /// Where.
        channel: ChannelId,
        /// In which message; a composer's has no time stamp.
        message_ts: String,
        /// The links.
        links: Vec<SharedLink>,
        /// What unfurls are sent for.
        @default unfurl_id: Option<String>,
    }
    /// `tokens_revoked`: tokens of the app are not valid any more.
    TokensRevoked {
        /// Whose.
        tokens: RevokedTokens,
    }
    /// `app_uninstalled`: the app was taken out of the workspace.
    AppUninstalled {}
}

/// A conversation with an assistant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssistantThread {
    /// The person.
    pub user_id: UserId,
    /// What they look at.
    #[serde(default)]
    pub context: AssistantContext,
    /// The direct message.
    pub channel_id: ChannelId,
    /// The thread.
    pub thread_ts: Ts,
}

/// What a person looks at while talking with an assistant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssistantContext {
    /// The channel that is open beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<ChannelId>,
    /// The workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// The organisation, in Enterprise Grid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enterprise_id: Option<EnterpriseId>,
}

/// A custom function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionInfo {
    /// The app's name for it.
    pub callback_id: String,
    /// Slack's id.
    #[serde(default)]
    pub id: Option<String>,
    /// What people read.
    #[serde(default)]
    pub title: Option<String>,
}

/// What was reacted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactedItem {
    /// `message`, as a rule.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Where.
    #[serde(default)]
    pub channel: Option<ChannelId>,
    /// The message.
    #[serde(default)]
    pub ts: Option<Ts>,
}

/// A link that was posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedLink {
    /// Its domain.
    #[serde(default)]
    pub domain: String,
    /// The link.
    pub url: String,
}

/// Whose tokens are not valid any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RevokedTokens {
    /// People who had authorised the app.
    pub oauth: Vec<UserId>,
    /// The app's bot users.
    pub bot: Vec<UserId>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_typed_whatever_else_it_has() {
        let raw =
            json!({"type": "app_mention", "user": "U1", "text": "hi", "ts": "1.2", "channel": "C1", "new_field": [1]});
        let mention: AppMention = serde_json::from_value(raw).unwrap();
        assert_eq!((mention.text.as_str(), mention.user.unwrap().as_str(), mention.thread_ts), ("hi", "U1", None));
    }

    #[test]
    fn another_type_is_an_error() {
        let reaction = json!({"type": "reaction_added", "user": "U1", "reaction": "eyes", "item": {"type": "message", "channel": "C1", "ts": "1.2"}});
        assert!(serde_json::from_value::<AppMention>(reaction.clone()).is_err());
        assert_eq!(serde_json::from_value::<ReactionAdded>(reaction).unwrap().item.channel.unwrap(), "C1");
        let function = json!({"function": {"callback_id": "f"}, "function_execution_id": "Fx1", "inputs": {"a": 1}});
        assert_eq!(serde_json::from_value::<FunctionExecuted>(function).unwrap().inputs["a"], 1);
    }
}
