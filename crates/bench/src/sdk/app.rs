//! The apps: ours, those on Bolt, and one that only acknowledges.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};

/// What a handler does after it has acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handler {
    /// Nothing.
    Trivial,
    /// Sleeps for a second.
    Slow,
}

impl Handler {
    fn argument(self) -> &'static str {
        match self {
            Self::Trivial => "trivial",
            Self::Slow => "slow",
        }
    }
}

/// A program that is started with a handler's name and Slack's variables.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// As tables call it.
    pub(crate) name: &'static str,
    /// It has handlers: it is more than the ceiling.
    pub(crate) is_sdk: bool,
    program: PathBuf,
    args: Vec<OsString>,
    dir: PathBuf,
}

/// An app, or why it cannot be had.
type Found = (&'static str, Result<App, String>);

/// Our app's name.
pub(crate) const OURS: &str = "countersign-slack-sdk";

impl App {
    /// Every app.
    pub(crate) fn all(ours: PathBuf, peers: &Path) -> Vec<Found> {
        let ours = Self { name: OURS, is_sdk: true, program: ours, args: Vec::new(), dir: PathBuf::from("/") };
        vec![
            (OURS, Ok(ours)),
            ("bolt-js", node(peers)),
            ("bolt-py builtin", python("bolt-py builtin", "threads.py", peers)),
            ("bolt-py aiohttp", python("bolt-py aiohttp", "coroutines.py", peers)),
            ("bare acker", acker()),
        ]
    }

    /// Starts it; dropping the child kills it.
    pub(crate) fn start(&self, handler: Handler, api_url: &str) -> Result<Child> {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        if self.is_sdk {
            command.arg(handler.argument());
        } else {
            command.arg(api_url);
        }
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("SLACK_API_URL", api_url)
            .env("SLACK_BOT_TOKEN", "xoxb-1-1-bench")
            .env("SLACK_APP_TOKEN", "xapp-1-A1-1-bench")
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        command.spawn().with_context(|| format!("could not start {}", self.program.display()))
    }
}

/// Where the apps on Bolt are.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

fn node(peers: &Path) -> Result<App, String> {
    let dir = peers.join("node");
    if !dir.join("node_modules/@slack/bolt").is_dir() {
        return Err("@slack/bolt is not installed: run `cargo xtask setup`".to_owned());
    }
    // Modules are found beside the script: it is run where they are installed.
    let script = dir.join("bench.mjs");
    std::fs::copy(sources().join("bolt.mjs"), &script).map_err(|error| error.to_string())?;
    Ok(App { name: "bolt-js", is_sdk: true, program: "node".into(), args: vec![script.into()], dir })
}

fn python(name: &'static str, script: &str, peers: &Path) -> Result<App, String> {
    let dir = peers.join("python");
    let program = dir.join("bin/python3");
    if !program.is_file() {
        return Err("slack_bolt is not installed: run `cargo xtask setup`".to_owned());
    }
    let args = vec!["-B".into(), sources().join(script).into()];
    Ok(App { name, is_sdk: true, program, args, dir })
}

fn acker() -> Result<App, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let args = vec!["bare-acker".into()];
    Ok(App { name: "bare acker", is_sdk: false, program, args, dir: PathBuf::from("/") })
}
