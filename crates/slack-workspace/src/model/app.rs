//! Apps, and what their tokens allow.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use secrecy::SecretString;

use super::{AppId, BotId, UserId};

/// An app installed in the workspace.
#[derive(Clone, Debug)]
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
    /// Its slash commands.
    pub commands: Vec<Command>,
    /// Its tokens and secrets.
    pub secrets: Arc<AppSecrets>,
    /// Seconds since the epoch.
    pub updated: u64,
}

/// A slash command of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// With the slash, such as `/deploy`.
    pub name: String,
    /// What it does, as shown while typing.
    pub description: String,
}

/// Everything of an app that must not be shown.
#[derive(Clone)]
pub struct AppSecrets {
    /// `xoxb-…`.
    pub bot_token: SecretString,
    /// `xapp-…`.
    pub app_token: SecretString,
    /// `xoxp-…`, of the installer.
    pub user_token: SecretString,
    /// Signs HTTP deliveries.
    pub signing_secret: SecretString,
    /// OAuth client id; not secret.
    pub client_id: String,
    /// OAuth client secret.
    pub client_secret: SecretString,
    /// The deprecated `token` field of payloads.
    pub verification_token: SecretString,
}

impl fmt::Debug for AppSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppSecrets").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Whom a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The app's bot, `xoxb-…`.
    Bot(UserId),
    /// A person, `xoxp-…` and `xoxe.xoxp-…`.
    User(UserId),
    /// The app itself, `xapp-…`.
    App,
}

/// What a token allows.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The app it was given to.
    pub app: AppId,
    /// Whom it stands for.
    pub holder: Holder,
    /// The granted scopes.
    pub scopes: BTreeSet<String>,
    /// The granted scopes as `X-OAuth-Scopes` lists them.
    pub scope_list: HeaderValue,
}

impl Grant {
    /// A grant of these scopes.
    pub fn new(app: AppId, holder: Holder, scopes: &[String]) -> Self {
        // A scope that no header can carry was not granted by name; the set still has it.
        let scope_list = HeaderValue::from_str(&scopes.join(",")).unwrap_or(HeaderValue::from_static(""));
        Self { app, holder, scopes: scopes.iter().cloned().collect(), scope_list }
    }

    /// The user it acts as; an app-level token acts as nobody.
    pub fn user(&self) -> Option<&UserId> {
        match &self.holder {
            Holder::Bot(user) | Holder::User(user) => Some(user),
            Holder::App => None,
        }
    }
}
