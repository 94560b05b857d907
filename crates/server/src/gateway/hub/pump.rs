//! The two directions of a session. Frames are passed on as they came; only their channel is looked at.
//!
//! Each direction holds one frame at a time (the way to the command a small backlog), and what the sockets buffer: who
//! does not read is not written to, down to the other end. Writes are flushed when nothing more is ready to be passed on.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use countersign_gateway::{
    SessionEnd, SessionId,
    wire::{control::ToAgent, frame::Channel, run::FromClient},
};
use futures_util::{
    FutureExt as _, SinkExt as _, StreamExt as _,
    future::poll_fn,
    stream::{SplitSink, SplitStream},
};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        recording::{Kind, NotRecorded, Size, Tap},
        state::Gateway,
    },
    discipline::{Breach, FromCommand, FromPerson, Stdin, from_command},
    peer::{Gone, PING_EVERY, parse},
};

/// Input that may wait for the command, in bytes: signals that come behind it are still heard.
const BACKLOG: usize = 1024 * 1024;

pub(super) type Outward = SplitSink<WebSocket, Message>;
pub(super) type Inward = SplitStream<WebSocket>;

/// What both directions and the session know together.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// The person's end takes nothing any more.
    pub(super) person_gone: CancellationToken,
    /// Frames that have come from the agent.
    pub(super) moved: AtomicU64,
    /// Nothing is on its way to the person: the next step is the agent's.
    pub(super) waits_for_agent: AtomicBool,
}

/// How the way from the command ended.
#[derive(Debug)]
pub(super) enum DownEnd {
    /// As it should: the agent's last frame.
    Status(SessionEnd),
    /// The connection broke before.
    Lost,
    /// A frame that may not be.
    Breach(Breach),
    /// The recorder failed.
    NotRecorded(NotRecorded),
}

/// How the way to the command ended.
#[derive(Debug)]
pub(super) enum UpEnd {
    /// The person's end closed, or broke.
    Gone,
    /// The person ended it.
    Cancelled,
    /// Something that may not be; what, for people.
    Breach(String),
    /// The recorder failed.
    NotRecorded(NotRecorded),
}

/// From the command to the person, until the status. When the person's end is gone the rest is recorded all the same.
pub(super) async fn down(
    from: &mut Inward,
    to: &mut Outward,
    mut first: Option<Bytes>,
    tap: &Tap,
    flow: &Flow,
) -> DownEnd {
    let (mut ping, mut unflushed) = (pings(), false);
    loop {
        let ready = match first.take() {
            Some(frame) => Some(Some(Ok(Message::Binary(frame)))),
            None => from.next().now_or_never(),
        };
        let message = match ready {
            Some(message) => message,
            None => next(from, to, std::mem::take(&mut unflushed), flow, &mut ping).await,
        };
        let frame = match message {
            Some(Ok(Message::Binary(frame))) => frame,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Text(_))) => return DownEnd::Breach(Breach::Text),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return DownEnd::Lost,
        };
        flow.moved.fetch_add(1, Ordering::Relaxed);
        match from_command(&frame) {
            Err(breach) => return DownEnd::Breach(breach),
            Ok(FromCommand::Status(end)) => {
                pass(&to.flush().await, flow);
                return DownEnd::Status(end);
            }
            Ok(FromCommand::Close(_)) => {}
            Ok(FromCommand::Output(channel, data)) => {
                let kind = if channel == Channel::Stderr { Kind::Err } else { Kind::Out };
                if let Err(failed) = tap.data(kind, &data).await {
                    return DownEnd::NotRecorded(failed);
                }
            }
        }
        if !flow.person_gone.is_cancelled() {
            pass(&to.feed(Message::Binary(frame)).await, flow);
            unflushed = true;
        }
    }
}

/// The next message of the agent. What was written for the person goes out first, and pings while nothing comes.
async fn next(
    from: &mut Inward,
    to: &mut Outward,
    unflushed: bool,
    flow: &Flow,
    ping: &mut Interval,
) -> Option<Result<Message, axum::Error>> {
    if unflushed {
        pass(&to.flush().await, flow);
    }
    flow.waits_for_agent.store(true, Ordering::Relaxed);
    let message = loop {
        tokio::select! {
            message = from.next() => break message,
            _ = ping.tick() => pass(&to.send(Message::Ping(Bytes::new())).await, flow),
        }
    };
    flow.waits_for_agent.store(false, Ordering::Relaxed);
    message
}

