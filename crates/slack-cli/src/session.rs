//! What every command works with.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use countersign_slack::{hooks::Environment, ids::AppId};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::{Code, Failure, talk::Talk};

/// What every command works with: who started it, where, and with which options.
#[derive(Debug, Clone)]
pub struct Session {
    /// The environment, as it was at the start.
    pub environment: Environment,
    /// The directory that it was started in.
    pub directory: PathBuf,
    /// The options that every command has.
    pub settings: Settings,
    /// Where a person is told what happens.
    pub talk: Arc<dyn Talk>,
    /// What time it is.
    pub now: fn() -> Timestamp,
}

impl Session {
    /// Where credentials are: `--config-dir`, else `SLACK_CONFIG_DIR`, else `~/.slack`.
    pub fn config_directory(&self) -> Result<PathBuf, Failure> {
        let home = || self.environment.path(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
        let named = self.settings.config_directory.clone().or_else(|| self.environment.path("SLACK_CONFIG_DIR"));
        let directory = named.or_else(|| home().map(|home| home.join(".slack"))).ok_or_else(|| {
            Failure::new(Code::CredentialsNotFound, "where credentials are is not known: there is no home directory")
                .remedy("name the directory with --config-dir")
        })?;
        Ok(self.directory.join(directory))
    }
}

/// The options that every command has.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `--apihost`: where Slack is.
    pub apihost: Option<String>,
    /// `--token`: who to be, whoever is signed in.
    pub token: Option<SecretString>,
    /// `--team`: a team's id or domain.
    pub team: Option<String>,
    /// `--app`: which app.
    pub app: Option<AppChoice>,
    /// `--config-dir`: where credentials are, in place of `~/.slack`.
    pub config_directory: Option<PathBuf>,
    /// `--force`: overwrite what was changed elsewhere.
    pub force: bool,
    /// `--yes`: answer every question with yes.
    pub yes: bool,
    /// `--hook-timeout`: how long a hook may take.
    pub hook_timeout: Option<Duration>,
}

/// Which of a project's apps is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppChoice {
    /// The team's app of `slack run`.
    Local,
    /// The team's app of `slack deploy`.
    Deployed,
    /// This one.
    Id(AppId),
}

/// A text that is no [`AppChoice`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no app: say `local`, `deployed` or an id such as A0123456789")]
pub struct UnknownApp(String);

impl FromStr for AppChoice {
    type Err = UnknownApp;

    fn from_str(text: &str) -> Result<Self, UnknownApp> {
        let is_id = || text.len() > 1 && text.starts_with('A') && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match text {
            "local" => Ok(Self::Local),
            "deployed" => Ok(Self::Deployed),
            _ if is_id() => Ok(Self::Id(AppId::from(text))),
            _ => Err(UnknownApp(text.to_owned())),
        }
    }
}

impl fmt::Display for AppChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Deployed => f.write_str("deployed"),
            Self::Id(id) => f.write_str(id.as_str()),
        }
    }
}
