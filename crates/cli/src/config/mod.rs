//! Configuration: defaults, then the file, then the environment, then flags.
//!
//! `--config` pins a file: then neither the environment nor a project can change the address, the tokens or the
//! approvers, which is what a hook that guards an agent needs.

mod dirs;
mod error;
mod load;
mod secret;

use serde::Deserialize;

pub(crate) use self::{
    dirs::{Dirs, make_private},
    error::ConfigError,
    load::{Loaded, Source, load},
    secret::{Secret, read_secret},
};

/// The documented defaults.
pub(crate) const DEFAULTS: &str = include_str!("default.toml");

/// Every setting.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) slack: Slack,
    pub(crate) hook: Hook,
    pub(crate) serve: Serve,
    pub(crate) retention: Retention,
    pub(crate) log: Log,
}

/// How to reach Slack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slack {
    pub(crate) api_url: String,
    #[serde(default)]
    pub(crate) bot_token: Option<Secret>,
    #[serde(default)]
    pub(crate) bot_token_file: Option<std::path::PathBuf>,
    #[serde(default)]
    pub(crate) app_token: Option<Secret>,
    #[serde(default)]
    pub(crate) app_token_file: Option<std::path::PathBuf>,
}

/// The coding agent's hook and its daemon.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hook {
    #[serde(default)]
    pub(crate) approvers: Vec<String>,
    #[serde(default)]
    pub(crate) channel: Option<String>,
    pub(crate) wait_s: u64,
    pub(crate) only_screen_lock: bool,
    pub(crate) idle_exit_s: u64,
    pub(crate) orphan_grace_s: u64,
}

/// The server of a team.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Serve {
    pub(crate) listen: std::net::SocketAddr,
    #[serde(default)]
    pub(crate) database: Option<Secret>,
    #[serde(default)]
    pub(crate) database_file: Option<std::path::PathBuf>,
    #[serde(default)]
    pub(crate) advertise: Option<String>,
    #[serde(default)]
    pub(crate) public_url: Option<String>,
    #[serde(default)]
    pub(crate) data_dir: Option<std::path::PathBuf>,
    #[serde(default)]
    pub(crate) key_file: Option<std::path::PathBuf>,
    #[serde(default)]
    pub(crate) tls_certificate_file: Option<std::path::PathBuf>,
    #[serde(default)]
    pub(crate) tls_key_file: Option<std::path::PathBuf>,
    pub(crate) allow_unreviewed: bool,
    pub(crate) redact: Vec<String>,
    pub(crate) max_input_mib: u64,
    pub(crate) max_recording_mib: u64,
    pub(crate) max_sessions: usize,
}

impl Serve {
    /// Where the database is, from wherever it was given: an address may hold a password.
    pub(crate) fn database(&self) -> Result<Option<Secret>, ConfigError> {
        read_secret("serve.database", self.database.as_ref(), self.database_file.as_deref())
    }
}

/// What is forgotten, and when.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    pub(crate) requests_days: u32,
}

/// What is logged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: String,
}

impl Config {
    /// The bot token, from wherever it was given.
    pub(crate) fn bot_token(&self) -> Result<Option<Secret>, ConfigError> {
        read_secret("slack.bot_token", self.slack.bot_token.as_ref(), self.slack.bot_token_file.as_deref())
    }

    /// The app token, from wherever it was given.
    pub(crate) fn app_token(&self) -> Result<Option<Secret>, ConfigError> {
        read_secret("slack.app_token", self.slack.app_token.as_ref(), self.slack.app_token_file.as_deref())
    }
}
