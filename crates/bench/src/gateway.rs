//! `bench gateway`: what a command costs that runs on a connection, on SQLite and on PostgreSQL.
//!
//! Server, agent and client are three real processes on loopback. The workspace runs in this process, so that the moment of a
//! click is known here. Where five hundred sessions are open at once, this process is their client.

mod click;
mod crowd;
mod figures;
mod keys;
mod overhead;
mod stream;
mod team;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result};
use countersign_postgres_cluster::{Cluster, Safety};

use self::{figures::Figures, team::Team};
use crate::{machine, program, table::Table, until_done};

/// Longest time for everything: something that hangs is an error, not a wait.
const WITHIN: Duration = Duration::from_mins(30);

/// Descriptors of one session in this process: its connection, and room.
const FILES_PER_SESSION: usize = 4;

/// What is measured, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The binary; by default the `countersign` beside this program.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Rounds; medians and spreads are over them.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Commands of each kind in a round, one at a time.
    #[arg(long, default_value_t = 100)]
    commands: usize,
    /// MiB that are streamed each way.
    #[arg(long, default_value_t = 1024)]
    mib: u32,
    /// Sessions at once.
    #[arg(long, default_value_t = 500)]
    crowd: usize,
    /// Keys that are typed in a round.
    #[arg(long, default_value_t = 500)]
    keys: usize,
    /// Clicks in a round.
    #[arg(long, default_value_t = 20)]
    clicks: usize,
    /// SQLite only.
    #[arg(long)]
    sqlite_only: bool,
}

/// Measures and prints the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    let binary = program(options.binary.as_deref(), "countersign")?;
    machine::allow_many_files(FILES_PER_SESSION * options.crowd).context("could not allow enough open files")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let table = runtime.block_on(until_done(WITHIN, Box::pin(measure(options, &binary))))?;
    drop(runtime);
    println!("{}", machine::describe());
    println!("{}", options.describe());
    println!("\n{table}");
    Ok(())
}

async fn measure(options: &Options, binary: &std::path::Path) -> Result<Table> {
    let cluster = if options.sqlite_only { None } else { postgres() };
    let floor = overhead::floor(options.commands).await.context("could not run `true`")?;
    let bare_keys = keys::bare(options.keys).await.context("could not type on a bare terminal")?;
    let (mut sqlite, mut postgres) = (Vec::new(), Vec::new());
    for number in 1..=options.rounds {
        eprintln!("round {number} of {}, SQLite", options.rounds);
        sqlite.push(round(options, Team::start(binary, None).await?).await?);
        if let Some(cluster) = &cluster {
            eprintln!("round {number} of {}, PostgreSQL", options.rounds);
            let name = format!("bench_{number}");
            let url = team::fresh_database(&cluster.url(), &name).await?;
            postgres.push(round(options, Team::start(binary, Some(&url)).await?).await?);
        }
    }
    let mut table = Table::beside("the same on PostgreSQL");
    figures::add(&mut table, options.mib, options.crowd, (&floor, &bare_keys), &sqlite, &postgres);
    Ok(table)
}

/// A server that keeps what was committed, as SQLite does beside it.
fn postgres() -> Option<Cluster> {
    match Cluster::start(Safety::Durable) {
        Ok(cluster) => Some(cluster),
        Err(error) => {
            eprintln!("not measured on PostgreSQL: {error}");
            None
        }
    }
}

async fn round(options: &Options, team: Team) -> Result<Figures> {
    let overhead = overhead::measure(&team, options.commands).await.context("exec")?;
    let clicks = click::measure(&team, options.clicks).await.context("clicks")?;
    let keys = keys::measure(&team, options.keys).await.context("keys")?;
    let before = team.resident_mib();
    let out = stream::out(&team, options.mib).await.context("stdout")?;
    let into = stream::into(&team, options.mib).await.context("stdin")?;
    let after = team.peak_mib();
    let crowd = crowd::measure(&team, options.crowd).await.context("sessions at once")?;
    Ok(Figures { overhead, clicks, keys, out, into, before, after, crowd })
}

impl Options {
    fn describe(&self) -> String {
        format!(
            "{} rounds, each with a new server and agent; in each: {} commands, {} clicks and {} keys, one at a time; {} MiB \
             each way, recorded up to the default cap; {} sessions at once. Times in ms, sizes in MiB.",
            self.rounds, self.commands, self.clicks, self.keys, self.mib, self.crowd
        )
    }
}
