//! Operations other than a decision: test, status, list, show, deny, cancel.

use std::time::{Duration, Instant};

use super::connection::{Connection, Interrupted};
use super::{ClientConfig, HookExit};
use crate::host::{Decision, code};
use crate::rendezvous::{ConnectError, MeetError, connect, meet};
use crate::text::chain;
use crate::wire::{Final, Op, Outcome, Progress, RequestKey, RequestKeyError, ServerLine, Verdict};

/// Pause before asking a daemon's successor.
const SUCCESSOR_PAUSE: Duration = Duration::from_millis(50);

/// Whether an operation is worth a daemon of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Start one when there is none.
    IfNeeded,
    /// Without a daemon there is no answer.
    Never,
}

/// Why an operation has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The running daemon could not be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No daemon was found or started.
    #[error(transparent)]
    Meet(#[from] MeetError),
    /// No request key could be drawn.
    #[error(transparent)]
    Key(#[from] RequestKeyError),
    /// The daemon did not answer.
    #[error("{0}")]
    Answer(String),
}

impl CallError {
    /// Says whether there simply is no daemon.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Connect(ConnectError::Absent))
    }
}

impl From<Interrupted> for CallError {
    fn from(error: Interrupted) -> Self {
        Self::Answer(chain(&error))
    }
}

/// Sends one operation and waits for its answer, at most the configured deadline.
///
/// Progress lines are handed over as they come. A daemon that is older and leaves is succeeded when `start` allows it.
pub fn call(
    config: &ClientConfig,
    op: Op,
    args: &serde_json::Value,
    start: Start,
    on_progress: &mut dyn FnMut(&Progress),
) -> Result<Final, CallError> {
    let deadline = Instant::now() + config.deadline;
    let key = RequestKey::random()?;
    loop {
        let stream = match start {
            Start::Never => connect(&config.paths)?,
            Start::IfNeeded => meet(&config.paths, &config.spawn, &config.spec, deadline)?,
        };
        let wait = deadline.saturating_duration_since(Instant::now());
        let mut hello = config.hello(op, key, wait);
        hello.args = args.clone();
        let answered = Connection::open(stream, hello.to_line(), &[], deadline)
            .and_then(|connection| last_line(connection, deadline, on_progress));
        // A daemon that is leaving, or was killed a moment ago, is succeeded: the same key is the same errand.
        let is_gone = match &answered {
            Ok(answer) => answer.outcome == Outcome::Outdated,
            Err(error) => matches!(error, Interrupted::Gone),
        };
        if start == Start::Never || !is_gone || wait < SUCCESSOR_PAUSE {
            return Ok(answered?);
        }
        std::thread::sleep(SUCCESSOR_PAUSE);
    }
}

fn last_line(
    mut connection: Connection,
    deadline: Instant,
    on_progress: &mut dyn FnMut(&Progress),
) -> Result<Final, Interrupted> {
    loop {
        match connection.next(deadline)? {
            ServerLine::Final(answer) => return Ok(*answer),
            ServerLine::Progress(progress) => on_progress(&progress),
        }
    }
}

/// Runs the connection test through the daemon and says what came of it.
///
/// A no is a good end too: the click came back.
pub fn test(config: &ClientConfig, on_progress: &mut dyn FnMut(&Progress)) -> HookExit {
    let nothing = serde_json::Value::Null;
    match call(config, Op::Test, &nothing, Start::IfNeeded, on_progress) {
        Ok(answer) => said(&answer),
        Err(error) => failed(&chain(&error)),
    }
}

fn said(answer: &Final) -> HookExit {
    let who = answer.by.as_deref().unwrap_or("somebody");
    let who = crate::text::one_line(who, 80);
    match answer.verdict() {
        Verdict::Decided(Decision::Allow) => passed(&format!("Test passed: {who} approved.")),
        Verdict::Decided(_) => passed(&format!("Test passed: {who} denied.")),
        Verdict::Undecided(_) if answer.outcome == Outcome::Ok => passed(&format!("Test passed: {who} clicked.")),
        Verdict::Undecided(reason) => failed(&reason),
        Verdict::Outdated => failed("an older daemon is still leaving"),
    }
}

fn passed(line: &str) -> HookExit {
    HookExit::answer(format!("{line}\n").into_bytes())
}

fn failed(reason: &str) -> HookExit {
    HookExit { stdout: Vec::new(), stderr: format!("countersign: test failed: {reason}\n"), code: code::FAULT }
}
