//! How large a workspace is with many messages, and what that does to calls.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::{
    cell,
    peer::{Program, Running},
};
use crate::{load::Connection, process, stats::Samples};

/// Calls of each method at each size, one at a time.
const CALLS: usize = 200;

/// What one size came to.
#[derive(Clone, Debug)]
pub(crate) struct Size {
    pub(crate) messages: usize,
    /// Resident size.
    pub(crate) mib: f64,
    /// Calls a second while the messages were posted.
    pub(crate) posted_per_s: f64,
    pub(crate) auth: Samples,
    pub(crate) history: Samples,
}

/// Posts until there are as many messages as wanted, again and again.
pub(crate) async fn run(program: &Program, wanted: &[usize]) -> Result<Vec<Size>> {
    let running = program.start().await?;
    let mut sizes = vec![size(&running, 0, f64::NAN).await?];
    let mut there = 0;
    for messages in wanted.iter().copied() {
        // The first token is for the calls that are timed.
        let load = cell::load(program, &running, "chat.postMessage", program.calls_per_token().saturating_add(there))?;
        let more = messages.saturating_sub(there);
        let posted = tokio::task::spawn_blocking(move || load.for_calls(cell::MANY, more)).await??;
        ensure!(posted.failures == 0, "{} messages were refused", posted.failures);
        there = messages;
        sizes.push(size(&running, messages, posted.per_s).await?);
    }
    Ok(sizes)
}

async fn size(running: &Running, messages: usize, posted_per_s: f64) -> Result<Size> {
    let mib = process::resident_mib(running.pid()?).context("it has ended")?;
    let auth = times(running, "auth.test", "").await?;
    let history = times(running, "conversations.history", &format!("channel={}&limit=100", running.channel)).await?;
    Ok(Size { messages, mib, posted_per_s, auth, history })
}

async fn times(running: &Running, method: &str, form: &str) -> Result<Samples> {
    let request = running.request(method, form)?;
    let mut connection = Connection::open(running.endpoint.address).await?;
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let began = Instant::now();
        ensure!(connection.call(&request).await?, "{method} was refused");
        times.push(began.elapsed());
    }
    Ok(crate::samples(times))
}
