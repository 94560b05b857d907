//! What the client is told. The command line fills it in; nothing here reads the environment.

use std::time::Duration;

use crate::host::{Host, Mode};
use crate::rendezvous::{DaemonSpec, Paths, SpawnCommand};
use crate::screen_lock::LockProbe;

/// The client's configuration.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Where the daemon is met; verified.
    pub paths: Paths,
    /// How the daemon is started.
    pub spawn: SpawnCommand,
    /// What a started daemon is told; `runtime_dir` and `key` are filled in from `paths`.
    pub spec: DaemonSpec,
    /// Who may decide, Slack user ids; the first one gets the direct message.
    pub approvers: Vec<String>,
    /// Where to post instead of the first approver's direct message.
    pub channel: Option<String>,
    /// How long to wait for a decision in all.
    pub deadline: Duration,
    /// What happens where nobody decided.
    pub mode: Mode,
    /// Which coding agent asks.
    pub host: Host,
    /// This program's version.
    pub version: String,
    /// Ask only while the screen is locked, and how to find out.
    pub only_screen_lock: Option<LockProbe>,
}

impl ClientConfig {
    /// How long to wait for a decision when nothing else is said: the original's five minutes.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_mins(5);
}
