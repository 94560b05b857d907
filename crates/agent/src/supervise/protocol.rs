//! What agent and supervisor say to each other: lines of JSON. The command's descriptors come with the first byte of the job.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

/// What is to be run.
#[derive(Serialize, Deserialize)]
pub(crate) struct Job {
    /// Program and arguments.
    pub(crate) argv: Vec<String>,
    /// The whole environment; later entries win.
    pub(crate) env: Vec<(String, String)>,
    /// Where it begins.
    pub(crate) dir: PathBuf,
    /// What the descriptors are.
    pub(crate) stdio: Stdio,
    /// How many files it may have open, where the agent itself may have more.
    pub(crate) open_files: Option<u64>,
    /// An empty cgroup of the session's own.
    pub(crate) cgroup: Option<PathBuf>,
}

/// What the descriptors are that come with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stdio {
    /// Three: standard input, output and error.
    Pipes,
    /// One: a terminal, for all three.
    Terminal,
}

/// From the agent, after the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// A signal for the command's process group, by its number.
    Signal(i32),
    /// End everything: hang up now, kill after so many milliseconds.
    Stop {
        /// Zero: kill at once.
        grace_ms: u64,
    },
}

/// From the supervisor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// The command runs.
    Spawned,
    /// It could not be started.
    NotSpawned {
        /// Why, for people.
        why: String,
    },
    /// The command ended, and nothing is left of what it started.
    Ended {
        /// How the command ended.
        status: ExitStatus,
        /// Processes that could not be ended, e.g. another user's.
        left: u32,
    },
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExitStatus {
    /// By itself, with this code.
    Code(u8),
    /// By this signal.
    Signal(u8),
}

impl fmt::Debug for Job {
    /// Without arguments and values: both may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({:?}, {} variables)", self.stdio, self.env.len())
    }
}
