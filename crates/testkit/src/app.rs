//! One user's machine with a local Slack.

use std::{
    fmt::Write as _,
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use countersign_approval::{Hints, SlackIdentity};
use countersign_hook::rendezvous::{DaemonKey, Paths, candidates, read_pid, stop, wait_until_gone};
use countersign_slack_workspace::{
    Config, JournalEntry, Running, Workspace,
    model::{ChannelId, Ts, UserId},
    person::Answer,
};
use countersign_store::SqliteStore;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::process::Command;

use crate::hook::{Finished, Hook};

/// The longest that anything in a test may take.
pub const WITHIN: Duration = Duration::from_mins(1);

/// What a test sets differently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `hook.wait_s`.
    pub wait_s: u64,
    /// `hook.orphan_grace_s`; `None` leaves it to the defaults.
    pub orphan_grace_s: Option<u64>,
    /// `hook.idle_exit_s`.
    pub idle_exit_s: u64,
    /// `hook.channel`: a channel of the workspace, by its name.
    pub channel: Option<&'static str>,
    /// `hook.approvers`: people of the workspace, by their names.
    pub approvers: Vec<&'static str>,
    /// `slack.api_url`, in place of the workspace's.
    pub api_url: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait_s: 60,
            orphan_grace_s: None,
            idle_exit_s: 600,
            channel: None,
            approvers: vec!["alice"],
            api_url: None,
        }
    }
}

/// One user's machine: a home, a configuration, a local Slack with alice, bob and carol.
#[derive(Debug)]
pub struct TestApp {
    binary: PathBuf,
    home: tempfile::TempDir,
    workspace: Running,
    paths: Paths,
    key: DaemonKey,
    api_url: String,
}

impl TestApp {
    /// A machine with the defaults. `binary` is `env!("CARGO_BIN_EXE_countersign")`.
    pub async fn start(binary: &str) -> Self {
        Self::start_with(binary, &Settings::default()).await
    }

    /// A machine with other settings.
    pub async fn start_with(binary: &str, settings: &Settings) -> Self {
        let home = tempfile::Builder::new().prefix("cs-").tempdir().expect("a temporary directory");
        let workspace = Workspace::start(Config::default()).await.expect("the workspace starts");
        let text = config_text(settings, &workspace);
        std::fs::write(home.path().join("countersign.toml"), text).expect("the configuration is written");
        let runtime = home.path().join("run");
        private_dir(&runtime);
        let ready = workspace.ready();
        let api_url = settings.api_url.clone().unwrap_or_else(|| ready.api_url.clone());
        let key = DaemonKey::derive(&api_url, ready.app_token.expose_secret());
        let state = home.path().join("state").join("countersign");
        let paths = Paths::locate(&candidates(Some(&runtime), &state), key).expect("a place to meet");
        Self { binary: PathBuf::from(binary), home, workspace, paths, key, api_url }
    }

    /// The Web API's base, as the daemon is given it.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// The daemon's database.
    pub fn store_path(&self) -> PathBuf {
        self.state().join(format!("{}.db", self.key))
    }

    /// The daemon's database, opened by the test. No daemon may have it then.
    pub async fn open_store(&self) -> SqliteStore {
        std::fs::create_dir_all(self.state()).expect("the state directory is made");
        for directory in [self.home.path().join("state"), self.state()] {
            std::fs::set_permissions(&directory, Permissions::from_mode(0o700)).expect("it is private");
        }
        SqliteStore::open(&self.store_path(), Hints::default()).await.expect("the store opens")
    }

    /// The identity of a person of the workspace.
    pub fn identity(&self, name: &str) -> SlackIdentity {
        let org = self.workspace.ready().team_id.to_string();
        SlackIdentity { org, user: self.user(name).to_string() }
    }

    /// The workspace.
    pub fn workspace(&self) -> &Running {
        &self.workspace
    }

