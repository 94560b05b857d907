//! Posting where it happened.

use std::borrow::Cow;

use countersign_slack::blocks::{Mrkdwn, escape};
use countersign_slack::client::{Message, Posted};
use countersign_slack::ids::{ChannelId, Ts};
use serde_json::Value;
use thiserror::Error;

use crate::{Context, FromRequest, Rejection, Request, SendError};

/// The longest text of a message. Slack cuts at 40,000 characters, and splits what is a little longer than this into several
/// messages (docs.slack.dev, `chat.postMessage`).
const MAX_TEXT: usize = 4000;

/// A text is longer than one message takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the text has {length} characters, more than the {MAX_TEXT} of one message")]
pub struct TextLimit {
    /// How many it has.
    pub length: usize,
}

/// Posts to the conversation where it happened.
///
/// Replies go to the channel itself; [`Say::in_thread`] puts them into the thread of what happened. In an assistant's thread
/// they always are.
///
/// ```
/// # use countersign_slack_sdk::{App, HandlerError, Say};
/// async fn mentioned(say: Say) -> Result<(), HandlerError> {
///     say.text("Plain text: <!channel> reaches nobody.").await?;
///     say.in_thread().markup("*Markup* of the app's own.").await?;
///     Ok(())
/// }
///
/// let app: App = App::new().event("app_mention", mentioned);
/// ```
#[derive(Debug, Clone)]
pub struct Say {
    request: Request,
    channel: ChannelId,
    thread: Option<Ts>,
    metadata: Option<Value>,
}

/// What can be posted: a message, or the markup of one.
pub trait IntoMessage<'a> {
    /// The message.
    fn into_message(self) -> Message<'a>;
}

impl<'a> IntoMessage<'a> for Message<'a> {
    fn into_message(self) -> Message<'a> {
        self
    }
}

impl<'a> IntoMessage<'a> for &'a Message<'a> {
    fn into_message(self) -> Message<'a> {
        Message {
            text: Cow::Borrowed(&self.text),
            blocks: Cow::Borrowed(&self.blocks),
            thread_ts: self.thread_ts.as_deref().map(Cow::Borrowed),
            metadata: self.metadata.as_deref().map(Cow::Borrowed),
        }
    }
}

impl<'a> IntoMessage<'a> for &'a Mrkdwn {
    fn into_message(self) -> Message<'a> {
        Message::text(self.as_str())
    }
}

impl Say {
    /// Posts a plain text: nothing in it is markup.
    ///
    /// # Errors
    /// When it is too long, there is no token, or Slack refuses.
    pub async fn text(&self, text: &str) -> Result<Posted, SendError> {
        self.send(Message::text(escape(text))).await
    }

    /// Posts markup of the app's own; escape what is not yours with [`Mrkdwn::text`].
    ///
    /// # Errors
    /// When it is too long, there is no token, or Slack refuses.
    pub async fn markup(&self, markup: &str) -> Result<Posted, SendError> {
        self.send(Message::text(markup)).await
    }

    /// Posts a message.
    ///
    /// # Errors
    /// When it is too long, there is no token, or Slack refuses.
    pub async fn send<'a>(&self, message: impl IntoMessage<'a>) -> Result<Posted, SendError> {
        let mut message = message.into_message();
        checked(&message)?;
        if let (None, Some(thread)) = (&message.thread_ts, &self.thread) {
            message.thread_ts = Some(Cow::Owned(thread.clone()));
        }
        if let (None, Some(metadata)) = (&message.metadata, &self.metadata) {
            message.metadata = Some(Cow::Owned(metadata.clone()));
        }
        Ok(self.request.client().await?.post_message(&self.channel, &message).await?)
    }

    /// Posts into the thread of what happened, or begins one below the message.
    #[must_use]
    pub fn in_thread(&self) -> Self {
        let scene = self.request.scene();
        let thread = scene.thread.clone().or_else(|| scene.ts.clone());
        Self { thread: thread.or_else(|| self.thread.clone()), ..self.clone() }
    }

    /// Where it posts.
    pub fn channel(&self) -> &ChannelId {
        &self.channel
    }

    pub(crate) fn of(request: &Request, extractor: &'static str) -> Result<Self, Rejection> {
        let channel = Context::of(request).channel_id().cloned().ok_or(Rejection::missing(extractor, "channel"))?;
        Ok(Self { request: request.clone(), channel, thread: None, metadata: None })
    }

    /// With data for the app itself in every message.
    pub(crate) fn with_metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata);
        self
    }
}

pub(crate) fn checked(message: &Message<'_>) -> Result<(), TextLimit> {
    // Beside blocks the text is what notifications say.
    let length = message.text.chars().count();
    if length > MAX_TEXT { Err(TextLimit { length }) } else { Ok(()) }
}

impl<S: Sync> FromRequest<S> for Say {
    type Rejection = Rejection;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Rejection> {
        let say = Self::of(request, "Say")?;
        match crate::assistant::metadata_of(request) {
            Some(metadata) => Ok(say.in_thread().with_metadata(metadata)),
            None if crate::assistant::is_assistants(request) => Ok(say.in_thread()),
            None => Ok(say),
        }
    }
}
