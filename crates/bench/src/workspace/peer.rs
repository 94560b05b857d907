//! The workspaces that are measured, each in a process of its own.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
    time::{sleep, timeout},
};

use crate::load::{Connection, Endpoint, request};

/// Longest time for a start.
const START_WITHIN: Duration = Duration::from_secs(20);

/// Tokens that `emulate` is given: it refuses one after 5,000 calls in an hour.
const TOKENS: usize = 400;

/// What is measured.
#[derive(Clone, Debug)]
pub(crate) enum Program {
    /// Ours.
    Countersign(PathBuf),
    /// npm's `emulate`, and the Node that runs it.
    Emulate { node: PathBuf, script: PathBuf },
}

/// A workspace that answers.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// A pipe that is not read any more would end who writes to it.
    _stdout: BufReader<ChildStdout>,
    _dir: tempfile::TempDir,
    /// Its Web API.
    pub(crate) endpoint: Endpoint,
    /// Tokens that may post.
    pub(crate) tokens: Vec<String>,
    /// A channel to post into.
    pub(crate) channel: String,
    /// What the readiness line says, where there is one.
    pub(crate) ready: Value,
    /// From the process's start to its readiness line, where there is one.
    pub(crate) to_ready: Option<Duration>,
    /// From the process's start to the first answer.
    pub(crate) to_answer: Duration,
}

/// The `emulate` that was installed, or why there is none.
pub(crate) fn emulate(dir: &Path) -> Result<Program, String> {
    if let Ok(why) = std::fs::read_to_string(dir.join("not-run")) {
        return Err(why.trim().to_owned());
    }
    let node = dir.join("node_modules/node/bin/node");
    let script = dir.join("node_modules/emulate/dist/index.js");
    for path in [&node, &script] {
        if !path.is_file() {
            return Err(format!("there is no {}: run `cargo xtask bench workspace`", path.display()));
        }
    }
    Ok(Program::Emulate { node, script })
}

impl Program {
    /// Starts one and waits for its first answer.
    pub(crate) async fn start(&self) -> Result<Running> {
        let dir = tempfile::Builder::new().prefix("cs-bench-").tempdir()?;
        let started = match self {
            Self::Countersign(binary) => countersign(binary, dir).await,
            Self::Emulate { node, script } => start_emulate(node, script, dir).await,
        };
        started.with_context(|| format!("could not start {}", self.name()))
    }

    /// As progress names it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Countersign(_) => "ours",
            Self::Emulate { .. } => "emulate",
        }
    }

    /// Whether it is ours.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::Countersign(_))
    }

    /// How many calls are made with a token before the next one's turn.
    pub(crate) fn calls_per_token(&self) -> usize {
        match self {
            // Never used up, and far from where counting would overflow.
            Self::Countersign(_) => 1 << 40,
            Self::Emulate { .. } => 4_000,
        }
    }
}

impl Running {
    /// Its process.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.child.id().context("it has ended")
    }

    /// A call with the first token.
    pub(crate) fn request(&self, method: &str, form: &str) -> Result<Vec<u8>> {
        let token = self.tokens.first().context("there is no token")?;
        Ok(request(&self.endpoint, method, token, form))
    }
}

fn command(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", dir).current_dir(dir);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

async fn countersign(binary: &Path, dir: tempfile::TempDir) -> Result<Running> {
    let mut command = command(binary, dir.path());
    command.args(["workspace", "--json"]);
    let began = Instant::now();
    let mut child = command.spawn()?;
    let mut stdout = BufReader::new(child.stdout.take().context("stdout is a pipe")?);
    let mut line = String::new();
    timeout(START_WITHIN, stdout.read_line(&mut line)).await.context("no readiness line came")??;
    let to_ready = Some(began.elapsed());
    let ready: Value = serde_json::from_str(&line).context("the readiness line is no JSON")?;
    let text = |pointer: &str| ready.pointer(pointer).and_then(Value::as_str).map(str::to_owned).context("a field");
    let endpoint = Endpoint::parse(&text("/api_url")?)?;
    let (token, channel) = (text("/bot_token")?, text("/channels/general")?);
    answers(&endpoint, &token).await?;
    let to_answer = began.elapsed();
    let tokens = vec![token];
    Ok(Running { child, _stdout: stdout, _dir: dir, endpoint, tokens, channel, ready, to_ready, to_answer })
}

async fn start_emulate(node: &Path, script: &Path, dir: tempfile::TempDir) -> Result<Running> {
    let tokens: Vec<String> = (0..TOKENS).map(|number| format!("xoxb-bench-{number:04}")).collect();
    let seed = dir.path().join("seed.json");
    std::fs::write(&seed, seed_of(&tokens).to_string())?;
    // It takes a port but not a listener: one that was free a moment ago.
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let mut command = command(node, dir.path());
    command.arg(script).args(["start", "--service", "slack", "--port"]).arg(port.to_string()).arg("--seed").arg(&seed);
    let began = Instant::now();
    let mut child = command.spawn()?;
    let stdout = BufReader::new(child.stdout.take().context("stdout is a pipe")?);
    let endpoint = Endpoint::parse(&format!("http://127.0.0.1:{port}/api/"))?;
    let token = tokens.first().context("there is a token")?;
    timeout(START_WITHIN, answers(&endpoint, token)).await.context("it does not answer")??;
    let to_answer = began.elapsed();
    let list = request(&endpoint, "conversations.list", token, "limit=100");
    let channels = Connection::open(endpoint.address).await?.fetch(&list).await?;
    let channels: Value = serde_json::from_str(&channels)?;
    let channel = channels.pointer("/channels/0/id").and_then(Value::as_str).context("it has no channel")?.to_owned();
    let (ready, to_ready) = (Value::Null, None);
    Ok(Running { child, _stdout: stdout, _dir: dir, endpoint, tokens, channel, ready, to_ready, to_answer })
}

/// One channel, and many tokens of one user.
fn seed_of(tokens: &[String]) -> Value {
    let scopes = ["chat:write", "channels:read", "channels:history", "users:read"];
    let of_token = |token: &String| (token.clone(), json!({"login": "U000000001", "scopes": scopes}));
    let tokens: serde_json::Map<String, Value> = tokens.iter().map(of_token).collect();
    json!({"tokens": tokens, "slack": {"channels": [{"name": "bench"}]}})
}

/// Asks until `auth.test` is answered with `ok`.
async fn answers(endpoint: &Endpoint, token: &str) -> Result<()> {
    let call = request(endpoint, "auth.test", token, "");
    loop {
        if let Ok(mut connection) = Connection::open(endpoint.address).await {
            let body = connection.fetch(&call).await.context("the first call")?;
            ensure!(body.contains(r#""ok":true"#), "auth.test is answered with {body}");
            return Ok(());
        }
        sleep(Duration::from_millis(1)).await;
    }
}
