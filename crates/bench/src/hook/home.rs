//! One user's home with one program in it: what is started there ends there.

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use countersign_hook::rendezvous::{DaemonKey, Paths, candidates, read_pid, stop};
use countersign_slack_workspace::Ready;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use secrecy::ExposeSecret as _;
use tokio::process::Command;

use crate::process;

/// How long a daemon may take to leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(15);

/// A daemon that this program could not stop leaves by itself after this many seconds.
const IDLE_EXIT_S: u64 = 60;

/// What is measured.
#[derive(Clone, Debug)]
pub(crate) enum Program {
    /// Ours.
    Countersign(PathBuf),
    /// claude-slack-hook, which takes its Web API's address from `FAKE_SLACK_API`.
    Original(PathBuf),
}

/// A home with a program that was never started in it.
#[derive(Debug)]
pub(crate) struct Home {
    dir: tempfile::TempDir,
    program: Program,
    ready: Ready,
    paths: Paths,
}

impl Home {
    /// Makes one, for alice of a workspace.
    pub(crate) fn new(program: &Program, ready: &Ready) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("cs-bench-").tempdir()?;
        let runtime = dir.path().join("run");
        DirBuilder::new().mode(0o700).create(&runtime)?;
        let key = DaemonKey::derive(&ready.api_url, ready.app_token.expose_secret());
        let paths = Paths::locate(&candidates(Some(&runtime), &state(dir.path())), key)?;
        let home = Self { dir, program: program.clone(), ready: ready.clone(), paths };
        std::fs::write(home.config(), home.config_text()?)?;
        Ok(home)
    }

    /// The hook, as a coding agent starts it.
    pub(crate) fn hook(&self) -> Result<Command> {
        let mut command = match &self.program {
            Program::Countersign(binary) => {
                let mut command = Command::new(binary);
                command.arg("--config").arg(self.config()).arg("hook");
                command
            }
            Program::Original(binary) => {
                let mut command = Command::new(binary);
                command.args(["-b", self.ready.bot_token.expose_secret()]);
                command.args(["-a", self.ready.app_token.expose_secret(), "-u", self.alice()?]);
                command
            }
        };
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.dir.path())
            .env("XDG_STATE_HOME", self.dir.path().join("state"))
            .env("XDG_RUNTIME_DIR", self.dir.path().join("run"))
            .env("TMPDIR", self.dir.path())
            .env("FAKE_SLACK_API", &self.ready.api_url)
            .current_dir(self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        Ok(command)
    }

    /// The action of the button that approves.
    pub(crate) fn approve(&self) -> &'static str {
        match self.program {
            Program::Countersign(_) => "countersign:approve",
            Program::Original(_) => "approve",
        }
    }

    /// The running daemon's process.
    pub(crate) fn daemon(&self) -> Option<u32> {
        match self.program {
            Program::Countersign(_) => read_pid(&self.paths).and_then(|pid| u32::try_from(pid).ok()),
            Program::Original(_) => self.original_daemons().first().copied(),
        }
    }

    /// How many daemons there have been, and how many there are.
    pub(crate) fn daemons(&self) -> (usize, usize) {
        match self.program {
            Program::Countersign(_) => {
                let log = std::fs::read_to_string(state(self.dir.path()).join("daemon.log")).unwrap_or_default();
                (log.matches(" is here ").count(), process::lock_holders(&self.paths.life_lock()))
            }
            Program::Original(_) => {
                let running = self.original_daemons().len();
                (running, running)
            }
        }
    }

    /// Daemons of the original that were started in this home, and nobody else's.
    fn original_daemons(&self) -> Vec<u32> {
        let mut pids = process::with_variable(&format!("TMPDIR={}", self.dir.path().display()));
        let servers = process::with_variable("__CLAUDE_SLACK_SERVER__=1");
        pids.retain(|pid| servers.contains(pid));
        pids
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("countersign.toml")
    }

    fn config_text(&self) -> Result<String> {
        Ok(format!(
            "[slack]\napi_url = {:?}\nbot_token = {:?}\napp_token = {:?}\n\n\
             [hook]\napprovers = [{:?}]\nwait_s = 300\nidle_exit_s = {IDLE_EXIT_S}\n",
            self.ready.api_url,
            self.ready.bot_token.expose_secret(),
            self.ready.app_token.expose_secret(),
            self.alice()?,
        ))
    }

    fn alice(&self) -> Result<&str> {
        Ok(self.ready.users.get("alice").context("the workspace has an alice")?.as_str())
    }

    fn end(&self) {
        match self.program {
            Program::Countersign(_) => {
                if let Err(error) = stop(&self.paths, "0.0.0", Instant::now() + LEAVE_WITHIN) {
                    eprintln!("a daemon was left running: {error}");
                }
            }
            Program::Original(_) => {
                for pid in self.original_daemons() {
                    let pid = i32::try_from(pid).unwrap_or_default();
                    // It may have ended by itself.
                    let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
                }
            }
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.end();
    }
}

fn state(home: &Path) -> PathBuf {
    home.join("state").join("countersign")
}
