//! A server, an agent, a workspace, and ada, who administers and asks.

use std::{
    fmt::Write as _,
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use countersign_slack_workspace::{Config, Running, Workspace};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::process;

/// Longest time for one step.
pub(crate) const STEP_WITHIN: Duration = Duration::from_mins(1);

/// What ada applies. Nobody has to approve anything but what runs on `reviewed`.
const FILE: &str = "\
users:
  ada@example.com: { groups: [admin] }
  alice@example.com: { groups: [sre], slack_id: {alice} }
agents: { default: {} }
connections:
  nothing: { agent: default, command: ['true'] }
  cat: { agent: default, command: [cat] }
  zeros: { agent: default, command: [head, -c] }
  sink: { agent: default, command: [sh, -c, 'exec cat > /dev/null'] }
  reviewed: { agent: default, command: [sh] }
plugins:
  review: { connections: ['reviewed:sre'] }
  slack:
    config: { SLACK_BOT_TOKEN: {bot_token}, SLACK_APP_TOKEN: {app_token}, SLACK_CHANNEL: approvals }
    connections: [reviewed]
";

/// Everything, until it is dropped.
#[derive(Debug)]
pub(crate) struct Team {
    binary: PathBuf,
    pub(crate) workspace: Running,
    pub(crate) url: String,
    server: Child,
    agent: Option<Child>,
    // Last, so that nothing runs in it any more.
    home: tempfile::TempDir,
}

impl Team {
    /// Starts everything, and waits until all of it is connected.
    pub(crate) async fn start(binary: &Path, database: Option<&str>) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("cs-bench-").tempdir()?;
        let workspace = Workspace::start(Config::default()).await.context("could not start the workspace")?;
        let config = home.path().join("countersign.toml");
        std::fs::write(&config, config_text(home.path(), database, &workspace.ready().api_url))?;
        let mut command = clean(binary, home.path());
        command.arg("--config").arg(&config).args(["serve", "--json", "--listen", "127.0.0.1:0"]);
        let mut server = command.stdout(Stdio::piped()).spawn().context("could not start the server")?;
        let ready = line(&mut server).await?;
        let ready: Value = serde_json::from_str(&ready).context("the server's first line is not JSON")?;
        let text = |key: &str| ready.get(key).and_then(Value::as_str).map(str::to_owned).context("a field is missing");
        let (url, link) = (text("url")?, text("login_link")?);
        let mut team = Self { binary: binary.to_owned(), workspace, url, server, agent: None, home };
        team.does(&["login", &link, "--email", "ada@example.com"], "").await?;
        let applied = team.does(&["apply", "-f", "-", "--json"], &team.file()?).await?;
        let applied: Value = serde_json::from_str(&applied)?;
        let token = applied.pointer("/agents/0/token").and_then(Value::as_str).context("no agent's token")?;
        team.start_agent(token).await?;
        team.slack_connected().await?;
        Ok(team)
    }

    /// The client, as ada starts it. Its outputs are the caller's to set.
    pub(crate) fn client(&self, args: &[&str]) -> Command {
        let mut command = clean(&self.binary, self.home.path());
        command.args(args);
        command
    }

    /// Runs the client to its end.
    pub(crate) async fn does(&self, args: &[&str], input: &str) -> Result<String> {
        let mut command = self.client(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        child.stdin.take().context("stdin is a pipe")?.write_all(input.as_bytes()).await?;
        let output = timeout(STEP_WITHIN, child.wait_with_output()).await.context("it did not end")??;
        ensure!(output.status.success(), "countersign {args:?} ended with {}", output.status);
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Ada's token.
    pub(crate) fn token(&self) -> Result<String> {
        let kept = std::fs::read_to_string(self.home.path().join(".config/countersign/credentials.json"))?;
        let kept: Value = serde_json::from_str(&kept)?;
        Ok(kept.get("token").and_then(Value::as_str).context("no token is kept")?.to_owned())
    }

    /// Resident sizes of server and agent.
    pub(crate) fn resident_mib(&self) -> (f64, f64) {
        self.both(process::resident_mib)
    }

    /// The largest that they have been.
    pub(crate) fn peak_mib(&self) -> (f64, f64) {
        self.both(process::peak_mib)
    }

    fn both(&self, size: impl Fn(u32) -> Option<f64>) -> (f64, f64) {
        let of = |child: Option<&Child>| child.and_then(Child::id).and_then(&size).unwrap_or(f64::NAN);
        (of(Some(&self.server)), of(self.agent.as_ref()))
    }

    fn file(&self) -> Result<String> {
        let ready = self.workspace.ready();
        let alice = ready.users.get("alice").context("the workspace has an alice")?;
        Ok(FILE
            .replace("{alice}", alice.as_str())
            .replace("{bot_token}", ready.bot_token.expose_secret())
            .replace("{app_token}", ready.app_token.expose_secret()))
    }

    async fn start_agent(&mut self, token: &str) -> Result<()> {
        let mut command = clean(&self.binary, self.home.path());
        command.args(["agent", "--server", &self.url, "--name", "default"]).env("COUNTERSIGN_AGENT_TOKEN", token);
        self.agent = Some(command.stdout(Stdio::null()).spawn().context("could not start the agent")?);
        // The server waits a moment for an agent that is not there yet: the first command says that it has come.
        for _ in 0..10 {
            let mut command = self.client(&["exec", "nothing"]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if command.status().await?.success() {
                return Ok(());
            }
        }
        anyhow::bail!("the agent does not come")
    }

    async fn slack_connected(&self) -> Result<()> {
        let app = self.workspace.ready().app_id.clone();
        let connected = |running: &Running| (running.workspace().connections(&app) > 0).then_some(());
        self.workspace.wait(connected, STEP_WITHIN).await.context("the app has no connection")
    }
}

/// A program in an environment of its own.
fn clean(binary: &Path, home: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .env("TERM", "xterm")
        .current_dir(home)
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

fn config_text(home: &Path, database: Option<&str>, api_url: &str) -> String {
    let data = home.join("data");
    // As private as the server wants it; it would make it itself.
    let _ = DirBuilder::new().mode(0o700).create(&data);
    let head = format!("[slack]\napi_url = {api_url:?}\n\n[log]\nlevel = \"error\"\n");
    let mut text = format!("{head}\n[serve]\ndata_dir = \"{}\"\n", data.display());
    if let Some(database) = database {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "database = {database:?}\nadvertise = \"http://127.0.0.1:0\"");
    }
    text
}

/// The first line of a program's output; the rest is not read.
async fn line(child: &mut Child) -> Result<String> {
    let mut reader = BufReader::new(child.stdout.as_mut().context("stdout is a pipe")?);
    let mut line = String::new();
    timeout(STEP_WITHIN, reader.read_line(&mut line)).await.context("it says nothing")??;
    Ok(line)
}

/// A new database on a server.
pub(crate) async fn fresh_database(url: &str, name: &str) -> Result<String> {
    let statement = format!("CREATE DATABASE {name}");
    let made = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--dbname", url, "--command", &statement])
        .status()
        .await?;
    ensure!(made.success(), "could not make a database");
    let (server, _) = url.rsplit_once('/').context("the server's address has no database")?;
    Ok(format!("{server}/{name}"))
}
