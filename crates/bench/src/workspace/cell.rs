//! One cell: a method, a number of connections, a fresh process.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::peer::{Program, Running};
use crate::load::{Bare, Counted, Load, request};

/// Time that calls are made for before they count.
const WARM: Duration = Duration::from_secs(1);

/// Connections of the cells with many.
pub(crate) const MANY: usize = 64;

/// What is called, and on how many connections.
pub(crate) const CELLS: [(&str, usize); 4] =
    [("auth.test", 1), ("auth.test", MANY), ("chat.postMessage", 1), ("chat.postMessage", MANY)];

/// A message as long as people's are.
const TEXT: &str = "The+deployment+of+build+4711+to+production+has+finished%3A+all+37+checks+passed+in+4+minutes.";

/// Calls one method for a while.
pub(crate) async fn run(program: &Program, (method, connections): (&str, usize), counted: Duration) -> Result<Counted> {
    let running = program.start().await?;
    let load = load(program, &running, method, 0)?;
    tokio::task::spawn_blocking(move || load.for_time(connections, WARM, counted)).await?.context("while calling")
}

/// What the load client can ask a server for that does nothing else.
pub(crate) async fn ceiling(bare: &Bare, counted: Duration) -> Result<Counted> {
    let requests = vec![request(&bare.endpoint, "auth.test", "xoxb-0000000000000-0000000000000-bench", "")];
    let load =
        Load { endpoint: bare.endpoint.clone(), requests, calls_per_token: usize::MAX, made: 0, pid: bare.pid() };
    tokio::task::spawn_blocking(move || load.for_time(MANY, WARM, counted)).await?
}

/// The calls of a method, with each of the workspace's tokens; `made` calls were made before.
pub(crate) fn load(program: &Program, running: &Running, method: &str, made: usize) -> Result<Load> {
    let form = if method == "chat.postMessage" { message(&running.channel) } else { String::new() };
    let requests = running.tokens.iter().map(|token| request(&running.endpoint, method, token, &form)).collect();
    let calls_per_token = program.calls_per_token();
    Ok(Load { endpoint: running.endpoint.clone(), requests, calls_per_token, made, pid: running.pid()? })
}

/// The form of a call that posts.
pub(crate) fn message(channel: &str) -> String {
    format!("channel={channel}&text={TEXT}")
}
