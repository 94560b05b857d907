//! `bench workspace`: the local Slack as it is shipped, beside npm's `emulate`, in one interleaved run.

mod cell;
mod events;
mod figures;
mod memory;
mod peer;
mod round;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result};

use self::{peer::Program, round::Rounds};
use crate::{load::Bare, machine, program, table::Table, until_done};

/// Longest time for everything: something that hangs is an error, not a wait.
const WITHIN: Duration = Duration::from_hours(1);

/// What is measured, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The binary; by default the `countersign` beside this program.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Where npm has installed `emulate` and a Node that runs it.
    #[arg(long, value_name = "DIR")]
    emulate: Option<PathBuf>,
    /// Rounds; medians and spreads are over them.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Starts in each round.
    #[arg(long, default_value_t = 5)]
    starts: usize,
    /// Seconds that calls are counted for, in each cell, after one second that does not count.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// The numbers of messages at which the size is taken.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000])]
    messages: Vec<usize>,
    /// Ours alone.
    #[arg(long)]
    alone: bool,
    /// Only these parts: `start`, `calls`, `events`, `memory`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// Measures and prints the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    let ours = Program::Countersign(program(options.binary.as_deref(), "countersign")?);
    let emulate = if options.alone {
        Err("--alone".to_owned())
    } else {
        peer::emulate(&options.emulate.clone().unwrap_or_else(|| crate::peers().join("emulate")))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let measured = runtime.block_on(until_done(WITHIN, measure(options, &ours, emulate.as_ref().ok())));
    // However it ended: processes are killed with what measures them, and calls end with them.
    drop(runtime);
    let table = measured?;
    println!("{}", machine::describe());
    println!("{}", options.describe());
    if let Err(reason) = emulate {
        println!("emulate: not run: {reason}");
    }
    println!("\n{table}");
    Ok(())
}

async fn measure(options: &Options, ours: &Program, emulate: Option<&Program>) -> Result<Table> {
    let mut ceiling = Vec::new();
    let (mut own, mut other) = (Rounds::default(), Rounds::default());
    for number in 1..=options.rounds {
        if options.has("calls") {
            eprintln!("round {number} of {}: the load client alone", options.rounds);
            ceiling.push(cell::ceiling(&Bare::start()?, options.counted()).await?);
        }
        // Each takes its turn at being first, part by part.
        let mut programs: Vec<&Program> = std::iter::once(ours).chain(emulate).collect();
        if number % 2 == 0 {
            programs.reverse();
        }
        let rounds = round::run(&programs, options).await.with_context(|| format!("in round {number}"))?;
        for (program, round) in programs.into_iter().zip(rounds) {
            if program.is_ours() { &mut own } else { &mut other }.0.push(round);
        }
    }
    let mut table = Table::beside("emulate 0.12.2");
    figures::ceiling(&mut table, &ceiling);
    figures::all(&mut table, &own, emulate.is_some().then_some(&other));
    Ok(table)
}

impl Options {
    /// Whether a part is measured.
    fn has(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == part)
    }

    fn counted(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    fn describe(&self) -> String {
        format!(
            "{} rounds, interleaved; a fresh process for each cell; 1 s of calls that do not count, then {} s that do. \
             The load client is one thread. Medians over rounds [min–max].",
            self.rounds, self.seconds
        )
    }
}
