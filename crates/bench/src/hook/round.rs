//! One round: first hooks, then a warm daemon's requests, one at a time.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::timeout;

use crate::{
    hook::{
        Options,
        home::Program,
        stand::{Questions, STEP_WITHIN, Stand},
    },
    ms, process, samples,
    stats::{OverRounds, Samples},
};

/// Between a message and the click on it. A person takes longer; the original loses clicks that come at once.
const GLANCE: Duration = Duration::from_millis(20);

/// What a round came to.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// Start of a first hook until its message was there.
    pub(crate) cold: Samples,
    /// Start of a hook until its message was there, with a daemon running.
    pub(crate) warm: Samples,
    /// Click until the hook's end, with a daemon running.
    pub(crate) answer: Samples,
    /// Peak resident size of each hook while it waited.
    pub(crate) client_mib: Samples,
    /// Resident size of the daemon at the end.
    pub(crate) daemon_mib: f64,
    /// Hooks that did not answer.
    pub(crate) hung: usize,
}

/// Every round of one program.
#[derive(Debug, Default)]
pub(crate) struct Rounds(Vec<Round>);

/// One request's way.
struct Pass {
    to_post: Duration,
    to_exit: Option<Duration>,
    client_mib: f64,
}

impl Rounds {
    /// Adds one.
    pub(crate) fn add(&mut self, round: Round) {
        self.0.push(round);
    }

    /// One figure over them.
    pub(crate) fn over(&self, figure: impl Fn(&Round) -> f64) -> OverRounds {
        OverRounds::of(&self.0, figure)
    }

    /// How many hooks did not answer.
    pub(crate) fn hung(&self) -> usize {
        self.0.iter().map(|round| round.hung).sum()
    }

    /// How many samples one of a round's figures has in all.
    pub(crate) fn count(&self, figure: impl Fn(&Round) -> usize) -> usize {
        self.0.iter().map(figure).sum()
    }
}

/// Runs a round of a program.
pub(crate) async fn run(program: &Program, options: &Options) -> Result<Round> {
    let mut cold = Vec::with_capacity(options.cold + 1);
    for _ in 0..options.cold {
        let stand = Stand::new(program).await?;
        let mut questions = stand.questions();
        cold.push(pass(&stand, &mut questions).await?);
    }
    let stand = Stand::new(program).await?;
    let mut questions = stand.questions();
    cold.push(pass(&stand, &mut questions).await?);
    let mut warm = Vec::with_capacity(options.warm);
    for _ in 0..options.warm {
        warm.push(pass(&stand, &mut questions).await?);
    }
    let daemon_mib = stand.home.daemon().and_then(process::resident_mib).unwrap_or(f64::NAN);
    let all = || cold.iter().chain(&warm);
    Ok(Round {
        cold: samples(cold.iter().map(|pass| pass.to_post)),
        warm: samples(warm.iter().map(|pass| pass.to_post)),
        answer: samples(warm.iter().filter_map(|pass| pass.to_exit)),
        client_mib: Samples::new(all().map(|pass| pass.client_mib).collect()),
        daemon_mib,
        hung: all().filter(|pass| pass.to_exit.is_none()).count(),
    })
}

/// A hook is started, its message is seen, approved and closed.
async fn pass(stand: &Stand, questions: &mut Questions<'_>) -> Result<Pass> {
    let hook = stand.start("make -C /srv/app test").await?;
    let asked = questions.next().await?;
    let to_post = asked.at.duration_since(hook.started);
    ensure!(ms(to_post) > 0.0, "a message came before its hook");
    tokio::time::sleep(GLANCE).await;
    stand.connected().await?;
    let client_mib = hook.child.id().and_then(process::peak_mib).unwrap_or(f64::NAN);
    let clicked = std::time::Instant::now();
    let (approved, ended) = tokio::join!(stand.approve(&asked), timeout(STEP_WITHIN, hook.finish()));
    approved?;
    let to_exit = match ended {
        Ok(finished) => {
            let (at, allowed) = finished?;
            allowed.then(|| at.duration_since(clicked))
        }
        Err(_) => None,
    };
    stand.closed(&asked).await?;
    Ok(Pass { to_post, to_exit, client_mib })
}
