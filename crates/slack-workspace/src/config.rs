//! What can be chosen when a workspace is started.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How the workspace looks at the start; the default is what the readiness line promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The port on 127.0.0.1; 0 takes a free one. Used by [`crate::Workspace::start`].
    pub port: u16,
    /// The workspace's name.
    pub team_name: String,
    /// The name of the app that is installed from the start.
    pub app_name: String,
    /// The people; the first is the owner.
    pub people: Vec<String>,
    /// The public channels, with everyone in them.
    pub channels: Vec<String>,
    /// How much of the journal is kept, in bytes.
    pub journal_bytes: usize,
    /// Calls beyond a method's tier are refused with 429, as Slack does.
    pub rate_limits: bool,
    /// Where certificates are written; the workspace is then served over TLS only.
    pub tls: Option<PathBuf>,
    /// A YAML file with people, channels, apps and messages.
    pub seed: Option<PathBuf>,
    /// Where the workspace is kept across restarts.
    pub state: Option<PathBuf>,
    /// Where the journal is recorded, a line of JSON an entry.
    pub record: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Self {
            port: 0,
            team_name: "Countersign".to_owned(),
            app_name: "Countersign".to_owned(),
            people: words(&["alice", "bob", "carol"]),
            channels: words(&["general", "approvals", "security-alerts"]),
            journal_bytes: 32 * 1024 * 1024,
            rate_limits: false,
            tls: None,
            seed: None,
            state: None,
            record: None,
        }
    }
}
