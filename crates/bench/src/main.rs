//! `cargo xtask bench`: what the product costs, measured on the built binary.
//!
//! The workspace runs in this process, so that the moment at which a message arrives is known here; hooks and daemons
//! are the real ones, each with a home of its own. Nothing is judged: a table says what was measured and what was aimed at.
//!
//! Neighbours: `testkit` drives the same binary for tests, which may take as long as they like.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people at a terminal: the table is its output"
)]

mod crowd;
mod figures;
mod floor;
mod home;
mod machine;
mod process;
mod race;
mod round;
mod stand;
mod stats;
mod table;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use self::{home::Program, stats::Samples, table::Table};

/// Longest time for everything: something that hangs is an error, not a wait.
const WITHIN: Duration = Duration::from_mins(20);

/// Measures the built binary.
#[derive(Debug, Parser)]
#[command(name = "countersign-bench")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The coding agent's hook and its daemon.
    Hook(Options),
    /// The floor's client: connects, writes, reads, ends.
    #[command(hide = true)]
    EchoClient { socket: PathBuf },
}

/// What is measured, and how often.
#[derive(Debug, clap::Args)]
struct Options {
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

fn main() -> ExitCode {
    let done = match Cli::parse().what {
        What::EchoClient { socket } => floor::client(&socket),
        What::Hook(options) => hook(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn hook(options: &Options) -> Result<()> {
    let ours = program(options.binary.as_deref())?;
    machine::allow_many_files(options.crowd).context("could not allow enough open files")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let measured = runtime.block_on(async {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            table = tokio::time::timeout(WITHIN, measure(options, &ours)) => {
                table.context("the measurement did not end in time")?
            }
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("interrupted"),
        }
    });
    // However it ended: daemons were stopped with their homes, and hooks that still wait are killed with the runtime.
    drop(runtime);
    let table = measured?;
    println!("{}", machine::describe());
    println!("{}", options.describe());
    println!("\n{table}");
    Ok(())
}

async fn measure(options: &Options, ours: &Program) -> Result<Table> {
    let mut table = Table::default();
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

fn program(given: Option<&Path>) -> Result<Program> {
    let path = match given {
        Some(path) => std::path::absolute(path)?,
        None => std::env::current_exe().context("where is this program?")?.with_file_name("countersign"),
    };
    ensure!(path.is_file(), "{} is not there; `cargo xtask bench hook` builds it", path.display());
    Ok(Program::Countersign(path))
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

/// Milliseconds.
fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The samples of one round, in milliseconds.
fn samples(times: impl IntoIterator<Item = Duration>) -> Samples {
    Samples::new(times.into_iter().map(ms).collect())
}
