//! Apps: which a project has on which team (`.slack/apps*.json`), and their life from manifest to deletion.

mod choice;
mod files;
mod fingerprint;
mod guard;
mod install;
mod life;

use std::fmt;

use countersign_slack::ids::{AppId, TeamId, UserId};
use secrecy::SecretString;

pub(crate) use self::choice::teams_of;
pub use self::{
    choice::{all, find},
    install::{install, tokens},
    life::{Status, delete, link, statuses, uninstall, unlink},
};

/// Which of a team's two apps of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AppKind {
    /// `slack run`'s (`.slack/apps.dev.json`); its name ends in " (local)".
    Local,
    /// `slack deploy`'s (`.slack/apps.json`).
    Deployed,
}

/// An app of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Which it is.
    pub kind: AppKind,
    /// Its team.
    pub team: TeamId,
    /// The team's domain.
    pub team_domain: String,
    /// Whose it is, of local ones.
    pub user: Option<UserId>,
}

/// What an installation gives the app.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// For Socket Mode (`xapp-…`).
    pub app: Option<SecretString>,
    /// The bot's (`xoxb-…`).
    pub bot: Option<SecretString>,
}

/// An app that is installed.
#[derive(Debug, Clone)]
pub struct Installed {
    /// Which.
    pub app: App,
    /// Its tokens.
    pub tokens: Tokens,
    /// Where Slack's API is, for the app (`SLACK_API_URL`).
    pub api_url: String,
}

/// What becomes of settings that were changed elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Nothing, unless `--force` says so or a person does.
    Ask,
    /// They are overwritten: the project's manifest was just edited.
    Always,
}

impl AppKind {
    /// The word for it: in `--app`, in `--environment` and in `SLACK_ENV`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Deployed => "deployed",
        }
    }
}

impl fmt::Display for AppKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.id, self.kind, self.team_domain)
    }
}
