//! `conversations.*`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::{Client, Error, Token};
use crate::ids::{ChannelId, UserId};

/// A conversation; what is not named here is in `extra`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "Slack's channel object is switches")]
pub struct Channel {
    /// The conversation.
    pub id: ChannelId,
    /// Its name; direct messages have none.
    #[serde(default)]
    pub name: Option<String>,
    /// A direct message.
    #[serde(default)]
    pub is_im: bool,
    /// A direct message of several people.
    #[serde(default)]
    pub is_mpim: bool,
    /// Only members see it.
    #[serde(default)]
    pub is_private: bool,
    /// Nothing can be posted any more.
    #[serde(default)]
    pub is_archived: bool,
    /// The token's user is in it.
    #[serde(default)]
    pub is_member: bool,
    /// The other person, of a direct message.
    #[serde(default)]
    pub user: Option<UserId>,
    /// Everything else Slack said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A direct message that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direct {
    /// The conversation.
    pub channel: ChannelId,
}

/// The answer of `conversations.open`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Opened {
    /// The conversation; without `return_im`, no more than its id.
    pub channel: Channel,
    /// It was there before.
    #[serde(default)]
    pub already_open: bool,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it; may be fewer than asked for, even in the middle.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct Info {
    channel: Channel,
}

#[derive(Deserialize)]
struct Members {
    members: Vec<UserId>,
    #[serde(default)]
    response_metadata: Cursor,
}

#[derive(Default, Deserialize)]
struct Cursor {
    #[serde(default)]
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct MembersArgs<'a> {
    channel: &'a ChannelId,
    limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
}

#[derive(Serialize)]
struct OpenArgs {
    users: String,
}

impl Client {
    /// Opens the conversation with these people, at most eight; with one it is the direct message.
    pub async fn open_conversation(&self, token: &Token, users: &[UserId]) -> Result<Opened, Error> {
        let users = users.iter().map(UserId::as_str).collect::<Vec<_>>().join(",");
        Ok(self.call(token, "conversations.open", &OpenArgs { users }).await?.body)
    }

    /// Opens the direct message with a person.
    pub async fn open_direct(&self, token: &Token, user: &UserId) -> Result<Direct, Error> {
        let opened = self.open_conversation(token, std::slice::from_ref(user)).await?;
        Ok(Direct { channel: opened.channel.id })
    }

    /// What is known of a conversation.
    pub async fn conversation(&self, token: &Token, channel: &ChannelId) -> Result<Channel, Error> {
        let args = std::collections::BTreeMap::from([("channel", channel)]);
        Ok(self.call::<Info>(token, "conversations.info", &args).await?.body.channel)
    }

    /// A page of the people in a conversation.
    pub async fn members(
        &self,
        token: &Token,
        channel: &ChannelId,
        cursor: Option<&str>,
    ) -> Result<Page<UserId>, Error> {
        let args = MembersArgs { channel, limit: 200, cursor };
        let answer = self.call::<Members>(token, "conversations.members", &args).await?.body;
        let next = answer.response_metadata.next_cursor.filter(|cursor| !cursor.is_empty());
        Ok(Page { items: answer.members, next })
    }
}
