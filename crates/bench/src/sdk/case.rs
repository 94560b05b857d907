//! The cases: what is sent to an app, and what of it is measured.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::{process::Child, time::timeout};

use super::{
    Options,
    app::{App, Handler},
    drive::{Driver, Pace},
    envelope::Kind,
    server::Server,
};
use crate::{process, stats::Samples};

/// Longest time from an app's start to its connection.
const START_WITHIN: Duration = Duration::from_secs(20);

/// Time that events are sent for before they count.
const WARM: Duration = Duration::from_secs(1);

/// How long an app is left alone before its size is taken.
const REST: Duration = Duration::from_millis(500);

/// Events of the paced case, a second.
const PACE: u32 = 50;

/// A case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Starts, and nothing else.
    Start,
    /// Handlers that do nothing.
    Trivial(Kind, usize),
    /// Handlers that sleep for a second once they have acknowledged, with this many un-acknowledged.
    Slow(Kind, usize),
    /// The same with 50 events a second.
    SlowPaced(Kind),
}

/// Every case, in the order they are measured in.
pub(crate) const ALL: [Case; 9] = [
    Case::Start,
    Case::Trivial(Kind::Mention, 64),
    Case::Trivial(Kind::Button, 64),
    Case::Trivial(Kind::Mention, 1),
    Case::Trivial(Kind::Button, 1),
    Case::Slow(Kind::Mention, 64),
    Case::Slow(Kind::Button, 64),
    Case::SlowPaced(Kind::Mention),
    Case::SlowPaced(Kind::Button),
];

/// What came of a case with one app.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) case: Case,
    /// Process start to hello, in milliseconds.
    pub(crate) hello: Samples,
    /// Process start to the first acknowledgement.
    pub(crate) first_ack: Samples,
    /// Resident size after half a second without events.
    pub(crate) idle_mib: f64,
    /// Nothing for a case of starts.
    pub(crate) acks: Option<Acks>,
}

/// The acknowledgements of a case.
#[derive(Clone, Debug)]
pub(crate) struct Acks {
    pub(crate) per_s: f64,
    pub(crate) latency: Samples,
    /// Later than Slack waits, or never.
    pub(crate) late: usize,
    /// The app's processor time for each, in microseconds.
    pub(crate) cpu_us: f64,
    pub(crate) end_mib: f64,
}

/// An app that has connected.
struct Started {
    child: Child,
    driver: Driver,
    _server: Server,
    to_hello: Duration,
    to_ack: Duration,
}

impl Case {
    /// Runs it with an app, in a process of its own.
    pub(crate) async fn run(self, app: &App, options: &Options) -> Result<Outcome> {
        let mut starts = Vec::new();
        if self == Self::Start {
            for _ in 1..options.starts {
                let started = start(app, Handler::Trivial).await?;
                starts.push((started.to_hello, started.to_ack));
            }
        }
        let mut started = start(app, self.handler()).await?;
        starts.push((started.to_hello, started.to_ack));
        tokio::time::sleep(REST).await;
        let idle_mib = started.mib()?;
        let acks = match self.plan() {
            None => None,
            Some((kind, pace)) => Some(started.acks(kind, pace, options.counted()).await?),
        };
        let hello = crate::samples(starts.iter().map(|(hello, _)| *hello));
        let first_ack = crate::samples(starts.iter().map(|(_, ack)| *ack));
        Ok(Outcome { case: self, hello, first_ack, idle_mib, acks })
    }

    fn handler(self) -> Handler {
        match self {
            Self::Start | Self::Trivial(..) => Handler::Trivial,
            Self::Slow(..) | Self::SlowPaced(_) => Handler::Slow,
        }
    }

    fn plan(self) -> Option<(Kind, Pace)> {
        match self {
            Self::Start => None,
            Self::Trivial(kind, window) | Self::Slow(kind, window) => Some((kind, Pace::Window(window))),
            Self::SlowPaced(kind) => Some((kind, Pace::PerSecond(PACE))),
        }
    }

    /// As tables call it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Start => "start".to_owned(),
            Self::Trivial(kind, window) => format!("{}, trivial handler, window {window}", kind.name()),
            Self::Slow(kind, window) => format!("{}, handler of 1 s, window {window}", kind.name()),
            Self::SlowPaced(kind) => format!("{}, handler of 1 s, {PACE} a second", kind.name()),
        }
    }
}

async fn start(app: &App, handler: Handler) -> Result<Started> {
    let mut server = Server::start().await?;
    let began = Instant::now();
    let child = app.start(handler, &server.api_url)?;
    let greeted = timeout(START_WITHIN, server.greeted()).await;
    let (socket, hello) = greeted.context("the app does not connect")??;
    let mut driver = Driver::new(socket);
    let first = timeout(START_WITHIN, driver.one(Kind::Mention)).await;
    first.context("the app does not acknowledge")??;
    let to_ack = began.elapsed();
    Ok(Started { child, driver, _server: server, to_hello: hello.duration_since(began), to_ack })
}

impl Started {
    async fn acks(&mut self, kind: Kind, pace: Pace, counted: Duration) -> Result<Acks> {
        // A queue that fills while nothing counts would be measured with what follows.
        if matches!(pace, Pace::Window(_)) {
            self.driver.run(kind, pace, WARM).await?;
        }
        let (began, before) = (Instant::now(), self.cpu()?);
        let driven = self.driver.run(kind, pace, counted).await?;
        let cpu = self.cpu()?.saturating_sub(before);
        let seconds = counted.max(Duration::from_millis(1)).min(began.elapsed()).as_secs_f64();
        let in_time = f64::from(u32::try_from(driven.in_time)?);
        let late = driven.times.iter().filter(|time| **time > Duration::from_secs(3)).count() + driven.left;
        // None at all: no figure rather than a wrong one.
        let acks = match driven.times.len() {
            0 => f64::NAN,
            some => f64::from(u32::try_from(some)?),
        };
        Ok(Acks {
            per_s: in_time / seconds,
            latency: crate::samples(driven.times),
            late,
            cpu_us: cpu.as_secs_f64() * 1e6 / acks,
            end_mib: self.mib()?,
        })
    }

    fn pid(&self) -> Result<u32> {
        self.child.id().context("the app has ended")
    }

    fn cpu(&self) -> Result<Duration> {
        process::processor_time(self.pid()?).context("the app has ended")
    }

    fn mib(&self) -> Result<f64> {
        process::resident_mib(self.pid()?).context("the app has ended")
    }
}

impl Outcome {
    /// For progress.
    pub(crate) fn brief(&self) -> String {
        match &self.acks {
            None => format!("hello after {:.1} ms, {:.1} MiB", self.hello.median(), self.idle_mib),
            Some(acks) => format!("{:.0} acks/s, p99 {:.2} ms", acks.per_s, acks.latency.percentile(99)),
        }
    }
}
