//! From a change of an app's file until the new app runs.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use countersign_slack_workspace::{Config, Workspace};
use serde_json::json;
use tokio::time::sleep;

use super::{directory::Directory, runner::Runner, told::Told};
use crate::{samples, stats::Samples};

/// Between a new app and the next change: changes are told once a second, and that is not what is measured.
const PAUSE: Duration = Duration::from_millis(1200);

/// Changes a file so often.
pub(crate) async fn run(binary: &Path, changes: usize) -> Result<Samples> {
    let slack = Workspace::start(Config::default()).await.context("could not start the workspace")?;
    let watch = json!({"app": {"paths": ["."], "filter-regex": "\\.sh$"}});
    let config = json!({"sdk-managed-connection-enabled": true, "watch": watch});
    let directory = Directory::of_app("sh app.sh", &config)?;
    let mut told = Told::at(&directory.path().join("told"))?;
    directory.write("app.sh", &told.app())?;
    let mut runner = Runner::start(binary, directory.path(), slack.ready(), &[])?;
    let (mut before, _) = runner.until(told.next()).await?;
    let mut times = Vec::with_capacity(changes);
    for number in 0..changes {
        sleep(PAUSE).await;
        let began = Instant::now();
        directory.write("library.sh", &format!("# {number}\n"))?;
        let (after, at) = runner.until(told.next()).await?;
        ensure!(before != after, "the same app says twice that it has started");
        before = after;
        times.push(at.duration_since(began));
    }
    Ok(samples(times))
}
