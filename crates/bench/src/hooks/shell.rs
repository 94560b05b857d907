//! The same commands by a shell and nothing else: what any program that runs hooks has to pay.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use countersign_slack::hooks::{Boundary, Protocol, ProtocolName};
use futures_util::{StreamExt as _, stream};
use tokio::process::Command;

/// What is run: a command in a directory, and how its response is told from the rest.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    script: String,
    arguments: Vec<String>,
    directory: Box<Path>,
}

impl Shell {
    /// A command as `countersign slack` gives it to a shell.
    pub(crate) fn new(line: &str, protocol: ProtocolName, directory: &Path) -> Result<Self> {
        let protocol = match protocol {
            ProtocolName::Default => Protocol::Default,
            ProtocolName::MessageBoundaries => Protocol::MessageBoundaries(Boundary::random()?),
        };
        Ok(Self { script: format!("{line} \"$@\""), arguments: protocol.arguments(), directory: directory.into() })
    }

    /// Runs it to its end; answers how long that took, and how much it wrote.
    pub(crate) async fn run(&self) -> Result<(Duration, usize)> {
        let began = Instant::now();
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.script).arg("sh").args(&self.arguments);
        command.current_dir(&self.directory).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.context("could not run a shell")?;
        let took = began.elapsed();
        ensure!(output.status.success(), "the shell ended with {}", output.status);
        Ok((took, output.stdout.len()))
    }

    /// Runs it again and again, so many at once; answers how often it ended in a second.
    pub(crate) async fn per_second(&self, at_once: usize, counted: Duration) -> Result<f64> {
        let end = Instant::now() + counted;
        let runs = stream::repeat_with(|| self.run()).buffer_unordered(at_once);
        let mut runs = runs.take_while(|_| std::future::ready(Instant::now() < end));
        let mut done = 0_u32;
        while let Some(run) = runs.next().await {
            run?;
            done += 1;
        }
        Ok(f64::from(done) / counted.as_secs_f64())
    }
}
