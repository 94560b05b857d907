//! An app that is handed its events one by one, over a connection that we hold.
//!
//! One task owns everything here: what Slack delivers goes into [`Lanes`], out of them into processes of the `start` hook,
//! and back to Slack. Each event has a [`Receipt`], and a moment at which it is acknowledged in any case.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use countersign_slack::socket_mode::Delivery;
use serde_json::Value;
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::{Instant, sleep_until},
};

use super::{
    event::{Event, Lane},
    lanes::Lanes,
    receipt::{Receipt, Settled},
    scene::Scene,
    socket::{Heard, Sockets},
};
use crate::{Failure, app::Installed};

/// How long hooks may go on when everything ends.
const GRACE: Duration = Duration::from_secs(5);
/// How much of what Slack delivered may wait for its turn, in bytes; more is dropped, and said to be.
const WAITING: usize = 64 << 20;

/// An app that is handed its events one by one.
#[derive(Debug)]
pub(super) struct Connected {
    scene: Arc<Scene>,
    installed: Arc<Installed>,
    sockets: Sockets,
    lanes: Lanes<Lane, Event>,
    waiting: usize,
    hooks: JoinSet<()>,
    lane_of: HashMap<Id, Option<Lane>>,
    /// In the order in which they came, which is that in which they are due.
    due: VecDeque<(Instant, Arc<Receipt>, String)>,
}

/// What may happen next.
enum Step {
    Heard(Heard),
    Done(Result<(Id, ()), JoinError>),
    Due,
}

impl Connected {
    /// Connects.
    pub(super) fn start(scene: &Arc<Scene>, installed: Installed) -> Result<Self, Failure> {
        let sockets = Sockets::open(scene.account.api.client().clone(), &installed)?;
        Ok(Self {
            scene: Arc::clone(scene),
            installed: Arc::new(installed),
            sockets,
            lanes: Lanes::new(scene.options.jobs),
            waiting: 0,
            hooks: JoinSet::new(),
            lane_of: HashMap::new(),
            due: VecDeque::new(),
        })
    }

    /// Hands events on until the connection ends for good.
    pub(super) async fn ended(&mut self) -> Failure {
        loop {
            let step = self.step().await;
            if let Some(failure) = self.take(step) {
                return failure;
            }
        }
    }

    /// Another installation counts from now on.
    pub(super) fn renew(&mut self, installed: Installed) -> Result<(), Failure> {
        self.sockets.renew(&installed)?;
        self.installed = Arc::new(installed);
        Ok(())
    }

    /// Ends: what has begun may come to its end, what waits is left to Slack.
    pub(super) async fn end(mut self) {
        self.sockets.close();
        let left = self.lanes.take_waiting();
        // What was not acknowledged is delivered again, to whoever connects next.
        let lost = left.iter().filter(|event| !event.receipt.give_back()).count();
        let end = Instant::now() + GRACE;
        while !self.hooks.is_empty() {
            let due = self.due.front().map_or(end, |(due, ..)| *due);
            tokio::select! {
                biased;
                Some(_) = self.hooks.join_next() => {}
                () = sleep_until(end) => break,
                () = sleep_until(due) => self.acknowledge_due(),
            }
        }
        let unfinished = lost + self.hooks.len();
        if unfinished > 0 {
            self.scene.warn(&format!("{unfinished} events were not handled to their end"));
        }
        self.hooks.shutdown().await;
        self.due.clear();
        self.sockets.ended().await;
    }

    /// Waits for what happens next; nothing is lost when it is not waited for.
    async fn step(&mut self) -> Step {
        let due = self.due.front().map(|(due, ..)| *due);
        tokio::select! {
            biased;
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Step::Due,
            Some(done) = self.hooks.join_next_with_id() => Step::Done(done),
            heard = self.sockets.heard() => Step::Heard(heard),
        }
    }

    fn take(&mut self, step: Step) -> Option<Failure> {
        match step {
            Step::Heard(Heard::Delivery(delivery)) => self.deliver(*delivery),
            Step::Heard(Heard::Status(connection)) => connection.tell(&self.scene),
            Step::Heard(Heard::Ended(failure)) => return Some(failure),
            Step::Done(done) => self.done(&done),
            Step::Due => self.acknowledge_due(),
        }
        self.begin();
        None
    }

    fn deliver(&mut self, delivery: Delivery) {
        let Delivery { envelope, ack } = delivery;
        let lane = Lane::of(envelope.payload.get());
        let (receipt, due) = Receipt::new(ack, envelope.accepts_response_payload);
        let event = Event { envelope, receipt };
        if self.waiting + event.size() > WAITING {
            self.scene.warn(&format!("{event} was dropped: too many events wait for the `start` hook"));
            // It was taken note of, and is not wanted again.
            event.receipt.expire();
            return;
        }
        self.waiting += event.size();
        self.due.push_back((due, Arc::clone(&event.receipt), event.to_string()));
        self.lanes.push(lane, event);
    }

    /// Starts as many hooks as may run.
    fn begin(&mut self) {
        while let Some((lane, event)) = self.lanes.next() {
            self.waiting = self.waiting.saturating_sub(event.size());
            let (scene, installed) = (Arc::clone(&self.scene), Arc::clone(&self.installed));
            let task = self.hooks.spawn(handle(scene, installed, event));
            self.lane_of.insert(task.id(), lane);
        }
    }

    fn done(&mut self, done: &Result<(Id, ()), JoinError>) {
        let id = match done {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.lanes.ended(self.lane_of.remove(&id).flatten());
    }

    fn acknowledge_due(&mut self) {
        let now = Instant::now();
        while let Some((_, receipt, event)) =
            self.due.pop_front_if(|(due, receipt, _)| *due <= now || receipt.is_settled())
        {
            // A hook that hangs holds up its channel: that is to be seen.
            if receipt.expire() {
                self.scene.warn(&format!("{event} is not handled yet; Slack was told that it came"));
            }
        }
    }
}

/// Handles one event; whatever comes of it is told, and ends nothing else.
async fn handle(scene: Arc<Scene>, installed: Arc<Installed>, event: Event) {
    let began = Instant::now();
    let answer = answer(&scene, &installed, &event).await;
    let (payload, failure) = match answer {
        Ok(payload) => (payload, None),
        Err(failure) => (None, Some(failure)),
    };
    // Slack first: people may take their time to read.
    let settled = event.receipt.settle(payload);
    if let Some(failure) = failure {
        scene.report(&format!("{event} was not handled"), &failure);
    }
    match settled {
        Settled::InTime => {}
        Settled::TooLate => {
            let took = began.elapsed().as_millis();
            scene.warn(&format!(
                "the answer to {event} came too late for Slack, which waits three seconds (the hook took {took} ms)"
            ));
        }
        Settled::Lost => scene.warn(&format!("the answer to {event} was lost: the connection to Slack has ended")),
    }
}

/// What the hook answers; `None` is nothing.
async fn answer(scene: &Scene, installed: &Installed, event: &Event) -> Result<Option<Value>, Failure> {
    let project = scene.project.with_fresh_dotenv()?;
    let input = event.input(project.dotenv(), installed)?;
    let answer = scene.start(&project, installed)?.shared_tokens(&installed.tokens).input(input).answer().await?;
    if answer.bytes.is_empty() {
        return Ok(None);
    }
    answer.json().map(|value: Value| Some(value).filter(|value| !value.is_null()))
}
