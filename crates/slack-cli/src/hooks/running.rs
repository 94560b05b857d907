//! A hook's process that goes on by itself.

use std::{fmt, io, process::ExitStatus, time::Duration};

use countersign_slack::hooks::Protocol;
use tokio::process::Child;

use super::{
    HookCall,
    command::{self, Streams},
    group::Group,
};
use crate::Failure;

/// The exit code of a command whose app was ended by a signal, as the official command line has it.
const INTERRUPTED: u8 = 130;

/// A hook's process that goes on by itself, with our stdout and stderr.
///
/// Dropping it kills it with all that it started.
#[derive(Debug)]
pub struct Running {
    child: Child,
    group: Group,
    grace: Duration,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with a code.
    Code(u8),
    /// By a signal.
    Signal(i32),
}

/// Starts a hook with our stdout and stderr.
pub(super) fn spawn(call: &HookCall) -> Result<Running, Failure> {
    start(call, Streams::Inherited)
}

/// Starts a hook with our stdin as well.
pub(super) fn attach(call: &HookCall) -> Result<Running, Failure> {
    start(call, Streams::Attached)
}

fn start(call: &HookCall, streams: Streams) -> Result<Running, Failure> {
    // Its stdout is not ours to read: there is nothing that a protocol could tell apart.
    let (child, group) = command::start(call, &Protocol::Default, streams)?;
    Ok(Running { child, group, grace: call.grace })
}

impl Running {
    /// The number of its process, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until its own process has ended; what it left behind in its group is ended too.
    pub async fn wait(&mut self) -> Ended {
        let ended = Ended::of(&self.child.wait().await);
        self.group.end_leftovers(self.grace).await;
        ended
    }

    /// Ends the whole process tree: asked first (SIGINT, SIGTERM), killed after the grace.
    pub async fn stop(mut self, grace: Duration) -> Ended {
        self.group.stop(&mut self.child, grace).await
    }
}

impl Ended {
    pub(super) fn of(status: &io::Result<ExitStatus>) -> Self {
        // Who cannot be waited for has been waited for by somebody else: nobody knows how it ended.
        let Ok(status) = status else { return Self::Code(u8::MAX) };
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(status) {
            return Self::Signal(signal);
        }
        Self::Code(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
    }

    /// Whether it ended as it should.
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }

    /// The exit code of a command that passes it on.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(_) => INTERRUPTED,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exited with code {code}"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}{}", name(*signal)),
        }
    }
}

fn name(signal: i32) -> &'static str {
    match signal {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        6 => " (SIGABRT)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        _ => "",
    }
}