    /// The user's home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.home.path().join("countersign.toml")
    }

    /// Where the daemon is met.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.home.path().join("state").join("countersign")
    }

    /// A person of the workspace.
    pub fn user(&self, name: &str) -> UserId {
        self.workspace.user(name).expect("a person of the workspace")
    }

    /// A channel of the workspace.
    pub fn channel(&self, name: &str) -> ChannelId {
        self.workspace.channel(name).expect("a channel of the workspace")
    }

    /// The direct message between the app and a person.
    pub fn direct_message(&self, name: &str) -> ChannelId {
        let bot = &self.workspace.ready().bot_user_id;
        self.workspace.workspace().open_im(&self.user(name), bot).expect("a direct message")
    }

    /// The binary in this user's environment, with nothing of ours.
    pub fn bare_command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/bin:/bin")
            .env("XDG_STATE_HOME", self.home.path().join("state"))
            .env("XDG_RUNTIME_DIR", self.home.path().join("run"))
            .current_dir(self.home.path());
        command
    }

    /// The binary with this user's configuration.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bare_command();
        command.arg("--config").arg(self.config()).args(args);
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, args: &[&str]) -> Finished {
        Hook::start(self.command(args), b"").await.finish().await
    }

    /// Starts the hook with an input, as a coding agent does.
    pub async fn ask(&self, input: &Value) -> Hook {
        self.ask_with(&[], input.to_string().as_bytes()).await
    }

    /// Starts the hook with further arguments and any input.
    pub async fn ask_with(&self, args: &[&str], input: &[u8]) -> Hook {
        let mut command = self.command(&["hook"]);
        command.args(args);
        Hook::start(command, input).await
    }

    /// Waits for a message in a channel that has a button, not yet decided.
    pub async fn message_with(&self, channel: &ChannelId, action_id: &str) -> Arc<Value> {
        let has = |message: &Value| action_ids(message).iter().any(|id| id == action_id);
        self.workspace.wait_for_message(channel, has, WITHIN).await.expect("a message with the button")
    }

    /// Waits for a message in a channel that contains a text anywhere in its blocks.
    pub async fn message_saying(&self, channel: &ChannelId, text: &str) -> Arc<Value> {
        let says = |message: &Value| text_of(message).contains(text);
        let found = self.workspace.wait_for_message(channel, says, WITHIN).await;
        found.unwrap_or_else(|error| {
            panic!("no message says {text:?} ({error}): {:?}", self.workspace.messages(channel))
        })
    }

    /// Waits until a message has no buttons any more.
    pub async fn closed(&self, channel: &ChannelId, message: &Value) -> Arc<Value> {
        let ts = message.get("ts");
        let closed = |seen: &Value| seen.get("ts") == ts && action_ids(seen).is_empty();
        self.workspace.wait_for_message(channel, closed, WITHIN).await.expect("the message is closed")
    }

    /// Waits for an ephemeral message to a person that contains a text.
    pub async fn whisper(&self, channel: &ChannelId, name: &str, text: &str) -> Arc<Value> {
        let user = self.user(name);
        let says = |message: &Value| message.to_string().contains(text);
        self.workspace.wait_for_ephemeral(channel, &user, says, WITHIN).await.expect("an ephemeral message")
    }

    /// Waits until the daemon can hear of clicks: a message may be there before its first connection is.
    pub async fn connected(&self) {
        let app_id = self.workspace.ready().app_id.clone();
        let connected = |running: &Running| (running.workspace().connections(&app_id) > 0).then_some(());
        self.workspace.wait(connected, WITHIN).await.expect("the daemon connects");
    }

    /// How often a method of the Web API was called.
    pub fn calls(&self, method: &str) -> usize {
        let is_call = |entry: &&JournalEntry| entry.value.get("method").and_then(Value::as_str) == Some(method);
        self.workspace.journal().iter().filter(|entry| entry.kind == "api").filter(is_call).count()
    }

    /// Presses a button of a message.
    pub async fn click(&self, name: &str, channel: &ChannelId, message: &Value, action_id: &str) -> Answer {
        let user = self.user(name);
        self.connected().await;
        self.workspace.click(&user, channel, ts_of(message), action_id).await.expect("a person can click")
    }

    /// Waits until the daemon has recorded every message it posted.
    ///
    /// Slack has a message a moment before the daemon knows that it has: whoever kills the daemon to see what is kept
    /// has to wait that moment out.
    pub async fn settled(&self) {
        self.daemon_says("/daemon/drawing", |drawing| *drawing == Value::Bool(false)).await;
    }

    /// Asks the daemon how it is until it says what is wanted.
    pub async fn daemon_says(&self, pointer: &str, wanted: impl Fn(&Value) -> bool) {
        let limit = Instant::now() + WITHIN;
        while Instant::now() < limit {
            let status = self.run(&["hook", "status", "--json"]).await;
            let status: Value = serde_json::from_str(&status.stdout).expect("a status");
            if status.pointer(pointer).is_some_and(&wanted) {
                return;
            }
        }
        panic!("the daemon does not say what is wanted at {pointer}");
    }

    /// The daemon's process id, as its pid file says.
    pub fn daemon_pid(&self) -> Option<i32> {
        read_pid(&self.paths)
    }

    /// Kills the daemon without any warning.
    pub fn kill_daemon(&self) {
        let pid = self.daemon_pid().expect("a daemon runs");
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("the daemon can be killed");
    }

    /// Presses a button as a person does who sees that nothing happened: again, when the app did not acknowledge.
    ///
    /// For clicks while the daemon changes: one that goes to a connection that just ended is lost, and Slack says so.
    pub async fn press(&self, name: &str, channel: &ChannelId, message: &Value, action_id: &str) {
        for _ in 0..5 {
            self.daemon_says("/daemon/slack/connections", |count| count.as_u64() > Some(0)).await;
            if self.click(name, channel, message, action_id).await.acked {
                return;
            }
        }
        panic!("five clicks were not acknowledged");
    }

    /// Stops a process where it is, as a suspended laptop does.
    pub fn stop_process(&self, pid: i32) {
        kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("the process can be stopped");
    }

    /// Lets a stopped process go on.
    pub fn continue_process(&self, pid: i32) {
        kill(Pid::from_raw(pid), Signal::SIGCONT).expect("the process can go on");
    }

    /// Waits until no daemon runs.
    pub async fn daemon_gone(&self) -> bool {
        let paths = self.paths.clone();
        let wait = move || wait_until_gone(&paths, Instant::now() + WITHIN).expect("the lock can be looked at");
        tokio::task::spawn_blocking(wait).await.expect("the wait ends")
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // A daemon of a failed test must not outlive it; one that has gone already is fine.
        let _ = stop(&self.paths, "0.0.0", Instant::now() + WITHIN);
    }
}

