//! `chat.*`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::blocks::Block;
use crate::client::{Client, Error, Token};
use crate::ids::{ChannelId, Ts, UserId};

/// What a message says; links in it are never unfurled, for Slack would fetch them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Message<'a> {
    /// What notifications and screen readers say, and all there is without blocks. In Slack's markup: escape what is not yours.
    pub text: Cow<'a, str>,
    /// The blocks, 50 at most.
    #[serde(skip_serializing_if = "<[Block]>::is_empty")]
    pub blocks: Cow<'a, [Block]>,
    /// The thread it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_ts: Option<Cow<'a, Ts>>,
    /// Data for apps, `{"event_type", "event_payload"}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Cow<'a, Value>>,
}

impl<'a> Message<'a> {
    /// A message of blocks, and what notifications say in place of them.
    pub fn new(text: impl Into<Cow<'a, str>>, blocks: impl Into<Cow<'a, [Block]>>) -> Self {
        Self { text: text.into(), blocks: blocks.into(), thread_ts: None, metadata: None }
    }

    /// A message of text alone.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The thread it belongs to.
    #[must_use]
    pub fn in_thread(mut self, thread_ts: &'a Ts) -> Self {
        self.thread_ts = Some(Cow::Borrowed(thread_ts));
        self
    }
}

/// Which message was written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Posted {
    /// The conversation; for a post to a person, the direct message it became.
    pub channel: ChannelId,
    /// The message.
    pub ts: Ts,
}

#[derive(Serialize)]
struct Post<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<&'a Ts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a UserId>,
    #[serde(flatten)]
    message: &'a Message<'a>,
    // Not arguments of chat.update and chat.postEphemeral.
    #[serde(skip_serializing_if = "Option::is_none")]
    unfurl_links: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unfurl_media: Option<bool>,
}

impl<'a> Post<'a> {
    fn to(channel: &'a ChannelId, message: &'a Message<'a>) -> Self {
        Self { channel: channel.as_str(), ts: None, user: None, message, unfurl_links: None, unfurl_media: None }
    }
}

#[derive(Serialize)]
struct Target<'a> {
    channel: &'a ChannelId,
    ts: &'a Ts,
}

#[derive(Serialize)]
struct PermalinkArgs<'a> {
    channel: &'a ChannelId,
    message_ts: &'a Ts,
}

#[derive(Deserialize)]
struct Permalink {
    permalink: String,
}

#[derive(Deserialize)]
struct Ephemeral {
    message_ts: Ts,
}

impl Client {
    /// Posts a message.
    pub async fn post_message(
        &self,
        token: &Token,
        channel: &ChannelId,
        message: &Message<'_>,
    ) -> Result<Posted, Error> {
        let post = Post { unfurl_links: Some(false), unfurl_media: Some(false), ..Post::to(channel, message) };
        Ok(self.call_in(token, "chat.postMessage", channel, &post).await?.body)
    }

    /// Replaces what a message says.
    pub async fn update_message(
        &self,
        token: &Token,
        channel: &ChannelId,
        ts: &Ts,
        message: &Message<'_>,
    ) -> Result<Posted, Error> {
        let post = Post { ts: Some(ts), ..Post::to(channel, message) };
        Ok(self.call_in(token, "chat.update", channel, &post).await?.body)
    }

    /// Deletes a message.
    pub async fn delete_message(&self, token: &Token, channel: &ChannelId, ts: &Ts) -> Result<(), Error> {
        self.call_in::<Value>(token, "chat.delete", channel, &Target { channel, ts }).await.map(drop)
    }

    /// Shows a message to one person in a channel; it cannot be updated, and is gone when Slack reloads.
    pub async fn post_ephemeral(
        &self,
        token: &Token,
        channel: &ChannelId,
        user: &UserId,
        message: &Message<'_>,
    ) -> Result<Ts, Error> {
        let post = Post { user: Some(user), ..Post::to(channel, message) };
        Ok(self.call_in::<Ephemeral>(token, "chat.postEphemeral", channel, &post).await?.body.message_ts)
    }

    /// The address of a message.
    pub async fn permalink(&self, token: &Token, channel: &ChannelId, message_ts: &Ts) -> Result<String, Error> {
        let args = PermalinkArgs { channel, message_ts };
        Ok(self.call::<Permalink>(token, "chat.getPermalink", &args).await?.body.permalink)
    }
}
