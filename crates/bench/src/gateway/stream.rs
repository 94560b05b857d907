//! Many bytes through a session, one way.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tokio::process::{Child, Command};

use super::team::Team;
use crate::process;

/// How often the client's size is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What streaming came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streamed {
    /// Millions of bytes a second, from the client's start to its end.
    pub(crate) mb_per_s: f64,
    /// The largest that the client has been.
    pub(crate) client_mib: f64,
}

/// Output of a command.
pub(crate) async fn out(team: &Team, mib: u32) -> Result<Streamed> {
    let bytes = (u64::from(mib) * 1024 * 1024).to_string();
    let mut command = team.client(&["exec", "zeros", "--", &bytes, "/dev/zero"]);
    // A pipe, as a person's next program would be at.
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let output: Stdio = child.stdout.take().context("stdout is a pipe")?.try_into()?;
    let mut counter = Command::new("wc").arg("-c").stdin(output).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let client_mib = watch(&mut child).await?;
    let time = begun.elapsed();
    ensure!(child.wait().await?.success(), "the client failed");
    let arrived = read(&mut counter).await?;
    ensure!(arrived.trim() == bytes, "{} of {bytes} bytes came", arrived.trim());
    Ok(Streamed { mb_per_s: rate(mib, time), client_mib })
}

/// Input of a command.
pub(crate) async fn into(team: &Team, mib: u32) -> Result<Streamed> {
    let bytes = (u64::from(mib) * 1024 * 1024).to_string();
    let mut source = Command::new("head");
    let mut source = source.args(["-c", &bytes, "/dev/zero"]).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let input: Stdio = source.stdout.take().context("stdout is a pipe")?.try_into()?;
    let mut command = team.client(&["exec", "sink"]);
    command.stdin(input).stdout(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let client_mib = watch(&mut child).await?;
    let time = begun.elapsed();
    ensure!(child.wait().await?.success(), "the client failed");
    ensure!(source.wait().await?.success(), "not all of the input was taken");
    Ok(Streamed { mb_per_s: rate(mib, time), client_mib })
}

/// Waits for a client's end; answers the largest that it has been.
async fn watch(child: &mut Child) -> Result<f64> {
    let pid = child.id().context("it runs")?;
    let mut peak = f64::NAN;
    loop {
        tokio::select! {
            status = child.wait() => {
                status?;
                return Ok(peak);
            }
            () = tokio::time::sleep(LOOK_EVERY) => peak = process::peak_mib(pid).unwrap_or(peak),
        }
    }
}

async fn read(child: &mut Child) -> Result<String> {
    use tokio::io::AsyncReadExt as _;
    let mut text = String::new();
    child.stdout.as_mut().context("stdout is a pipe")?.read_to_string(&mut text).await?;
    Ok(text)
}

fn rate(mib: u32, time: Duration) -> f64 {
    f64::from(mib) * 1.048_576 / time.as_secs_f64()
}
