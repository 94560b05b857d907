//! An SDK's app in a process of its own.

use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, anyhow, bail};
use countersign_slack_workspace::Ready;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use crate::sdk::{Program, Sdk, installed};

/// A running app. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Peer {
    talk: Mutex<Talk>,
    _child: Child,
}

/// Lines of JSON in both directions: what is wanted goes in, what came of it comes out.
#[derive(Debug)]
struct Talk {
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    next_id: u64,
}

impl Peer {
    /// Starts the app and returns once it says that it listens.
    pub(crate) async fn start(sdk: Sdk, program: &Program, ready: &Ready) -> Result<Self> {
        let mut child = Command::new(&program.path)
            .args(&program.args)
            .current_dir(&program.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log(sdk)?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {}", program.path.display()))?;
        let stdin = child.stdin.take().context("no stdin")?;
        let stdout = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let mut talk = Talk { stdin, stdout, next_id: 1 };
        talk.say(&serde_json::to_value(ready)?).await?;
        let first = talk.hear().await?;
        if first["event"] != "started" {
            bail!("the app says {first} instead of that it started");
        }
        Ok(Self { talk: Mutex::new(talk), _child: child })
    }

    /// Has the app do something with its SDK.
    pub(crate) async fn run(&self, task: &str, args: Value) -> Result<Value> {
        let mut pipes = self.talk.lock().await;
        let id = pipes.next_id;
        pipes.next_id += 1;
        pipes.say(&json!({"id": id, "task": task, "args": args})).await?;
        loop {
            let mut answer = pipes.hear().await?;
            // Answers to tasks that were given up are late.
            if answer["id"] != id {
                continue;
            }
            if let Some(error) = answer.get("error") {
                return Err(anyhow!("{task}: {}", error.as_str().unwrap_or_default()));
            }
            return Ok(answer["result"].take());
        }
    }
}

impl Talk {
    async fn say(&mut self, line: &Value) -> Result<()> {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await.context("the app does not listen any more")?;
        self.stdin.flush().await.context("the app does not listen any more")
    }

    async fn hear(&mut self) -> Result<Value> {
        let line = self.stdout.next_line().await?.context("the app ended")?;
        serde_json::from_str(&line).with_context(|| format!("the app wrote {line:?}, which is no JSON"))
    }
}

/// Where the app's stderr goes.
fn log(sdk: Sdk) -> Result<File> {
    Ok(File::options().create(true).append(true).open(log_path(sdk)?)?)
}

/// Forgets what apps of an SDK said earlier.
pub(crate) fn forget_log(sdk: Sdk) -> Result<()> {
    File::create(log_path(sdk)?)?;
    Ok(())
}

fn log_path(sdk: Sdk) -> Result<PathBuf> {
    let dir = installed().join("logs");
    std::fs::create_dir_all(&dir)?;
    Ok(dir.join(format!("{}.log", sdk.name().replace(' ', "-"))))
}
