//! `cargo xtask bench`: what the product costs, measured on the built binaries.
//!
//! Nothing is judged: tables say what was measured, beside what, and what was aimed at.
//!
//! Neighbours: `testkit` drives the same binary for tests, which may take as long as they like.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people at a terminal: the table is its output"
)]

mod gateway;
mod hook;
mod hooks;
mod load;
mod machine;
mod process;
mod sdk;
mod stats;
mod table;
mod workspace;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use self::stats::Samples;

/// Measures the built binaries.
#[derive(Debug, Parser)]
#[command(name = "countersign-bench")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The coding agent's hook and its daemon.
    Hook(hook::Options),
    /// Commands on a connection, on SQLite and on PostgreSQL.
    Gateway(gateway::Options),
    /// The local Slack, beside npm's `emulate`.
    Workspace(workspace::Options),
    /// An app on the SDK, beside the same app on Bolt for JavaScript and for Python.
    Sdk(sdk::Options),
    /// The hooks of a Slack app's project: calls, events, watching.
    Hooks(hooks::Options),
    /// The floor's client: connects, writes, reads, ends.
    #[command(hide = true)]
    EchoClient { socket: PathBuf },
    /// A server that answers every request with the same few bytes: what the load client can ask for at most.
    #[command(hide = true)]
    BareServer,
    /// A watcher that looks at every file again and again.
    #[command(hide = true)]
    PollFiles { directory: PathBuf },
    /// An app that acknowledges and does nothing else: what the load server can send at most.
    #[command(hide = true)]
    BareAcker { api_url: String },
}

fn main() -> ExitCode {
    let done = match Cli::parse().what {
        What::EchoClient { socket } => hook::echo_client(&socket),
        What::BareServer => load::serve_bare(),
        What::PollFiles { directory } => hooks::poll_files(&directory),
        What::BareAcker { api_url } => sdk::acknowledge_only(&api_url),
        What::Hook(options) => hook::run(&options),
        What::Gateway(options) => gateway::run(&options),
        What::Workspace(options) => workspace::run(&options),
        What::Sdk(options) => sdk::run(&options),
        What::Hooks(options) => hooks::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures until done, interrupted, or longer than anything takes that does not hang.
async fn until_done<T>(within: Duration, measuring: impl Future<Output = Result<T>>) -> Result<T> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        measured = tokio::time::timeout(within, measuring) => measured.context("the measurement did not end in time")?,
        _ = interrupt.recv() => bail!("interrupted"),
        _ = terminate.recv() => bail!("interrupted"),
    }
}

/// A program that was built beside this one, or the one that was given.
fn program(given: Option<&Path>, name: &str) -> Result<PathBuf> {
    let path = match given {
        Some(path) => std::path::absolute(path)?,
        None => std::env::current_exe().context("where is this program?")?.with_file_name(name),
    };
    ensure!(path.is_file(), "{} is not there; `cargo xtask bench` builds it", path.display());
    Ok(path)
}

/// Where `cargo xtask` installs what others made.
fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers")
}

/// Milliseconds.
fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The samples of one round, in milliseconds.
fn samples(times: impl IntoIterator<Item = Duration>) -> Samples {
    Samples::new(times.into_iter().map(ms).collect())
}
