//! Five first hooks at once: who starts the daemon?

use std::time::Duration;

use anyhow::Result;
use tokio::{task::JoinSet, time::timeout};

use crate::hook::{
    home::Program,
    stand::{STEP_WITHIN, Stand},
};

/// Hooks that start together.
pub(crate) const AT_ONCE: usize = 5;

/// Rounds of the original, most of whose hooks hang for the whole limit: as many as its figure was taken from.
pub(crate) const ORIGINAL_ROUNDS: usize = 4;

/// A person's delay before the clicks, as the original was measured with.
const HESITATION: Duration = Duration::from_millis(700);

/// What the rounds came to.
#[derive(Debug, Default)]
pub(crate) struct Races {
    /// Rounds.
    pub(crate) rounds: usize,
    /// Hooks that had no answer although their button was pressed.
    pub(crate) hung: usize,
    /// The most daemons that were ever started in a round.
    pub(crate) most_started: usize,
    /// The most daemons that were there after a round.
    pub(crate) most_left: usize,
}

/// Runs the rounds.
pub(crate) async fn run(program: &Program, rounds: usize) -> Result<Races> {
    let mut races = Races { rounds, ..Races::default() };
    for _ in 0..rounds {
        let stand = Stand::new(program).await?;
        races.hung += hung(&stand).await?;
        let (started, left) = stand.home.daemons();
        races.most_started = races.most_started.max(started);
        races.most_left = races.most_left.max(left);
    }
    Ok(races)
}

async fn hung(stand: &Stand) -> Result<usize> {
    let mut questions = stand.questions();
    let mut hooks = JoinSet::new();
    for number in 0..AT_ONCE {
        let hook = stand.start(&format!("make race-{number}")).await?;
        hooks.spawn(timeout(STEP_WITHIN, hook.finish()));
    }
    let mut asked = Vec::new();
    while asked.len() < AT_ONCE {
        // A message that never comes is a hook that hangs, not an end of the measurement.
        let Ok(question) = questions.next().await else { break };
        asked.push(question);
        asked.extend(questions.drain());
    }
    tokio::time::sleep(HESITATION).await;
    stand.connected().await?;
    for question in &asked {
        stand.approve(question).await?;
    }
    let mut hung = 0;
    while let Some(ended) = hooks.join_next().await {
        let answered = matches!(ended, Ok(Ok(Ok((_, true)))));
        hung += usize::from(!answered);
    }
    Ok(hung)
}
