//! `countersign slack run`, as it is built.

use std::{
    fs::File,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use countersign_slack_workspace::Ready;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long a run may take to end when it is interrupted: longer than it gives its app.
const LEAVE_WITHIN: Duration = Duration::from_secs(10);
/// How often one looks whether it has.
const LOOK: Duration = Duration::from_millis(5);

/// A project that is run, in a home of its own. Dropping it ends it with its app.
#[derive(Debug)]
pub(crate) struct Runner {
    child: Child,
    home: TempDir,
}

impl Runner {
    /// Runs the project in a directory, as a developer of the workspace would.
    pub(crate) fn start(binary: &Path, directory: &Path, ready: &Ready, arguments: &[&str]) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("cs-bench-").tempdir()?;
        let log = File::create(home.path().join("log"))?;
        let mut command = Command::new(binary);
        command.args(["slack", "run", "--apihost", &ready.api_url]).args(arguments);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", home.path())
            .env("SLACK_CLI_TOKEN", ready.cli_token.expose_secret())
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command.spawn().with_context(|| format!("could not start {}", binary.display()))?;
        Ok(Self { child, home })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.child.id().ok_or_else(|| self.failed("it has ended"))
    }

    /// Waits for something that a run that works does; where it does not come, what the run has said is told.
    pub(crate) async fn until<T>(&mut self, happening: impl Future<Output = Result<T>>) -> Result<T> {
        let happened = tokio::select! {
            happened = happening => happened,
            ended = self.child.wait() => Err(anyhow!("`countersign slack run` has ended: {}", ended?)),
        };
        happened.map_err(|error| self.failed(&format!("{error:#}")))
    }

    fn failed(&self, what: &str) -> anyhow::Error {
        let log = std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
        anyhow!("{what}; it said:\n{}", log.trim_end())
    }

    /// Interrupts it, which ends its app too, and waits until it has ended.
    fn leave(&mut self) -> Option<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id()?).ok()?);
        kill(pid, Signal::SIGINT).ok()?;
        let end = Instant::now() + LEAVE_WITHIN;
        while Instant::now() < end {
            if self.child.try_wait().ok()?.is_some() {
                return Some(());
            }
            std::thread::sleep(LOOK);
        }
        eprintln!("`countersign slack run` did not end; it is killed, its app may be left");
        self.child.start_kill().ok()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.leave();
    }
}
