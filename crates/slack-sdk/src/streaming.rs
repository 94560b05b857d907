//! Messages that grow while they are written.
//!
//! Slack ends a stream after about five minutes, whatever is still to come, and leaves its text unfinished. So an answer goes
//! on in a new message before that, and where a stream has ended all the same, its message is completed by an update.

use std::fmt;
use std::sync::Arc;

use countersign_slack::blocks::Block;
use countersign_slack::client::{Error, Posted};
use countersign_slack::ids::{ChannelId, TeamId, Ts, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Client, Clock, FromRequest, Rejection, Request, SendError};

/// Characters that are collected before they are sent: a call for each word would meet the rate limit.
const BUFFER: usize = 256;
/// When an answer goes on in another message; Slack ends a stream after some five minutes.
const ROLL_OVER_MS: u64 = 4 * 60 * 1000;
/// The longest text of one message, so that an update can always complete it; Slack takes 12,000 characters of markdown.
const MAX_TEXT: usize = 11_000;
/// Slack's word for a stream that has ended.
const ENDED: &str = "message_not_in_streaming_state";

/// Answers with messages that grow, in the thread of what happened.
///
/// ```
/// # use countersign_slack_sdk::{App, HandlerError, SayStream};
/// async fn mentioned(stream: SayStream) -> Result<(), HandlerError> {
///     let mut answer = stream.begin();
///     for word in ["Word ", "by ", "word."] {
///         answer.append(word).await?;
///     }
///     answer.stop().await?;
///     Ok(())
/// }
///
/// let app: App = App::new().event("app_mention", mentioned);
/// ```
#[derive(Debug, Clone)]
pub struct SayStream {
    client: Client,
    clock: Arc<dyn Clock>,
    place: Place,
}

/// Where a stream goes, and for whom it is.
#[derive(Debug, Clone, Serialize)]
struct Place {
    channel: ChannelId,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<Ts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_team_id: Option<TeamId>,
}

/// An answer that grows. It is to be ended with [`MessageStream::stop`].
#[must_use]
pub struct MessageStream {
    stream: SayStream,
    /// What is not sent yet.
    buffer: String,
    current: Option<Current>,
    posted: Vec<Posted>,
}

/// The message that grows now.
struct Current {
    ts: Ts,
    since_ms: u64,
    /// The text it has, to complete it by an update.
    text: String,
    /// Whether it has anything that an update would lose.
    is_text_only: bool,
}

/// Where a step of the work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// It has not begun.
    Pending,
    /// It is being done.
    InProgress,
    /// It is done.
    Complete,
    /// It failed.
    Error,
}

impl SayStream {
    /// Begins an answer; nothing is shown before the first text.
    pub fn begin(&self) -> MessageStream {
        MessageStream { stream: self.clone(), buffer: String::new(), current: None, posted: Vec::new() }
    }
}

impl MessageStream {
    /// Adds text, in Markdown.
    ///
    /// # Errors
    /// When Slack refuses or is not reached; the text is kept for the next attempt.
    pub async fn append(&mut self, markdown: &str) -> Result<(), SendError> {
        self.buffer.push_str(markdown);
        if self.buffer.chars().count() < BUFFER {
            return Ok(());
        }
        self.flush().await
    }

    /// Shows a step of the work, or how it stands now.
    ///
    /// # Errors
    /// When Slack refuses or is not reached.
    pub async fn task(&mut self, id: &str, title: &str, status: TaskStatus) -> Result<(), SendError> {
        self.flush().await?;
        self.send(&[json!({"type": "task_update", "id": id, "title": title, "status": status})], None).await
    }

    /// Names the plan that the steps are part of.
    ///
    /// # Errors
    /// When Slack refuses or is not reached.
    pub async fn plan(&mut self, title: &str) -> Result<(), SendError> {
        self.flush().await?;
        self.send(&[json!({"type": "plan_update", "title": title})], None).await
    }

    /// Sends what was collected.
    ///
    /// # Errors
    /// When Slack refuses or is not reached; the text is kept for the next attempt.
    pub async fn flush(&mut self) -> Result<(), SendError> {
        while !self.buffer.is_empty() {
            let room = MAX_TEXT.saturating_sub(self.current.as_ref().map_or(0, |current| current.text.chars().count()));
            if room == 0 {
                self.end(None).await?;
                continue;
            }
            let cut = self.buffer.char_indices().nth(room).map_or(self.buffer.len(), |(at, _)| at);
            let text: String = self.buffer.chars().take(room).collect();
            self.send(&[json!({"type": "markdown_text", "text": text})], Some(&text)).await?;
            self.buffer.drain(..cut);
        }
        Ok(())
    }

    /// Ends the answer, and says in which messages it is.
    ///
    /// # Errors
    /// When Slack refuses or is not reached.
    pub async fn stop(self) -> Result<Vec<Posted>, SendError> {
        self.stop_with(&[]).await
    }