fn pass(written: &Result<(), axum::Error>, flow: &Flow) {
    if written.is_err() {
        flow.person_gone.cancel();
    }
}

/// The way from a person to their command.
pub(super) struct Up<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) session: SessionId,
    pub(super) agent: &'a countersign_gateway::AgentName,
    pub(super) tap: &'a Tap,
    pub(super) stdin: Stdin,
    backlog: VecDeque<Bytes>,
    waiting: usize,
    unflushed: bool,
    /// The agent takes no input any more: the command has closed it, or is over.
    deaf: bool,
}

impl<'a> Up<'a> {
    pub(super) fn new(
        gateway: &'a Gateway,
        session: SessionId,
        agent: &'a countersign_gateway::AgentName,
        tap: &'a Tap,
        stdin: Stdin,
    ) -> Self {
        let backlog = VecDeque::new();
        Self { gateway, session, agent, tap, stdin, backlog, waiting: 0, unflushed: false, deaf: false }
    }

    /// Until the person's end closes.
    pub(super) async fn carry(mut self, from: &mut Inward, to: &mut Outward) -> UpEnd {
        let mut ping = pings();
        loop {
            let writes = !self.backlog.is_empty() || self.unflushed;
            let message = tokio::select! {
                biased;
                message = from.next(), if self.waiting < BACKLOG => Some(message),
                () = self.write(to), if writes && !self.deaf => None,
                _ = ping.tick() => {
                    self.deaf |= !writes && to.send(Message::Ping(Bytes::new())).await.is_err();
                    None
                }
            };
            if self.deaf {
                self.backlog.clear();
                self.waiting = 0;
            }
            if let Some(message) = message
                && let Err(end) = self.take(message).await
            {
                return end;
            }
        }
    }

    /// One step towards the agent.
    async fn write(&mut self, to: &mut Outward) {
        let written = match self.backlog.front() {
            Some(frame) => match poll_fn(|context| to.poll_ready_unpin(context)).await {
                Ok(()) => to.start_send_unpin(Message::Binary(frame.clone())),
                Err(error) => Err(error),
            },
            None => to.flush().await,
        };
        if written.is_err() {
            self.deaf = true;
            return;
        }
        match self.backlog.pop_front() {
            Some(frame) => {
                self.waiting -= frame.len();
                self.unflushed = true;
            }
            None => self.unflushed = false,
        }
    }

    async fn take(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), UpEnd> {
        match message {
            Some(Ok(Message::Binary(frame))) => self.frame(frame).await,
            Some(Ok(Message::Text(text))) => self.control(&text).await,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(UpEnd::Gone),
        }
    }

    async fn frame(&mut self, frame: Bytes) -> Result<(), UpEnd> {
        match self.stdin.take(&frame).map_err(|breach| UpEnd::Breach(breach.to_string()))? {
            FromPerson::Nothing => return Ok(()),
            FromPerson::End => {}
            FromPerson::Input(data) => self.tap.data(Kind::In, &data).await.map_err(UpEnd::NotRecorded)?,
        }
        if !self.deaf {
            self.waiting += frame.len();
            self.backlog.push_back(frame);
        }
        Ok(())
    }

    async fn control(&mut self, text: &str) -> Result<(), UpEnd> {
        let said = parse(text).map_err(|gone: Gone| UpEnd::Breach(gone.to_string()))?;
        let message = match said {
            FromClient::Signal { signal } => ToAgent::Signal { session: self.session, signal },
            FromClient::Resize { size } => {
                let recorded = self.tap.resize(Size { cols: size.cols, rows: size.rows }).await;
                recorded.map_err(UpEnd::NotRecorded)?;
                ToAgent::Resize { session: self.session, size }
            }
            FromClient::Cancel => return Err(UpEnd::Cancelled),
            FromClient::Run => return Ok(()),
            FromClient::Finished { .. } => {
                return Err(UpEnd::Breach("the end of a command that runs elsewhere".to_owned()));
            }
            FromClient::Open(_) | FromClient::Resume { .. } => {
                return Err(UpEnd::Breach("a session has begun already".to_owned()));
            }
        };
        // Without its control connection the agent hears nothing; the session's own watch sees to that.
        if let Some(link) = self.gateway.hub().agents.get(self.agent) {
            let _ = link.say(message).await;
        }
        Ok(())
    }
}

fn pings() -> Interval {
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}
