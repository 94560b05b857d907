//! Apps, and what their tokens allow.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use secrecy::SecretString;

use super::{AppId, BotId, UserId};

/// An app installed in the workspace.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct App {
    /// `A…`.
    pub id: AppId,
    /// The app's name, and its bot's.
    pub name: String,
    /// `B…`.
    pub bot: BotId,
    /// The user its bot appears as.
    pub bot_user: UserId,
    /// The person who installed it, whose user token it holds.
    pub installer: UserId,
    /// The events its bot subscribed to, such as `message.channels`.
    pub events: BTreeSet<String>,
    /// What its bot was granted; nothing once the bot's tokens were revoked.
    #[serde(default)]
    pub bot_scopes: BTreeSet<String>,
    /// Its slash commands.
    pub commands: Vec<Command>,
    /// Where it is reached over HTTP; nowhere when it uses Socket Mode.
    pub endpoints: Endpoints,
    /// Its tokens and secrets.
    #[serde(with = "super::saved::arc")]
    pub secrets: Arc<AppSecrets>,
    /// Seconds since the epoch.
    pub updated: u64,
}

/// Where an app is reached over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Endpoints {
    /// Takes events.
    pub events: Option<String>,
    /// Takes clicks, shortcuts and modals.
    pub interactivity: Option<String>,
    /// Answers with the options of menus.
    pub options: Option<String>,
}

/// A slash command of an app.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Command {
    /// With the slash, such as `/deploy`.
    pub name: String,
    /// What it does, as shown while typing.
    pub description: String,
    /// Where it is delivered over HTTP.
    pub url: Option<String>,
}

/// Everything of an app that must not be shown.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct AppSecrets {
    /// `xoxb-…`.
    #[serde(with = "super::saved::secret")]
    pub bot_token: SecretString,
    /// `xapp-…`.
    #[serde(with = "super::saved::secret")]
    pub app_token: SecretString,
    /// `xoxp-…`, of the installer.
    #[serde(with = "super::saved::secret")]
    pub user_token: SecretString,
    /// Signs HTTP deliveries.
    #[serde(with = "super::saved::secret")]
    pub signing_secret: SecretString,
    /// OAuth client id; not secret.
    pub client_id: String,
    /// OAuth client secret.
    #[serde(with = "super::saved::secret")]
    pub client_secret: SecretString,
    /// The deprecated `token` field of payloads.
    #[serde(with = "super::saved::secret")]
    pub verification_token: SecretString,
}

impl fmt::Debug for AppSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppSecrets").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Whom a token stands for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Holder {
    /// The app's bot, `xoxb-…`.
    Bot(UserId),
    /// A person, `xoxp-…` and `xoxe.xoxp-…`.
    User(UserId),
    /// The app itself, `xapp-…`.
    App,
}

/// What a token allows.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Grant {
    /// The app it was given to.
    pub app: AppId,
    /// Whom it stands for.
    pub holder: Holder,
    /// The granted scopes.
    pub scopes: BTreeSet<String>,
    /// The granted scopes as `X-OAuth-Scopes` lists them.
    #[serde(with = "super::saved::header")]
    pub scope_list: HeaderValue,
    /// When it stops working, in milliseconds since the epoch.
    pub expires_at: Option<u64>,
    /// A command line's token: its app is [`Grant::COMMAND_LINE`].
    pub is_tool: bool,
    /// The refresh token that was given with it, and is taken back with it.
    #[serde(default, with = "super::saved::maybe_secret")]
    pub renewal: Option<SecretString>,
}

impl Grant {
    /// The app that Slack's own command line is: tokens are given to it, and no workspace has it installed.
    pub const COMMAND_LINE: &str = "A00COMMANDLINE";

    /// A grant of these scopes.
    pub fn new(app: AppId, holder: Holder, scopes: &[String]) -> Self {
        // A scope that no header can carry was not granted by name; the set still has it.
        let scope_list = HeaderValue::from_str(&scopes.join(",")).unwrap_or(HeaderValue::from_static(""));
        let is_tool = app.as_str() == Self::COMMAND_LINE;
        let scopes = scopes.iter().cloned().collect();
        Self { app, holder, scopes, scope_list, expires_at: None, is_tool, renewal: None }
    }

    /// The user it acts as; an app-level token acts as nobody.
    pub fn user(&self) -> Option<&UserId> {
        match &self.holder {
            Holder::Bot(user) | Holder::User(user) => Some(user),
            Holder::App => None,
        }
    }
}