fn config_text(settings: &Settings, workspace: &Running) -> String {
    let ready = workspace.ready();
    let approvers: Vec<String> = settings
        .approvers
        .iter()
        .map(|name| format!("{:?}", ready.users.get(*name).expect("a person").as_str()))
        .collect();
    let mut text = format!(
        "[slack]\napi_url = {:?}\nbot_token = {:?}\napp_token = {:?}\n\n[hook]\napprovers = [{}]\nwait_s = {}\nidle_exit_s = {}\n",
        settings.api_url.as_ref().unwrap_or(&ready.api_url),
        ready.bot_token.expose_secret(),
        ready.app_token.expose_secret(),
        approvers.join(", "),
        settings.wait_s,
        settings.idle_exit_s,
    );
    if let Some(seconds) = settings.orphan_grace_s {
        writeln!(text, "orphan_grace_s = {seconds}").expect("a String takes everything");
    }
    if let Some(name) = settings.channel {
        let id = ready.channels.get(name).expect("a channel");
        writeln!(text, "channel = {:?}", id.as_str()).expect("a String takes everything");
    }
    text
}

fn private_dir(path: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(path).expect("a directory is made");
}

/// The action ids of a message's buttons.
pub fn action_ids(message: &Value) -> Vec<String> {
    let mut ids = Vec::new();
    collect(message.get("blocks").unwrap_or(&Value::Null), "action_id", &mut ids);
    ids
}

/// Every text in a message's blocks, one after the other.
pub fn text_of(message: &Value) -> String {
    let mut texts = Vec::new();
    collect(message.get("blocks").unwrap_or(&Value::Null), "text", &mut texts);
    texts.join("")
}

/// The strings under a key, at any depth, in order.
fn collect(value: &Value, key: &str, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, into)),
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if name == key => into.push(text.clone()),
                    other => collect(other, key, into),
                }
            }
        }
        _ => {}
    }
}

/// A message's timestamp.
pub fn ts_of(message: &Value) -> Ts {
    let ts = message.get("ts").and_then(Value::as_str).and_then(Ts::parse);
    ts.expect("a message has a ts")
}
