//! `bench hook`: the coding agent's hook and its daemon, beside the original.
//!
//! The workspace runs in this process, so that the moment at which a message arrives is known here; hooks and daemons
//! are the real ones, each with a home of its own.

mod crowd;
mod figures;
mod floor;
mod home;
mod race;
mod round;
mod stand;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result};

pub(crate) use self::floor::client as echo_client;
use self::home::Program;
use crate::{machine, program, table::Table, until_done};

/// Longest time for everything: something that hangs is an error, not a wait.
const WITHIN: Duration = Duration::from_mins(20);

/// Descriptors of one waiting hook in this process: its output's two pipes, its process, and room.
const FILES_PER_HOOK: usize = 4;

/// What is measured, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The binary; by default the `countersign` beside this program.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// A claude-slack-hook, built elsewhere, whose Web API address is read from FAKE_SLACK_API.
    #[arg(long, value_name = "PATH")]
    original: Option<PathBuf>,
    /// Rounds; medians and spreads are over them.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Requests of a warm daemon in each round, after the one that starts it.
    #[arg(long, default_value_t = 60)]
    warm: usize,
    /// Further first hooks in each round.
    #[arg(long, default_value_t = 9)]
    cold: usize,
    /// Rounds of five first hooks at once.
    #[arg(long, default_value_t = 20)]
    races: usize,
    /// Requests that are pending at once.
    #[arg(long, default_value_t = 1000)]
    crowd: usize,
    /// People who click at the same time while many requests are pending.
    #[arg(long, default_value_t = 1)]
    people: usize,
}

/// Measures and prints the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    let ours = Program::Countersign(program(options.binary.as_deref(), "countersign")?);
    machine::allow_many_files(FILES_PER_HOOK * options.crowd).context("could not allow enough open files")?;
    // However it ends: daemons are stopped with their homes, and hooks that still wait are killed with the runtime.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let table = runtime.block_on(until_done(WITHIN, measure(options, &ours)))?;
    drop(runtime);
    println!("{}", machine::describe());
    println!("{}", options.describe());
    println!("\n{table}");
    Ok(())
}

async fn measure(options: &Options, ours: &Program) -> Result<Table> {
    let mut table = Table::beside("claude-slack-hook");
    let floor = floor::measure().await.context("could not measure the floor")?;
    let (mut own, mut original) = (round::Rounds::default(), round::Rounds::default());
    for number in 1..=options.rounds {
        eprintln!("round {number} of {}", options.rounds);
        own.add(round::run(ours, options).await?);
        if let Some(path) = &options.original {
            original.add(round::run(&Program::Original(path.clone()), options).await?);
        }
    }
    eprintln!("five first hooks at once, {} times", options.races);
    let races = race::run(ours, options.races).await?;
    let original_races = match &options.original {
        Some(path) => Some(race::run(&Program::Original(path.clone()), race::ORIGINAL_ROUNDS).await?),
        None => None,
    };
    let mut crowds = crowd::Crowds::default();
    for number in 1..=options.rounds {
        eprintln!("{} requests pending at once, round {number}", options.crowd);
        crowds.add(crowd::run(ours, options.crowd, options.people).await?);
    }
    let measured_original = options.original.as_ref().map(|_| &original);
    figures::floor(&mut table, &floor);
    figures::rounds(&mut table, &own, measured_original);
    figures::races(&mut table, &races, original_races.as_ref());
    figures::crowds(&mut table, &crowds, options.crowd);
    Ok(table)
}

impl Options {
    fn describe(&self) -> String {
        format!(
            "{} rounds; in each: {} first hooks, {} requests of a warm daemon, one at a time; {} pending at once, \
             decided by {} at a time, the next click when the hook has ended. Times in ms, sizes in MiB.",
            self.rounds,
            self.cold + 1,
            self.warm,
            self.crowd,
            self.people
        )
    }
}
