//! A control connection while it lasts.

use std::{sync::Arc, time::Duration};

use countersign_gateway::{
    SessionEnd, SessionId,
    wire::{
        CONTROL_PATH, MAX_TEXT_BYTES,
        control::{FromAgent, ToAgent},
    },
};
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use serde::Deserialize;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes, protocol::WebSocketConfig};
use tokio_util::sync::CancellationToken;

use super::{Link, LinkState, Notice, Outcome, failed};
use crate::{agent::Shared, dial::Socket, sessions};

/// How often the connection is pinged (wire, "control").
const PING_EVERY: Duration = Duration::from_secs(10);
/// A connection that is silent for so long is dead (wire, "control").
const SILENCE: Duration = Duration::from_secs(30);
/// How long the welcome may take, and the sending of one message.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

type Sink = SplitSink<Socket, Message>;

/// Opens the connection and serves it until it ends.
pub(super) async fn connect(
    core: &Shared,
    link: &Arc<Link>,
    notices: &mpsc::Sender<Notice>,
    cancel: &CancellationToken,
) -> Outcome {
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_TEXT_BYTES))
        .max_frame_size(Some(MAX_TEXT_BYTES))
        .read_buffer_size(16 * 1024);
    let opening = async {
        let dialling = core.dialer().dial(&link.node, CONTROL_PATH, &core.config().token, limits);
        let socket = match Box::pin(dialling).await {
            Ok(socket) => socket,
            Err(error) => return Err(failed(link, error, notices).await),
        };
        let (sink, stream) = socket.split();
        let mut live = Live { core, link, notices, sink, stream };
        match live.hello().await {
            Ok(None) => Ok(live),
            Ok(Some(outcome)) => Err(outcome),
            Err(why) => Err(Outcome::Lost(why)),
        }
    };
    let opened = tokio::select! {
        opened = opening => opened,
        () = cancel.cancelled() => Err(Outcome::Over),
    };
    match opened {
        Ok(mut live) => live.serve(cancel).await.unwrap_or_else(Outcome::Lost),
        Err(outcome) => outcome,
    }
}

struct Live<'a> {
    core: &'a Shared,
    link: &'a Arc<Link>,
    notices: &'a mpsc::Sender<Notice>,
    sink: Sink,
    stream: SplitStream<Socket>,
}

/// What is readable of a message that is not.
#[derive(Deserialize)]
struct Head {
    r#type: String,
    session: Option<SessionId>,
}

