//! `bench hooks`: what `countersign slack` adds to a project's hooks, and what running a project takes.

mod bulk;
mod calls;
mod directory;
mod events;
mod figures;
mod poller;
mod restarts;
mod round;
mod runner;
mod shell;
mod told;
mod watching;

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};

pub(crate) use self::poller::poll as poll_files;
use self::{round::Round, watching::Tree};
use crate::{machine, program, table::Table, until_done};

/// Longest time for everything: something that hangs is an error, not a wait.
const WITHIN: Duration = Duration::from_hours(1);

/// As many worker threads as the binary has.
const WORKERS: usize = 2;

/// What is measured, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The binary; by default the `countersign` beside this program.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Rounds; medians and spreads are over them.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Calls of each hook in a round.
    #[arg(long, default_value_t = 500)]
    calls: usize,
    /// Large responses in a round.
    #[arg(long, default_value_t = 5)]
    payloads: usize,
    /// How large they are, in MiB.
    #[arg(long, default_value_t = 64)]
    payload_mib: usize,
    /// Seconds that events are counted for, in each case, after one second that does not count.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many events are handled at once, and in how many channels they happen.
    #[arg(long, default_value = "8")]
    jobs: NonZeroUsize,
    /// Files that are watched.
    #[arg(long, default_value_t = 50_000)]
    files: usize,
    /// Seconds that they are watched for.
    #[arg(long, default_value_t = 10)]
    watched: u64,
    /// Changes of an app's file in a round.
    #[arg(long, default_value_t = 20)]
    changes: usize,
    /// Only these parts: `calls`, `payload`, `events`, `watching`, `changes`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// Measures and prints the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    let binary = program(options.binary.as_deref(), "countersign")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let measured = runtime.block_on(until_done(WITHIN, measure(options, &binary)));
    // However it ended: processes are ended with what measures them.
    drop(runtime);
    let table = measured?;
    println!("{}", machine::describe());
    println!("{}", options.describe());
    println!("\n{table}");
    Ok(())
}

async fn measure(options: &Options, binary: &Path) -> Result<Table> {
    // Of one tree for all rounds: making it takes longer than watching it.
    let tree = if options.has("watching") { Some(Tree::new(options.files)?) } else { None };
    let mut rounds: Vec<Round> = Vec::new();
    for number in 1..=options.rounds {
        eprintln!("round {number} of {}", options.rounds);
        let round = round::run(binary, tree.as_ref(), options).await;
        rounds.push(round.with_context(|| format!("in round {number}"))?);
    }
    Ok(figures::table(&rounds, options))
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
            "{} rounds; in each: {} calls of each hook and as many of the same command by `sh -c`, in turn; {} responses \
             of {} MiB; events for {} s after one that does not count; {} files watched for {} s; {} changes. Medians \
             over rounds [min–max].",
            self.rounds,
            self.calls,
            self.payloads,
            self.payload_mib,
            self.seconds,
            self.files,
            self.watched,
            self.changes
        )
    }
}
