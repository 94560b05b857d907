//! From the last click to the command's first word.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use countersign_slack_workspace::Running;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    time::timeout,
};

use super::team::{STEP_WITHIN, Team};
use crate::{samples, stats::Samples};

/// The action of the button that approves.
const APPROVE: &str = "countersign:approve";

/// Between a message and the click on it: a person takes longer.
const GLANCE: Duration = Duration::from_millis(50);

/// Commands that wait for a click, one at a time.
pub(crate) async fn measure(team: &Team, count: usize) -> Result<Samples> {
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        times.push(pass(team, number).await?);
    }
    Ok(samples(times))
}

async fn pass(team: &Team, number: usize) -> Result<Duration> {
    let mark = format!("number {number} of this round");
    let mut command = team.client(&["exec", "reviewed", &format!("echo up # {mark}")]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let channel = team.workspace.channel("approvals").context("there is a channel")?;
    let alice = team.workspace.user("alice").context("there is an alice")?;
    let find = |running: &Running| {
        running.workspace().read(|state| {
            let messages = state.channel(channel.as_str()).map_or(&[][..], |room| room.messages());
            let asks = |body: &Value| {
                let text = body.to_string();
                text.contains(&mark) && text.contains(APPROVE)
            };
            messages.iter().rev().find(|message| asks(message.body())).map(|message| message.ts)
        })
    };
    let ts = team.workspace.wait(find, STEP_WITHIN).await.context("no message came")?;
    tokio::time::sleep(GLANCE).await;
    let mut lines = BufReader::new(child.stdout.take().context("stdout is a pipe")?).lines();
    let begun = Instant::now();
    let up = async {
        let line = timeout(STEP_WITHIN, lines.next_line()).await.context("it does not begin")??;
        ensure!(line.as_deref() == Some("up"), "it says something else: {line:?}");
        Ok(begun.elapsed())
    };
    let (clicked, time) = tokio::join!(team.workspace.click(&alice, &channel, ts, APPROVE), up);
    clicked?;
    ensure!(child.wait().await?.success(), "the command failed");
    time
}