    /// Ends the answer with blocks below it, such as buttons for feedback. Where Slack has ended the stream before, they come in
    /// a message of their own, below the text.
    ///
    /// # Errors
    /// When Slack refuses or is not reached.
    pub async fn stop_with(mut self, blocks: &[Block]) -> Result<Vec<Posted>, SendError> {
        self.flush().await?;
        if self.current.is_none() && !blocks.is_empty() {
            self.start(&[], None).await?;
        }
        self.end((!blocks.is_empty()).then_some(blocks)).await?;
        Ok(self.posted)
    }

    /// Sends a piece: to the message that grows, or to a new one.
    async fn send(&mut self, chunks: &[Value], text: Option<&str>) -> Result<(), SendError> {
        let now = self.stream.clock.now_ms();
        if self.current.as_ref().is_some_and(|current| now.saturating_sub(current.since_ms) >= ROLL_OVER_MS) {
            self.end(None).await?;
        }
        let Some(current) = &mut self.current else { return self.start(chunks, text).await };
        let args = json!({"channel": self.stream.place.channel, "ts": current.ts, "chunks": chunks});
        let appended = self.stream.call::<Value>("chat.appendStream", &args).await;
        match (appended, text) {
            (Ok(_), _) => {
                current.text.push_str(text.unwrap_or_default());
                current.is_text_only &= text.is_some();
                Ok(())
            }
            // The message is completed by an update; what else comes goes into a new one.
            (Err(error), Some(text)) if error.code() == Some(ENDED) && current.is_text_only => {
                current.text.push_str(text);
                self.complete().await
            }
            (Err(error), _) if error.code() == Some(ENDED) => {
                self.current = None;
                self.start(chunks, text).await
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    async fn start(&mut self, chunks: &[Value], text: Option<&str>) -> Result<(), SendError> {
        #[derive(Serialize)]
        struct Start<'a> {
            #[serde(flatten)]
            place: &'a Place,
            #[serde(skip_serializing_if = "<[Value]>::is_empty")]
            chunks: &'a [Value],
        }
        #[derive(Deserialize)]
        struct Started {
            ts: Ts,
        }
        let place = &self.stream.place;
        let started: Started = self.stream.call("chat.startStream", &Start { place, chunks }).await?;
        let posted = Posted { channel: self.stream.place.channel.clone(), ts: started.ts.clone() };
        self.posted.push(posted);
        self.current = Some(Current {
            ts: started.ts,
            since_ms: self.stream.clock.now_ms(),
            text: text.unwrap_or_default().to_owned(),
            is_text_only: text.is_some(),
        });
        Ok(())
    }

    /// Ends the message that grows. Blocks that its stream, which has ended, does not take any more get a message of their own.
    async fn end(&mut self, blocks: Option<&[Block]>) -> Result<(), SendError> {
        let Some(current) = &self.current else { return Ok(()) };
        match self.stop_stream(&current.ts, blocks).await {
            Ok(()) => {
                self.current = None;
                return Ok(());
            }
            Err(error) if error.code() == Some(ENDED) && current.is_text_only => self.complete().await?,
            Err(error) if error.code() == Some(ENDED) => self.current = None,
            Err(error) => return Err(error.into()),
        }
        if blocks.is_none() {
            return Ok(());
        }
        self.start(&[], None).await?;
        let Some(own) = self.current.take() else { return Ok(()) };
        Ok(self.stop_stream(&own.ts, blocks).await?)
    }

    async fn stop_stream(&self, ts: &Ts, blocks: Option<&[Block]>) -> Result<(), Error> {
        let mut args = json!({"channel": self.stream.place.channel, "ts": ts});
        if let Some(blocks) = blocks {
            args["blocks"] = serde_json::to_value(blocks).unwrap_or_default();
        }
        self.stream.call::<Value>("chat.stopStream", &args).await.map(drop)
    }

    /// Completes a message whose stream has ended.
    async fn complete(&mut self) -> Result<(), SendError> {
        let Some(current) = self.current.take() else { return Ok(()) };
        let channel = &self.stream.place.channel;
        let args = json!({"channel": channel, "ts": current.ts, "markdown_text": current.text});
        self.stream.client.call_in::<Value>("chat.update", channel, &args).await?;
        Ok(())
    }
}

impl SayStream {
    async fn call<T: serde::de::DeserializeOwned>(&self, method: &str, args: &impl Serialize) -> Result<T, Error> {
        self.client.call_in(method, &self.place.channel, args).await
    }
}

impl fmt::Debug for MessageStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageStream")
            .field("place", &self.stream.place)
            .field("posted", &self.posted)
            .finish_non_exhaustive()
    }
}

impl<S: Sync> FromRequest<S> for SayStream {
    type Rejection = Rejection;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Rejection> {
        let scene = request.scene();
        let place = Place {
            channel: scene.channel.clone().ok_or(Rejection::missing("SayStream", "channel"))?,
            thread_ts: scene.thread.clone().or_else(|| scene.ts.clone()),
            recipient_user_id: scene.user.clone(),
            recipient_team_id: scene.team.clone(),
        };
        Ok(Self { client: request.client().await?, clock: Arc::clone(&request.shared().clock), place })
    }
}
