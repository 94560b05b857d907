//! `countersign workspace replay`: a recorded run as a test.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use countersign_slack_workspace::replay::{Pace, Recording};
use countersign_slack_workspace::{Config, Running};
use secrecy::ExposeSecret as _;
use tokio::process::{Child, Command};

use super::Context;
use super::workspace::introduce;
use crate::{exit, logging, output};

/// How long an app may take to connect.
const CONNECT: Duration = Duration::from_mins(1);

/// Options of `countersign workspace replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A fresh workspace is made as the recorded one was. Once the app is connected, what
people did then is done again, in the same order, and what the app does is compared
with what it did then; ids, timestamps and ports may be other ones. Exit code 0: the
same; 1: something was different, and what is on stdout.

The command is started with SLACK_API_URL, SLACK_BOT_TOKEN, SLACK_APP_TOKEN and
SLACK_SIGNING_SECRET in its environment, and ended afterwards. Without a command the
same is printed, and an app that you start is waited for.

Examples:
  countersign workspace --record run.jsonl
  countersign workspace replay run.jsonl -- python app.py
")]
pub(crate) struct Options {
    /// What `countersign workspace --record` has written.
    #[arg(value_name = "FILE")]
    recording: PathBuf,

    /// How many seconds the app has after each gesture to do as much as it did then.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    patience: u64,

    /// The port; by default a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// What is logged to stderr: error, warn, info, debug, trace.
    #[arg(short, long, value_name = "LEVEL", default_value = "warn")]
    log_level: String,

    /// The app, as it is started.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Options {
    pub(super) fn run(&self, _context: &Context<'_>) -> anyhow::Result<u8> {
        logging::to_stderr(&self.log_level)?;
        super::runtime()?.block_on(self.play())
    }

    async fn play(&self) -> anyhow::Result<u8> {
        let recording = Recording::read(&self.recording).context("the recording cannot be played")?;
        let config = Config { port: self.port, ..Config::default() };
        let workspace = recording.start(config).await.context("the workspace could not be started")?;
        let mut app = self.start(&workspace)?;
        if app.is_none() {
            introduce(workspace.ready());
        }
        connected(&workspace, app.as_mut()).await?;
        let pace = Pace { patience: Duration::from_secs(self.patience), ..Pace::default() };
        let report = recording.replay(&workspace, pace).await;
        if let Some(mut app) = app {
            // It may have ended by itself; it is waited for either way.
            let _ = app.start_kill();
            let _ = app.wait().await;
        }
        workspace.stop().await;
        output::data(&report.to_string());
        Ok(if report.is_same() { exit::OK } else { exit::FAULT })
    }

    /// Starts the command that was given.
    fn start(&self, workspace: &Running) -> anyhow::Result<Option<Child>> {
        let Some((program, arguments)) = self.command.split_first() else { return Ok(None) };
        let ready = workspace.ready();
        let app = Command::new(program)
            .args(arguments)
            .env("SLACK_API_URL", &ready.api_url)
            .env("SLACK_BOT_TOKEN", ready.bot_token.expose_secret())
            .env("SLACK_APP_TOKEN", ready.app_token.expose_secret())
            .env("SLACK_SIGNING_SECRET", ready.signing_secret.expose_secret())
            .stdin(Stdio::null())
            // Stdout is for what was different.
            .stdout(std::io::stderr())
            .kill_on_drop(true)
            .spawn();
        let app = app.with_context(|| format!("{} could not be started", program.display()))?;
        Ok(Some(app))
    }
}

/// Waits until the app is connected.
async fn connected(workspace: &Running, app: Option<&mut Child>) -> anyhow::Result<()> {
    let id = workspace.ready().app_id.clone();
    let look = |running: &Running| (running.workspace().connections(&id) > 0).then_some(());
    let ended = async {
        match app {
            Some(app) => app.wait().await,
            None => std::future::pending::<std::io::Result<ExitStatus>>().await,
        }
    };
    tokio::select! {
        found = workspace.wait(look, CONNECT) => found.context("the app did not connect within a minute"),
        status = ended => anyhow::bail!("the app ended before it was connected: {}", status?),
    }
}
