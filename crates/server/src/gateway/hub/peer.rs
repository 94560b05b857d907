//! A WebSocket as long as both sides talk: kept alive, bounded in what it takes, gone when nothing is heard.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use bytes::Bytes;
use countersign_gateway::wire::{MAX_FRAME_BYTES, MAX_TEXT_BYTES};
use futures_util::{Stream, StreamExt as _};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until, timeout};

/// How often a peer is pinged.
pub(super) const PING_EVERY: Duration = Duration::from_secs(10);

/// A peer of which nothing is heard for so long is gone.
pub(super) const DEAD_AFTER: Duration = Duration::from_secs(30);

/// How long writing a message may take.
const WRITE_WITHIN: Duration = Duration::from_secs(30);

/// How long a peer may take to close after we did.
const CLOSED_WITHIN: Duration = Duration::from_secs(3);

/// How long a peer may take to its first message.
pub(super) const FIRST_WITHIN: Duration = Duration::from_secs(15);

/// What one read takes. Small, since a session has two sockets; frames are read through it in pieces.
const READ_BUFFER: usize = 64 * 1024;

/// A message with something in it.
#[derive(Debug)]
pub(super) enum Incoming {
    /// JSON.
    Text(Utf8Bytes),
    /// A frame.
    Binary(Bytes),
}

/// Why a peer is not there any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum Gone {
    /// It said so.
    #[error("it closed the connection")]
    Closed,
    /// Not a ping, nothing.
    #[error("nothing was heard of it for {} seconds", DEAD_AFTER.as_secs())]
    Silent,
    /// It does not read.
    #[error("it took nothing for {} seconds", WRITE_WITHIN.as_secs())]
    Stuck,
    /// The connection failed, or carried what no WebSocket carries, or something too long.
    #[error("the connection broke")]
    Broken(#[source] axum::Error),
    /// Something that may not come at this point.
    #[error("{0}")]
    Breach(String),
}

/// One end of a conversation.
#[derive(Debug)]
pub(super) struct Peer {
    socket: WebSocket,
    heard: Instant,
    ping: Interval,
}

/// The bounds of every WebSocket here.
pub(super) fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    let longest = MAX_TEXT_BYTES.max(MAX_FRAME_BYTES + 1);
    upgrade.max_message_size(longest).max_frame_size(longest).read_buffer_size(READ_BUFFER)
}

impl Peer {
    pub(super) fn new(socket: WebSocket) -> Self {
        let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { socket, heard: Instant::now(), ping }
    }

    /// The next message. Nothing is lost when the waiting is given up.
    pub(super) async fn next(&mut self) -> Result<Incoming, Gone> {
        loop {
            let deadline = self.heard + DEAD_AFTER;
            tokio::select! {
                biased;
                message = self.socket.recv() => {
                    self.heard = Instant::now();
                    if let Some(incoming) = incoming(message)? {
                        return Ok(incoming);
                    }
                }
                _ = self.ping.tick() => self.write(Message::Ping(Bytes::new())).await?,
                () = sleep_until(deadline) => return Err(Gone::Silent),
            }
        }
    }

    /// The next message, which must be JSON of a `T`.
    pub(super) async fn next_json<T: DeserializeOwned>(&mut self) -> Result<T, Gone> {
        match self.next().await? {
            Incoming::Text(text) => parse(&text),
            Incoming::Binary(_) => Err(Gone::Breach("a binary message came where text was due".to_owned())),
        }
    }

    /// The first message; it comes soon or never.
    pub(super) async fn first<T: DeserializeOwned>(&mut self) -> Result<T, Gone> {
        timeout(FIRST_WITHIN, self.next_json()).await.unwrap_or(Err(Gone::Silent))
    }

    /// Says something.
    pub(super) async fn say<T: Serialize + Sync>(&mut self, message: &T) -> Result<(), Gone> {
        let text = to_text(message)?;
        self.write(text).await
    }

    /// Says goodbye, and waits a moment for it to be heard.
    pub(super) async fn close(mut self, why: &str) {
        // The reason of a close frame is at most 123 bytes.
        let reason: String = why.chars().take(30).collect();
        if self.write(Message::Close(Some(CloseFrame { code: 1000, reason: reason.into() }))).await.is_ok() {
            drain(self.socket).await;
        }
    }

    /// The socket itself, for frames.
    pub(super) fn into_socket(self) -> WebSocket {
        self.socket
    }

    async fn write(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(WRITE_WITHIN, self.socket.send(message)).await {
            Ok(sent) => sent.map_err(Gone::Broken),
            Err(_) => Err(Gone::Stuck),
        }
    }
}

/// Reads on until the other side has closed too. A socket that is closed with something unread in it is reset, and what was
/// written last, how it ended, would be lost with it.
pub(super) async fn drain<E>(mut socket: impl Stream<Item = Result<Message, E>> + Unpin) {
    let reading = async { while let Some(Ok(_)) = socket.next().await {} };
    let _ = timeout(CLOSED_WITHIN, reading).await;
}

/// JSON as a text message.
pub(super) fn to_text<T: Serialize>(message: &T) -> Result<Message, Gone> {
    match serde_json::to_string(message) {
        Ok(text) => Ok(Message::Text(text.into())),
        Err(error) => Err(Gone::Breach(format!("a message cannot be written: {error}"))),
    }
}

/// A text message as a `T`.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Gone> {
    serde_json::from_str(text).map_err(|error| Gone::Breach(format!("a message cannot be read: {error}")))
}

/// What a message carries; pings and pongs only show that somebody is there.
pub(super) fn incoming(message: Option<Result<Message, axum::Error>>) -> Result<Option<Incoming>, Gone> {
    match message {
        Some(Ok(Message::Text(text))) => Ok(Some(Incoming::Text(text))),
        Some(Ok(Message::Binary(bytes))) => Ok(Some(Incoming::Binary(bytes))),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(Message::Close(_))) | None => Err(Gone::Closed),
        Some(Err(error)) => Err(Gone::Broken(error)),
    }
}
