//! Many files that are watched while nobody changes them.

use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use countersign_slack_workspace::{Config, Workspace};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::{sleep, timeout},
};

use super::{directory::Directory, runner::Runner, told::Told};
use crate::process;

/// Files in a directory.
const TOGETHER: usize = 100;
/// Longest time until the poller has looked at every file once.
const START_WITHIN: Duration = Duration::from_mins(1);
/// How long they are left alone before their processor time counts.
const REST: Duration = Duration::from_secs(1);

/// A project with many files.
#[derive(Debug)]
pub(crate) struct Tree {
    directory: Directory,
    /// Outside the project: what is told there changes nothing in it.
    outside: TempDir,
}

/// What watching them took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watching {
    pub(crate) ours: Taken,
    pub(crate) poller: Taken,
}

/// What a process took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// The processor's time in ten seconds, in milliseconds.
    pub(crate) cpu_ms: f64,
    /// Resident size at the end.
    pub(crate) mib: f64,
}

impl Tree {
    /// Makes one.
    pub(crate) fn new(files: usize) -> Result<Self> {
        let watch = json!({"app": {"paths": ["."], "filter-regex": "\\.(js|sh)$"}});
        let config = json!({"sdk-managed-connection-enabled": true, "watch": watch});
        let directory = Directory::of_app("sh app.sh", &config)?;
        for number in 0..files {
            let parent = directory.path().join(format!("src/{:04}", number / TOGETHER));
            if number % TOGETHER == 0 {
                fs::create_dir_all(&parent)?;
            }
            fs::write(parent.join(format!("{number:06}.js")), "")?;
        }
        let outside = tempfile::Builder::new().prefix("cs-bench-").tempdir()?;
        Ok(Self { directory, outside })
    }
}

/// Watches them, one after the other: the one that is shipped, and one that looks every 100 ms.
pub(crate) async fn run(binary: &Path, tree: &Tree, watched: Duration) -> Result<Watching> {
    Ok(Watching { ours: ours(binary, tree, watched).await?, poller: poller(tree, watched).await? })
}

async fn ours(binary: &Path, tree: &Tree, watched: Duration) -> Result<Taken> {
    let slack = Workspace::start(Config::default()).await.context("could not start the workspace")?;
    let path = tree.outside.path().join("told");
    if path.exists() {
        fs::remove_file(&path)?;
    }
    let mut told = Told::at(&path)?;
    tree.directory.write("app.sh", &told.app())?;
    let mut runner = Runner::start(binary, tree.directory.path(), slack.ready(), &[])?;
    // Files are watched before the app starts.
    runner.until(told.next()).await?;
    let taken = taken(runner.pid()?, watched).await?;
    runner.pid()?;
    Ok(taken)
}

async fn poller(tree: &Tree, watched: Duration) -> Result<Taken> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("poll-files").arg(tree.directory.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().context("could not start the poller")?;
    let mut stdout = BufReader::new(child.stdout.take().context("stdout is a pipe")?);
    let mut line = String::new();
    timeout(START_WITHIN, stdout.read_line(&mut line)).await.context("the poller does not begin")??;
    ensure!(line.trim() == super::poller::READY, "the poller says {line:?}");
    taken(child.id().context("the poller has ended")?, watched).await
}

/// What a process takes that nothing happens to.
async fn taken(pid: u32, watched: Duration) -> Result<Taken> {
    sleep(REST).await;
    let cpu = || process::processor_time(pid).context("it has ended");
    let (began, before) = (Instant::now(), cpu()?);
    sleep(watched).await;
    let (took, cpu) = (began.elapsed(), cpu()?.saturating_sub(before));
    let mib = process::resident_mib(pid).context("it has ended")?;
    Ok(Taken { cpu_ms: cpu.as_secs_f64() / took.as_secs_f64() * 10_000.0, mib })
}
