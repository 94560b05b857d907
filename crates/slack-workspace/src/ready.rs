//! What a workspace says once it can be used.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};

use crate::model::{App, AppId, ChannelId, TeamId, UserId};

/// The readiness line: where everything is, and every token. Serialises to exactly that line.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// Base of the Web API, with a slash at the end.
    pub api_url: String,
    /// The page.
    pub ui_url: String,
    /// Base of the control API, with a slash at the end.
    pub control_url: String,
    /// Bearer token of the control API.
    #[serde(serialize_with = "expose")]
    pub control_token: SecretString,
    /// The workspace.
    pub team_id: TeamId,
    /// The app that is installed from the start.
    pub app_id: AppId,
    /// The user its bot appears as.
    pub bot_user_id: UserId,
    /// Its bot token, `xoxb-…`.
    #[serde(serialize_with = "expose")]
    pub bot_token: SecretString,
    /// Its app-level token, `xapp-…`.
    #[serde(serialize_with = "expose")]
    pub app_token: SecretString,
    /// The owner's user token, `xoxp-…`, with every user scope.
    #[serde(serialize_with = "expose")]
    pub user_token: SecretString,
    /// A token as the Slack CLI has, `xoxe.xoxp-…`; it works wherever `user_token` does.
    #[serde(serialize_with = "expose")]
    pub cli_token: SecretString,
    /// Signs HTTP deliveries.
    #[serde(serialize_with = "expose")]
    pub signing_secret: SecretString,
    /// OAuth client id.
    pub client_id: String,
    /// OAuth client secret.
    #[serde(serialize_with = "expose")]
    pub client_secret: SecretString,
    /// People by handle.
    pub users: BTreeMap<String, UserId>,
    /// Channels by name.
    pub channels: BTreeMap<String, ChannelId>,
    /// The certificate to trust, when the workspace is served over TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The apps of the seed by name, beside the one above.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub apps: BTreeMap<String, ReadyApp>,
    /// The seed's teams beside the one above, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub teams: BTreeMap<String, ReadyTeam>,
}

/// A team of the seed beside the first.
#[derive(Clone, Debug, Serialize)]
pub struct ReadyTeam {
    /// The team.
    pub team_id: TeamId,
    /// Its people by handle.
    pub users: BTreeMap<String, UserId>,
    /// Its channels by name.
    pub channels: BTreeMap<String, ChannelId>,
    /// The apps that are installed in it, by name: bots and bot tokens are the team's own.
    pub apps: BTreeMap<String, ReadyApp>,
}

/// What an app of the seed needs.
#[derive(Clone, Debug, Serialize)]
pub struct ReadyApp {
    /// The app.
    pub app_id: AppId,
    /// The user its bot appears as.
    pub bot_user_id: UserId,
    /// Its bot token, `xoxb-…`.
    #[serde(serialize_with = "expose")]
    pub bot_token: SecretString,
    /// Its app-level token, `xapp-…`.
    #[serde(serialize_with = "expose")]
    pub app_token: SecretString,
    /// Signs HTTP deliveries.
    #[serde(serialize_with = "expose")]
    pub signing_secret: SecretString,
    /// OAuth client id.
    pub client_id: String,
    /// OAuth client secret.
    #[serde(serialize_with = "expose")]
    pub client_secret: SecretString,
}

impl ReadyApp {
    pub(crate) fn of(app: &App) -> Self {
        let secrets = &app.secrets;
        Self {
            app_id: app.id.clone(),
            bot_user_id: app.bot_user.clone(),
            bot_token: secrets.bot_token.clone(),
            app_token: secrets.app_token.clone(),
            signing_secret: secrets.signing_secret.clone(),
            client_id: secrets.client_id.clone(),
            client_secret: secrets.client_secret.clone(),
        }
    }
}

fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}
