//! The supervisor: a process of its own for each session, which ends everything that the session started.
//!
//! It is this program, started again, with one end of a socket pair as its standard input. Over that it gets one [`Job`] with the
//! command's descriptors, then [`Order`]s, and it sends back [`Event`]s. When the socket closes, however the agent ended,
//! it kills everything and leaves.
//!
//! It is child subreaper: whatever the command's descendants do to get away, they become the supervisor's children when their own
//! parents end, and a walk from the supervisor down finds them all. When the command ends by itself, what it left behind gets a short grace
//! (shells let the last process of a pipeline write its last line) and is then killed too: nothing outlives its approval.

mod launch;
mod protocol;
mod run;
mod tree;

use std::process::ExitCode;

pub(crate) use protocol::{Event, ExitStatus, Job, Order, Stdio};

/// Runs the supervisor when the program was started as `… agent supervise`, and nothing else: call it first in `main`, before anything that
/// costs time. What it returns is the process' exit code.
pub fn supervise_if_asked() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let asked = args.next()? == "agent" && args.next()? == "supervise" && args.next().is_none();
    asked.then(supervise_main)
}

/// The whole life of a supervisor process. Standard input is the socket to the agent.
pub fn supervise_main() -> ExitCode {
    match run::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
