//! A person who writes an app: a local Slack, a home, a project, and the command line.

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use countersign_slack::hooks::Environment;
use countersign_slack_workspace::{
    Config, Running, Workspace,
    model::{AppId, UserId},
};
use countersign_testkit::{Ended, Program, WITHIN};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::process::Command;

use super::processes::Run;
use crate::BINARY;

/// A person who is signed in to a local Slack and writes an app.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) slack: Running,
    home: tempfile::TempDir,
    directory: PathBuf,
    variables: Vec<(OsString, OsString)>,
}

impl Desk {
    /// Somebody without a project.
    pub(super) async fn new() -> Self {
        let slack = Workspace::start(Config::default()).await.unwrap();
        let home = tempfile::Builder::new().prefix("cs-slack-").tempdir().unwrap();
        let directory = home.path().canonicalize().unwrap().join("work");
        fs::create_dir_all(&directory).unwrap();
        let desk = Self { slack, home, directory, variables: Vec::new() };
        let ready = desk.slack.ready();
        desk.slack(&["login", "--apihost", &ready.api_url, "--token", ready.cli_token.expose_secret()]).await.well();
        desk
    }

    /// Makes a project from a template, and goes there.
    pub(super) async fn creates(&mut self, template: &str, further: &[&str]) {
        let arguments = [&["create", "demo", "--template", template, "--no-install", "--json"], further].concat();
        let made = self.slack(&arguments).await.well();
        let made: Value = serde_json::from_str(made.text()).unwrap();
        assert_eq!((&made["template"], &made["dependencies"]), (&template.into(), &"left_out".into()));
        self.directory = PathBuf::from(made["directory"].as_str().unwrap());
    }

    /// Makes a directory below, and goes there.
    pub(super) fn enters(&mut self, name: &str) {
        self.directory.push(name);
        fs::create_dir_all(&self.directory).unwrap();
    }

    /// Sets a variable of everything that is started from now on.
    pub(super) fn sets(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.variables.push((name.into(), value.as_ref().to_owned()));
    }

    /// The project.
    pub(super) fn root(&self) -> &Path {
        &self.directory
    }

    /// Where what is no part of the project may lie.
    pub(super) fn aside(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file of the project, as editors do: beside it, then in its place.
    pub(super) fn writes(&self, path: &str, text: &str) {
        let path = self.directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let beside = path.with_extension("new~");
        fs::write(&beside, text).unwrap();
        fs::rename(&beside, &path).unwrap();
    }

    /// Writes a file of the project that can be run.
    pub(super) fn scripts(&self, path: &str, text: &str) {
        self.writes(path, text);
        fs::set_permissions(self.directory.join(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Reads a file of the project.
    pub(super) fn reads(&self, path: &str) -> String {
        fs::read_to_string(self.directory.join(path)).unwrap()
    }

    /// Replaces a text that a file of the project has in one place.
    pub(super) fn edits(&self, path: &str, from: &str, to: &str) {
        let text = self.reads(path);
        assert_eq!(text.matches(from).count(), 1, "{path}: {text}");
        self.writes(path, &text.replace(from, to));
    }

    /// Starts `countersign slack` with these arguments in the project.
    pub(super) fn starts(&self, arguments: &[&str]) -> Program {
        let mut command = Command::new(BINARY);
        command.arg("slack").args(arguments).current_dir(&self.directory);
        command.env_clear().env("HOME", self.home.path()).env("PATH", path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        Program::start(command)
    }

    /// Starts the project's app.
    pub(super) fn runs(&self) -> Run {
        Run::of(self.starts(&["run"]))
    }

    /// Runs `countersign slack` to its end.
    pub(super) async fn slack(&self, arguments: &[&str]) -> Ended {
        self.starts(arguments).finish().await
    }

    /// The same; what it prints is one JSON document.
    pub(super) async fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.slack(arguments).await.well();
        serde_json::from_str(ended.text()).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", ended.text()))
    }

    /// Waits for the nth connection that an app opens; answers which app it was.
    pub(super) async fn connected(&self, nth: usize, run: &Run, within: Duration) -> AppId {
        let look = |slack: &Running| {
            let opened = slack
                .journal()
                .into_iter()
                .filter(|entry| entry.kind == "connection" && entry.value["event"] == "hello");
            opened.map(|entry| AppId::from(entry.value["app_id"].as_str().unwrap())).nth(nth - 1)
        };
        let found = self.slack.wait(look, within).await;
        found.unwrap_or_else(|| panic!("connection {nth} was not opened: {}\n{}", run.stdout(), run.stderr()))
    }

    /// Waits until an app has so many connections.
    pub(super) async fn has_connections(&self, app: &AppId, number: usize) {
        let look = |slack: &Running| (slack.workspace().connections(app) == number).then_some(());
        let found = self.slack.wait(look, WITHIN).await;
        assert!(found.is_some(), "{} connections, not {number}", self.slack.workspace().connections(app));
    }

    /// Takes the app's bot into a channel, as its owner; answers who the bot is.
    pub(super) async fn invites(&self, app: &AppId, channel: &str) -> UserId {
        let bot = self.slack.workspace().read(|state| state.app(app.as_str()).map(|app| app.bot_user.clone())).unwrap();
        let channel = format!("channel={}", self.slack.channel(channel).unwrap());
        let answer = self.json(&["api", "conversations.invite", &channel, &format!("users={bot}")]).await;
        assert_eq!(answer["ok"], true, "{answer}");
        bot
    }

    /// How many messages of a channel have exactly this text.
    pub(super) fn counts(&self, channel: &str, text: &str) -> usize {
        let channel = self.slack.channel(channel).unwrap();
        self.slack.messages(&channel).iter().filter(|message| message["text"] == text).count()
    }
}

/// Where programs are: the binary under test is the one that hooks of Rust projects call.
fn path() -> OsString {
    // The compiler itself, not rustup's stand-in: that one follows the toolchain files of whatever is compiled, and
    // would bring somebody's toolchain up to date from within a test.
    let own = [BINARY, env!("CARGO")].map(|program| Path::new(program).parent().unwrap().to_owned());
    let others = Environment::snapshot().path("PATH").unwrap_or_default();
    std::env::join_paths(own.into_iter().chain(std::env::split_paths(&others))).unwrap()
}

/// Whether a program is there; where it is not, says that a test is not run.
#[expect(clippy::print_stderr, reason = "a test that is not run says so")]
pub(super) async fn has(program: &str) -> bool {
    let mut command = Command::new(program);
    let asked = command.arg("--version").stdin(Stdio::null()).output().await;
    if let Err(error) = &asked {
        eprintln!("not run: {program}: {error}");
    }
    asked.is_ok()
}

/// A directory of the SDKs that `cargo xtask setup` installs.
pub(super) fn installed(path: &str) -> PathBuf {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("target/peers");
    let path = peers.join(path);
    assert!(path.exists(), "there is no {}: run `cargo xtask setup`", path.display());
    path
}
