//! Playing a recording.

use std::time::Duration;

use serde_json::Value;

use super::call::Call;
use super::names::Names;
use super::recording::{Recording, Step, named};
use super::report::{Difference, Report, What};
use crate::running::Running;

/// How long the app is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// For as many calls as were recorded, after each gesture.
    pub patience: Duration,
    /// For further calls after the last one.
    pub settle: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { patience: Duration::from_secs(10), settle: Duration::from_millis(300) }
    }
}

/// Something that found no partner in its step.
#[derive(Clone, Debug)]
struct Single {
    step: usize,
    call: Call,
}

/// What is known while a recording is played.
#[derive(Debug, Default)]
struct Comparison {
    names: Names,
    missing: Vec<Single>,
    beside: Vec<Single>,
    differences: Vec<Difference>,
}

impl Recording {
    /// Does again what people did and compares what the app does; the app is connected already.
    pub async fn replay(&self, running: &Running, pace: Pace) -> Report {
        let mut comparison = Comparison::default();
        comparison.names.learn(self.names(), &named(running.ready()));
        let mut seen = 0;
        for (number, step) in self.steps.iter().enumerate() {
            if let Some(gesture) = &step.gesture {
                match gesture.perform(running.workspace(), &comparison.names).await {
                    Ok(lesson) => comparison.names.learn(&gesture.details, &lesson),
                    Err(why) => comparison.add(self, number, What::Impossible { why }),
                }
            }
            let now = follow(running, seen, step.calls.len(), pace).await;
            seen = now.last;
            comparison.step(number, step, &now.step);
        }
        let differences = comparison.finish(self);
        Report { gestures: self.gestures(), calls: self.calls(), differences }
    }

    fn told(&self, number: usize) -> String {
        let gesture = self.steps.get(number).and_then(|step| step.gesture.as_ref());
        gesture.map_or_else(|| "before anybody did anything".to_owned(), ToString::to_string)
    }
}

/// What the app did since a line of the journal.
struct Followed {
    step: Step,
    last: u64,
}

/// Waits until the app has done as much as it did then, and then until it does nothing more.
async fn follow(running: &Running, since: u64, calls: usize, pace: Pace) -> Followed {
    let count = |running: &Running| {
        let entries = running.workspace().journal(since);
        entries.iter().filter(|entry| Call::of(&entry.value).is_some()).count()
    };
    running.wait(|running| (count(running) >= calls).then_some(()), pace.patience).await;
    loop {
        let before = count(running);
        if running.wait(|running| (count(running) > before).then_some(()), pace.settle).await.is_none() {
            break;
        }
    }
    let mut followed = Followed { step: Step::default(), last: since };
    for entry in running.workspace().journal(since) {
        followed.last = entry.seq;
        followed.step.take(&entry.value);
    }
    followed
}

impl Comparison {
    /// Pairs what the app did in a step with what it did then.
    fn step(&mut self, number: usize, then: &Step, now: &Step) {
        let mut left: Vec<&Call> = now.calls.iter().collect();
        let mut singles = Vec::new();
        for call in &then.calls {
            match self.partner(call, &left) {
                Some(position) => self.names.learn(&call.response, &left.remove(position).response),
                None => singles.push(call),
            }
        }
        // The names of calls that changed are needed all the same.
        for call in &singles {
            if let Some(other) = left.iter().find(|other| other.method == call.method) {
                self.names.learn(&call.content, &other.content);
                self.names.learn(&call.response, &other.response);
            }
        }
        let mut told: Vec<&Value> = now.told.iter().collect();
        for payload in &then.told {
            if let Some(position) = told.iter().position(|other| self.same(payload, other)) {
                told.remove(position);
            }
        }
        let single = |call: &Call| Single { step: number, call: call.clone() };
        self.missing.extend(singles.into_iter().map(single));
        self.beside.extend(left.into_iter().map(single));
    }

    /// The first call that is the same; its names are learnt.
    fn partner(&mut self, call: &Call, among: &[&Call]) -> Option<usize> {
        among.iter().position(|other| other.method == call.method && self.same(&call.content, &other.content))
    }

    /// Whether two values are the same but for names, which are learnt then.
    fn same(&mut self, then: &Value, now: &Value) -> bool {
        let mut names = self.names.clone();
        let is_same = names.compare(then, now).is_empty();
        if is_same {
            self.names = names;
        }
        is_same
    }

    fn add(&mut self, recording: &Recording, step: usize, what: What) {
        self.differences.push(Difference { step, gesture: recording.told(step), what });
    }

    /// Pairs across steps what found no partner in its own, and says what is left.
    fn finish(mut self, recording: &Recording) -> Vec<Difference> {
        let mut beside = std::mem::take(&mut self.beside);
        let mut missing = Vec::new();
        for single in std::mem::take(&mut self.missing) {
            let others: Vec<&Call> = beside.iter().map(|other| &other.call).collect();
            match self.partner(&single.call, &others) {
                Some(position) => drop(beside.remove(position)),
                None => missing.push(single),
            }
        }
        for single in missing {
            let is_like = |other: &Single| other.step == single.step && other.call.method == single.call.method;
            let Some(position) = beside.iter().position(is_like) else {
                let Call { method, content, .. } = single.call;
                self.add(recording, single.step, What::Missing { method, args: args(&content) });
                continue;
            };
            let other = beside.remove(position);
            for found in self.names.compare(&single.call.content, &other.call.content) {
                let method = single.call.method.clone();
                let changed = What::Changed { method, pointer: found.pointer, then: found.then, now: found.now };
                self.add(recording, single.step, changed);
            }
        }
        for Single { step, call } in beside {
            self.add(recording, step, What::Unexpected { method: call.method, args: args(&call.content) });
        }
        self.differences.sort_by_key(|difference| difference.step);
        self.differences
    }
}

fn args(content: &Value) -> Value {
    content.get("args").cloned().unwrap_or_default()
}