impl Live<'_> {
    async fn serve(&mut self, cancel: &CancellationToken) -> Result<Outcome, String> {
        self.send_waiting().await?;
        let mut heard = Instant::now();
        let mut pings = tokio::time::interval(PING_EVERY);
        loop {
            tokio::select! {
                message = self.stream.next() => {
                    heard = Instant::now();
                    let message = message.ok_or("the connection was closed")?;
                    match message.map_err(|error| error.to_string())? {
                        Message::Text(text) => if let Some(outcome) = self.take(&text).await { return Ok(outcome) },
                        Message::Close(_) => return Err("the server closed the connection".to_owned()),
                        Message::Binary(_) => return Err("the server sent data on the control connection".to_owned()),
                        _ => {}
                    }
                }
                () = self.link.more.notified() => self.send_waiting().await?,
                now = pings.tick() => {
                    if now.duration_since(heard) > SILENCE {
                        return Err(format!("nothing was heard for {} s", SILENCE.as_secs()));
                    }
                    self.send(Message::Ping(Bytes::new())).await?;
                }
                () = cancel.cancelled() => {
                    self.send_waiting().await?;
                    self.send(Message::Close(None)).await?;
                    return Ok(Outcome::Over);
                }
            }
        }
    }

    /// Says hello, and waits for the welcome.
    async fn hello(&mut self) -> Result<Option<Outcome>, String> {
        let hello = FromAgent::Hello {
            version: self.core.config().version.clone(),
            instance: self.core.instance().to_owned(),
            running: self.core.sessions().running(),
        };
        self.say(&hello).await?;
        let first = timeout(ANSWER_WITHIN, self.first_text()).await.map_err(|_| "no welcome in time".to_owned())??;
        match serde_json::from_str::<ToAgent>(&first) {
            Ok(message @ (ToAgent::Welcome { .. } | ToAgent::Dismiss { .. })) => Ok(self.obey(message).await),
            _ => Err("the server's first message was no welcome".to_owned()),
        }
    }

    async fn first_text(&mut self) -> Result<Utf8Bytes, String> {
        while let Some(message) = self.stream.next().await {
            match message.map_err(|error| error.to_string())? {
                Message::Text(text) => return Ok(text),
                Message::Ping(_) | Message::Pong(_) => {}
                _ => break,
            }
        }
        Err("the connection ended before the welcome".to_owned())
    }

    async fn take(&mut self, text: &str) -> Option<Outcome> {
        match serde_json::from_str(text) {
            Ok(message) => self.obey(message).await,
            Err(error) => {
                self.puzzled(text, &error);
                None
            }
        }
    }

    /// A message that cannot be read; whoever waits for a session hears of it. Never the text: there may be secrets in it.
    fn puzzled(&self, text: &str, error: &serde_json::Error) {
        let head: Option<Head> = serde_json::from_str(text).ok();
        let place = format!("column {}", error.column());
        tracing::error!(node = %self.link.node, place, "a message of the server cannot be understood ({place})");
        let Some(Head { r#type, session: Some(session) }) = head else { return };
        if r#type == "start" && !self.core.sessions().is_running(session) {
            let why = "the agent does not understand how to start this; it may be older than the server".to_owned();
            self.link.tell(FromAgent::Ended { session, end: SessionEnd::Failed { why } });
        }
    }

    async fn obey(&mut self, message: ToAgent) -> Option<Outcome> {
        match message {
            ToAgent::Welcome { agent, server, nodes } => return self.welcomed(agent, &server, nodes).await,
            ToAgent::Dismiss { why } => {
                // The agent may be leaving already.
                let _ = self.notices.send(Notice::Dismissed { why }).await;
                return Some(Outcome::Over);
            }
            ToAgent::Start(start) => sessions::begin(self.core, self.link, *start),
            ToAgent::Resize { session, size } => self.core.sessions().resize(session, size),
            ToAgent::Signal { session, signal } => self.core.sessions().signal(session, signal),
            ToAgent::Stop { session, why } => self.core.sessions().stop(session, &why),
            ToAgent::Recall { sessions } => {
                for session in sessions {
                    let memory = self.core.recall(session);
                    self.link.tell(FromAgent::Recalled { session, memory });
                }
            }
        }
        None
    }

    async fn welcomed(&mut self, agent: String, server: &str, nodes: Vec<String>) -> Option<Outcome> {
        if self.core.config().name.as_ref().is_some_and(|name| name.as_str() != agent) {
            let _ = self.notices.send(Notice::OtherName { found: agent }).await;
            return Some(Outcome::Over);
        }
        if !self.link.is_up() {
            tracing::info!(node = %self.link.node, agent, server, "connected to {} as {agent}", self.link.node);
        }
        self.core.set_name(agent);
        self.link.state.send_replace(LinkState::Up);
        let _ = self.notices.send(Notice::Welcomed { node: self.link.node.clone(), nodes }).await;
        None
    }

    async fn send_waiting(&mut self) -> Result<(), String> {
        while let Some(message) = self.link.next() {
            if let Err(why) = self.say(&message).await {
                self.link.put_back(message);
                return Err(why);
            }
        }
        Ok(())
    }

    async fn say(&mut self, message: &FromAgent) -> Result<(), String> {
        let text = serde_json::to_string(message).map_err(|error| error.to_string())?;
        self.send(Message::text(text)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), String> {
        match timeout(ANSWER_WITHIN, self.sink.send(message)).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(_) => Err("the server takes nothing".to_owned()),
        }
    }
}
