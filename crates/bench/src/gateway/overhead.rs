//! `exec` of a command that does nothing, beside the command itself.

use std::{process::Stdio, time::Instant};

use anyhow::{Result, ensure};
use tokio::process::Command;

use super::team::Team;
use crate::{samples, stats::Samples};

/// Starts and ends `true`, again and again.
pub(crate) async fn floor(count: usize) -> Result<Samples> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        times.push(time(Command::new("true")).await?);
    }
    Ok(samples(times))
}

/// The same through client, server and agent.
pub(crate) async fn measure(team: &Team, count: usize) -> Result<Samples> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        times.push(time(team.client(&["exec", "nothing"])).await?);
    }
    Ok(samples(times))
}

async fn time(mut command: Command) -> Result<std::time::Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let begun = Instant::now();
    let status = command.status().await?;
    let time = begun.elapsed();
    ensure!(status.success(), "it ended with {status}");
    Ok(time)
}
