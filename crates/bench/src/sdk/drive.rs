//! Handing envelopes to an app and reading its acknowledgements.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::{
    net::TcpStream,
    time::{Interval, MissedTickBehavior, interval, sleep_until},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use super::envelope::{Envelopes, Kind, acknowledged};

/// How long acknowledgements are waited for after the last envelope: as long as Slack waits.
const GRACE: Duration = Duration::from_secs(3);

/// When an envelope is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As soon as fewer than this many are un-acknowledged.
    Window(usize),
    /// This many a second, whatever is un-acknowledged.
    PerSecond(u32),
}

/// An app's connection.
#[derive(Debug)]
pub(crate) struct Driver {
    socket: WebSocketStream<TcpStream>,
    /// Counts over the connection's whole life: no two envelopes are the same.
    next: usize,
    under_way: HashMap<usize, Instant>,
}

/// What came of a stretch of time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Driven {
    /// From handing an envelope over to reading its acknowledgement.
    pub(crate) times: Vec<Duration>,
    /// Acknowledged before the end of the time.
    pub(crate) in_time: usize,
    /// Not acknowledged three seconds after the last envelope.
    pub(crate) left: usize,
}

impl Driver {
    /// For a connection that was greeted.
    pub(crate) fn new(socket: WebSocketStream<TcpStream>) -> Self {
        Self { socket, next: 0, under_way: HashMap::new() }
    }

    /// Sends one envelope and waits for its acknowledgement.
    pub(crate) async fn one(&mut self, kind: Kind) -> Result<()> {
        let envelopes = Envelopes::of(kind);
        self.feed(&envelopes).await?;
        self.socket.flush().await?;
        let mut driven = Driven::default();
        while !self.under_way.is_empty() {
            self.receive(&mut driven).await?;
        }
        Ok(())
    }

    /// Sends envelopes for a while, then waits for what is under way.
    pub(crate) async fn run(&mut self, kind: Kind, pace: Pace, during: Duration) -> Result<Driven> {
        let envelopes = Envelopes::of(kind);
        let mut driven = Driven::default();
        let end = Instant::now() + during;
        match pace {
            Pace::Window(window) => self.closed_loop(&envelopes, window, end, &mut driven).await?,
            Pace::PerSecond(per_s) => self.paced(&envelopes, ticks(per_s), end, &mut driven).await?,
        }
        driven.in_time = driven.times.len();
        let patience = Instant::now() + GRACE;
        while !self.under_way.is_empty() {
            tokio::select! {
                received = self.receive(&mut driven) => received?,
                () = sleep_until(patience.into()) => break,
            }
        }
        // What comes later belongs to no stretch; it counts as taking as long as it was waited for.
        driven.left = self.under_way.drain().count();
        driven.times.extend(std::iter::repeat_n(GRACE, driven.left));
        Ok(driven)
    }

    async fn closed_loop(
        &mut self,
        envelopes: &Envelopes,
        window: usize,
        end: Instant,
        driven: &mut Driven,
    ) -> Result<()> {
        while Instant::now() < end {
            while self.under_way.len() < window {
                self.feed(envelopes).await?;
            }
            self.socket.flush().await?;
            tokio::select! {
                received = self.receive(driven) => received?,
                () = sleep_until(end.into()) => break,
            }
        }
        Ok(())
    }

    async fn paced(
        &mut self,
        envelopes: &Envelopes,
        mut ticks: Interval,
        end: Instant,
        driven: &mut Driven,
    ) -> Result<()> {
        loop {
            tokio::select! {
                received = self.receive(driven) => received?,
                _ = ticks.tick() => {
                    self.feed(envelopes).await?;
                    self.socket.flush().await?;
                }
                () = sleep_until(end.into()) => return Ok(()),
            }
        }
    }

    async fn feed(&mut self, envelopes: &Envelopes) -> Result<()> {
        let envelope = envelopes.number(self.next);
        self.under_way.insert(self.next, Instant::now());
        self.next += 1;
        Ok(self.socket.feed(Message::text(envelope)).await?)
    }

    /// Waits for a frame and takes every other that is there.
    async fn receive(&mut self, driven: &mut Driven) -> Result<()> {
        let mut next = Some(self.socket.next().await);
        while let Some(frame) = next {
            let frame = frame.context("the app has closed its connection")??;
            if let Message::Text(text) = frame
                && let Some(sent) = acknowledged(&text).and_then(|number| self.under_way.remove(&number))
            {
                driven.times.push(sent.elapsed());
            }
            next = self.socket.next().now_or_never();
        }
        Ok(())
    }
}

fn ticks(per_s: u32) -> Interval {
    let mut ticks = interval(Duration::from_secs(1) / per_s);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks
}
