//! Many requests that are pending at once, all decided.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::{sync::oneshot, task::JoinSet, time::timeout};

use crate::{
    hook::{
        home::Program,
        stand::{Asked, STEP_WITHIN, Stand},
    },
    process, samples,
    stats::{OverRounds, Samples},
};

/// Longest time for a crowd to be asked.
const ASKED_WITHIN: Duration = Duration::from_mins(1);

/// Hooks started before the first of them is waited for: more than that at once would measure the queue for two cores.
const STARTING: usize = 16;

/// What one crowd came to.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    /// Click until the hook's end.
    pub(crate) answer: Samples,
    /// Hooks without an answer.
    pub(crate) lost: usize,
    /// The daemon's resident size while all were pending.
    pub(crate) daemon_mib: f64,
    /// Decisions in a second, with the given number of people.
    pub(crate) decided_per_s: f64,
}

/// Every crowd.
#[derive(Debug, Default)]
pub(crate) struct Crowds(Vec<Crowd>);

/// The hooks that wait, by what they ask about.
type Waiting = HashMap<String, oneshot::Receiver<(Instant, bool)>>;

impl Crowds {
    /// Adds one.
    pub(crate) fn add(&mut self, crowd: Crowd) {
        self.0.push(crowd);
    }

    /// One figure over them.
    pub(crate) fn over(&self, figure: impl Fn(&Crowd) -> f64) -> OverRounds {
        OverRounds::of(&self.0, figure)
    }

    /// Hooks without an answer, in all.
    pub(crate) fn lost(&self) -> usize {
        self.0.iter().map(|crowd| crowd.lost).sum()
    }
}

/// Asks `size` times, then has `people` decide everything.
pub(crate) async fn run(program: &Program, size: usize, people: usize) -> Result<Crowd> {
    let stand = Stand::new(program).await?;
    let mut hooks = JoinSet::new();
    let asking = ask(&stand, size, &mut hooks);
    let (waiting, asked) = timeout(ASKED_WITHIN, asking).await.context("the crowd was not asked in time")??;
    let daemon_mib = stand.home.daemon().and_then(process::resident_mib).unwrap_or(f64::NAN);
    stand.connected().await?;
    let started = Instant::now();
    let times = decide(&stand, waiting, &asked, people).await?;
    let took = started.elapsed();
    let lost = size - times.len();
    let answer = samples(times);
    let decided = u32::try_from(answer.len()).unwrap_or(u32::MAX);
    let decided_per_s = f64::from(decided) / took.as_secs_f64();
    hooks.abort_all();
    Ok(Crowd { answer, lost, daemon_mib, decided_per_s })
}

/// Starts the hooks and waits until each has its message.
async fn ask(stand: &Stand, size: usize, hooks: &mut JoinSet<()>) -> Result<(Waiting, Vec<Asked>)> {
    let mut questions = stand.questions();
    let (mut waiting, mut asked) = (Waiting::new(), Vec::with_capacity(size));
    for number in 0..size {
        let name = format!("crowd-{number:05}");
        let hook = stand.start(&format!("make {name}")).await?;
        let (tell, told) = oneshot::channel();
        hooks.spawn(async move {
            if let Ok(end) = hook.finish().await {
                // Nobody listens once the limit has passed.
                let _ = tell.send(end);
            }
        });
        waiting.insert(name, told);
        while waiting.len() - asked.len() >= STARTING {
            asked.push(questions.next().await?);
        }
    }
    while asked.len() < size {
        asked.push(questions.next().await?);
    }
    Ok((waiting, asked))
}

/// Each person clicks, waits until that hook has ended, and takes the next.
async fn decide(stand: &Stand, waiting: Waiting, asked: &[Asked], people: usize) -> Result<Vec<Duration>> {
    // Locked to take one.
    let left = Mutex::new((asked.iter(), waiting));
    let take = || {
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        let question = left.0.next()?;
        let name = question.text.find("crowd-").and_then(|at| question.text.get(at..at + "crowd-00000".len()))?;
        Some((question, left.1.remove(name)?))
    };
    let person = async || -> Result<Vec<Duration>> {
        let mut times = Vec::new();
        while let Some((question, end)) = take() {
            let clicked = Instant::now();
            let (approved, ended) = tokio::join!(stand.approve(question), timeout(STEP_WITHIN, end));
            approved?;
            if let Ok(Ok((at, true))) = ended {
                times.push(at.duration_since(clicked));
            }
        }
        Ok(times)
    };
    let all = futures_util::future::try_join_all((0..people).map(|_| person())).await?;
    Ok(all.into_iter().flatten().collect())
}
