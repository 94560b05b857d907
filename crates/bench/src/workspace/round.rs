//! One round of everything, part by part, each program in turn.

use anyhow::{Context as _, Result};

use super::{
    Options,
    cell::{self, CELLS},
    events::{self, Events},
    memory::{self, Size},
    peer::Program,
};
use crate::{load::Counted, ms, process, stats::Samples};

/// What one program's round came to; a part that was not measured is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round {
    /// Start to the readiness line.
    pub(crate) ready: Samples,
    /// Start to the first answer.
    pub(crate) answer: Samples,
    /// Resident size then.
    pub(crate) idle_mib: Samples,
    /// In the order of [`CELLS`].
    pub(crate) cells: Vec<Counted>,
    pub(crate) events: Option<Events>,
    pub(crate) sizes: Vec<Size>,
}

/// Every round of one program.
#[derive(Debug, Default)]
pub(crate) struct Rounds(pub(crate) Vec<Round>);

/// Measures a round of each program, in this order within each part.
pub(crate) async fn run(programs: &[&Program], options: &Options) -> Result<Vec<Round>> {
    let mut rounds: Vec<(&Program, Round)> = programs.iter().map(|program| (*program, Round::default())).collect();
    if options.has("start") {
        for (program, round) in &mut rounds {
            starts(program, options.starts, round).await?;
        }
    }
    if options.has("calls") {
        for cell in CELLS {
            for (program, round) in &mut rounds {
                let (method, connections) = cell;
                let counted = cell::run(program, cell, options.counted()).await;
                let counted = counted.with_context(|| format!("{method} of {}", program.name()))?;
                eprintln!("  {method}, {connections} connections, {}: {:.0} calls/s", program.name(), counted.per_s);
                round.cells.push(counted);
            }
        }
    }
    if options.has("events") {
        for (program, round) in rounds.iter_mut().filter(|(program, _)| program.is_ours()) {
            let events = events::run(program, options.counted()).await.context("events")?;
            eprintln!("  events: {:.0}/s", events.per_s);
            round.events = Some(events);
        }
    }
    if options.has("memory") {
        for (program, round) in &mut rounds {
            let sizes = memory::run(program, &options.messages).await;
            round.sizes = sizes.with_context(|| format!("the size of {}", program.name()))?;
            let shown: Vec<String> = round.sizes.iter().map(|size| format!("{:.0} MiB", size.mib)).collect();
            eprintln!("  sizes of {}: {}", program.name(), shown.join(", "));
        }
    }
    Ok(rounds.into_iter().map(|(_, round)| round).collect())
}

async fn starts(program: &Program, count: usize, round: &mut Round) -> Result<()> {
    let (mut ready, mut answer, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        let running = program.start().await?;
        ready.extend(running.to_ready.map(ms));
        answer.push(ms(running.to_answer));
        idle.extend(process::resident_mib(running.pid()?));
    }
    (round.ready, round.answer, round.idle_mib) = (Samples::new(ready), Samples::new(answer), Samples::new(idle));
    Ok(())
}
