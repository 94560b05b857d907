//! One connection that is ready: deliveries in, acknowledgements out.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{self, Permit};
use tokio::sync::oneshot;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{self, Bytes, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::connection::Socket;
use super::envelope::{AckHandle, Delivery, Incoming, Out, ack_frame};
use super::frame::{Disconnect, Frame};
use super::run::{Outlet, Shared};
use super::seen::Before;
use super::status::StopReason;
use crate::ids::EnvelopeId;

/// How long a replaced connection is still read: what Slack sent before it knew of the new one.
const LINGER: Duration = Duration::from_secs(1);
/// How long a replaced connection waits for its acknowledgements; Slack waits three seconds for them.
const LAST_ACKS: Duration = Duration::from_secs(4);
/// How long writing may take before the connection counts as lost.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Frames that are read before what they caused is written: one write then carries many acknowledgements.
const BATCH: usize = 64;

/// Why a new connection is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Slack said so; this one still works.
    Refresh,
    /// The app has too many; this one ends when what it delivered is acknowledged.
    TooMany,
    /// It broke, or was closed.
    Lost,
    /// Everything stops.
    Stop,
}

/// A connection, owned by its task.
pub(super) struct Link {
    shared: Arc<Shared>,
    socket: Socket,
    out: mpsc::UnboundedSender<Out>,
    outs: mpsc::UnboundedReceiver<Out>,
    /// Tells the slot, once, that a new connection is wanted.
    ending: Option<oneshot::Sender<Ending>>,
    /// Cancelled when this connection has been replaced, or everything stops.
    retire: CancellationToken,
    retiring: Option<Retiring>,
    /// Received while the receiver has no room; nothing more is read until it has.
    waiting: Option<Delivery>,
    /// Deliveries that are neither acknowledged nor given up.
    outstanding: usize,
    last_heard: Instant,
    /// What is to be written next.
    queue: Vec<Message>,
}

#[derive(Debug, Clone, Copy)]
struct Retiring {
    /// From then on it ends as soon as nothing is outstanding.
    quiet: Instant,
    /// Then it ends in any case.
    end: Instant,
}

enum Step<'r> {
    Frame(Option<Result<Message, tungstenite::Error>>),
    Room(Result<Permit<'r, Delivery>, SendError<()>>),
    Out(Option<Out>),
    Tick,
    Retire,
    RetireCheck,
}

impl Link {
    pub(super) fn new(
        shared: Arc<Shared>,
        socket: Socket,
        ending: oneshot::Sender<Ending>,
        retire: CancellationToken,
    ) -> Self {
        let (out, outs) = mpsc::unbounded_channel();
        let (retiring, waiting) = (None, None);
        let (ending, outstanding, last_heard) = (Some(ending), 0, Instant::now());
        let queue = Vec::with_capacity(BATCH);
        Self { shared, socket, out, outs, ending, retire, retiring, waiting, outstanding, last_heard, queue }
    }

    /// Runs until the connection has ended.
    pub(super) async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut ticks = ticks(shared.config.ping_interval);
        loop {
            let check = self.retiring.map(Retiring::next);
            let is_reading = self.is_reading();
            let step = tokio::select! {
                frame = self.socket.next(), if is_reading => Step::Frame(frame),
                permit = room_in(&shared.outlet), if self.waiting.is_some() => Step::Room(permit),
                out = self.outs.recv() => Step::Out(out),
                _ = ticks.tick() => Step::Tick,
                () = self.retire.cancelled(), if self.retiring.is_none() => Step::Retire,
                () = sleep_until(check.unwrap_or_else(Instant::now)), if check.is_some() => Step::RetireCheck,
            };
            let flow = self.step(step);
            let flow = if flow.is_continue() { self.rest_of_batch() } else { flow };
            if self.write().await.is_break() || flow.is_break() || self.retired() {
                break;
            }
        }
        self.end().await;
    }

    fn is_reading(&self) -> bool {
        self.waiting.is_none() && !self.shared.cancel.is_cancelled()
    }

    /// Reads what has come in already, and collects what is to be written.
    fn rest_of_batch(&mut self) -> ControlFlow<()> {
        for _ in 0..BATCH {
            if !self.is_reading() {
                break;
            }
            let Some(frame) = self.socket.next().now_or_never() else { break };
            self.step(Step::Frame(frame))?;
        }
        while let Ok(out) = self.outs.try_recv() {
            self.settled(out);
        }
        ControlFlow::Continue(())
    }

    fn step(&mut self, step: Step<'_>) -> ControlFlow<()> {
        match step {
            Step::Frame(Some(Ok(message))) => return self.heard(message),
            Step::Frame(Some(Err(error))) => {
                tracing::debug!(%error, "a Socket Mode connection broke");
                return ControlFlow::Break(());
            }
            Step::Frame(None) | Step::Out(None) => return ControlFlow::Break(()),
            Step::Room(permit) => return self.room(permit),
            Step::Out(Some(out)) => self.settled(out),
            Step::Tick => return self.ping(),
            Step::Retire => self.retiring = Some(Retiring::new(self.shared.cancel.is_cancelled())),
            Step::RetireCheck => {}
        }
        ControlFlow::Continue(())
    }

    fn heard(&mut self, message: Message) -> ControlFlow<()> {
        self.last_heard = Instant::now();
        match message {
            Message::Text(text) => return self.read(&text),
            Message::Binary(bytes) => tracing::warn!(bytes = bytes.len(), "ignored a binary Socket Mode frame"),
            Message::Close(_) => {
                tracing::debug!("Slack closed a Socket Mode connection");
                // Not waiting for the end of the TCP connection, which Slack may leave open.
                return ControlFlow::Break(());
            }
            // Pings are answered by the WebSocket layer, with the same bytes.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
        ControlFlow::Continue(())
    }

    fn read(&mut self, text: &Utf8Bytes) -> ControlFlow<()> {
        match Frame::parse(text) {
            Frame::Envelope(outer) => return self.deliver(outer.incoming()),
            Frame::Disconnect(why) => return self.disconnect(why),
            Frame::Hello(_) => tracing::debug!("Slack said hello again"),
            Frame::Other(why) => tracing::warn!(bytes = text.len(), "ignored a Socket Mode frame: {why}"),
        }
        ControlFlow::Continue(())
    }

    fn deliver(&mut self, incoming: Incoming<'_>) -> ControlFlow<()> {
        let keys = incoming.keys(&self.shared.seen);
        match self.shared.seen.begin(keys) {
            Before::Never => {}
            Before::Pending => {
                tracing::debug!(slack.envelope = incoming.envelope_id, "delivered again before it was acknowledged");
                return ControlFlow::Continue(());
            }
            Before::Done => {
                tracing::debug!(slack.envelope = incoming.envelope_id, "delivered again after it was acknowledged");
                self.queue.extend(ack_frame(&EnvelopeId::from(incoming.envelope_id), None).ok().map(Message::Text));
                return ControlFlow::Continue(());
            }
        }
        self.outstanding += 1;
        let id = EnvelopeId::from(incoming.envelope_id);
        let ack = AckHandle::new(self.out.clone(), id, keys, Arc::clone(&self.shared.seen));
        match &self.shared.outlet {
            Outlet::Sink(sink) => sink.take(incoming, ack),
            Outlet::Channel(channel) => match channel.try_send(Delivery { envelope: incoming.to_envelope(), ack }) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(delivery)) => self.waiting = Some(delivery),
                Err(mpsc::error::TrySendError::Closed(_)) => return self.nobody_receives(),
            },
        }
        ControlFlow::Continue(())
    }

    fn room(&mut self, permit: Result<Permit<'_, Delivery>, SendError<()>>) -> ControlFlow<()> {
        let Ok(permit) = permit else { return self.nobody_receives() };
        if let Some(delivery) = self.waiting.take() {
            permit.send(delivery);
        }
        // Nothing was read meanwhile: the silence was ours.
        self.last_heard = Instant::now();
        ControlFlow::Continue(())
    }

    fn nobody_receives(&mut self) -> ControlFlow<()> {
        self.shared.stop(StopReason::ReceiverGone);
        ControlFlow::Break(())
    }

    fn disconnect(&mut self, why: Disconnect) -> ControlFlow<()> {
        match why {
            Disconnect::Refresh => {
                tracing::debug!("Slack wants a new Socket Mode connection");
                self.announce(Ending::Refresh);
            }
            Disconnect::TooMany => {
                // It is left, but not before what was delivered over it is acknowledged: no other connection can do that.
                self.announce(Ending::TooMany);
                self.retiring.get_or_insert_with(|| Retiring::new(true));
            }
            Disconnect::LinkDisabled => {
                self.shared.stop(StopReason::LinkDisabled);
                self.announce(Ending::Stop);
            }
        }
        ControlFlow::Continue(())
    }

    fn settled(&mut self, out: Out) {
        self.outstanding = self.outstanding.saturating_sub(1);
        if let Out::Frame(frame) = out {
            self.queue.push(Message::Text(frame));
        }
    }

    fn ping(&mut self) -> ControlFlow<()> {
        if self.waiting.is_none() && self.last_heard.elapsed() > self.shared.config.silence {
            tracing::warn!("a Socket Mode connection has gone silent");
            return ControlFlow::Break(());
        }
        self.queue.push(Message::Ping(Bytes::from_static(b"countersign")));
        ControlFlow::Continue(())
    }

    /// Writes everything that is queued, with as few writes as it takes.
    async fn write(&mut self) -> ControlFlow<()> {
        if self.queue.is_empty() {
            return ControlFlow::Continue(());
        }
        let writing = async {
            for message in self.queue.drain(..) {
                self.socket.feed(message).await?;
            }
            self.socket.flush().await
        };
        match timeout(WRITE_TIMEOUT, writing).await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a Socket Mode connection could not be written to");
                ControlFlow::Break(())
            }
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn retired(&self) -> bool {
        let now = Instant::now();
        self.retiring.is_some_and(|retiring| now >= retiring.end || (now >= retiring.quiet && self.outstanding == 0))
    }

    fn announce(&mut self, ending: Ending) {
        if let Some(sender) = self.ending.take() {
            // The slot is gone only when everything stops.
            let _ = sender.send(ending);
        }
    }

    async fn end(mut self) {
        self.shared.board.ended();
        self.announce(Ending::Lost);
        // A courtesy: whether Slack answers it changes nothing.
        let _ = timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }
}

impl Retiring {
    fn new(stopping: bool) -> Self {
        let now = Instant::now();
        let linger = if stopping { Duration::ZERO } else { LINGER };
        Self { quiet: now + linger, end: now + LAST_ACKS }
    }

    fn next(self) -> Instant {
        if Instant::now() < self.quiet { self.quiet } else { self.end }
    }
}

/// A place in the channel, once there is one.
async fn room_in(outlet: &Outlet) -> Result<Permit<'_, Delivery>, SendError<()>> {
    match outlet {
        Outlet::Channel(channel) => channel.reserve().await,
        Outlet::Sink(_) => std::future::pending().await,
    }
}

fn ticks(period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
