//! `auth.test` and `apps.connections.open`.

use reqwest::Url;
use serde::Deserialize;

use crate::client::{Client, Error, Response, Token};
use crate::ids::{AppId, BotId, EnterpriseId, TeamId, UserId};

/// Whom a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AuthTest {
    /// The workspace's address.
    pub url: String,
    /// The workspace's name.
    pub team: String,
    /// The user's name.
    pub user: String,
    /// The workspace.
    pub team_id: TeamId,
    /// The user, of a bot token the bot user.
    pub user_id: UserId,
    /// The bot, of a bot token.
    #[serde(default)]
    pub bot_id: Option<BotId>,
    /// The app, where Slack says it.
    #[serde(default)]
    pub app_id: Option<AppId>,
    /// The organisation, in Enterprise Grid.
    #[serde(default)]
    pub enterprise_id: Option<EnterpriseId>,
    /// Whether the app is installed in the whole organisation.
    #[serde(default)]
    pub is_enterprise_install: bool,
}

#[derive(Deserialize)]
struct Connection {
    url: String,
}

impl Client {
    /// Checks a token and says whom it belongs to; the scopes are in the response's headers.
    pub async fn auth_test(&self, token: &Token) -> Result<Response<AuthTest>, Error> {
        self.call(token, "auth.test", &()).await
    }

    /// Asks for the address of a Socket Mode connection, which holds a ticket for one use.
    ///
    /// # Errors
    /// Beside those of any call, an address that is neither TLS nor on this machine is refused.
    pub async fn connections_open(&self, app_token: &Token) -> Result<Url, Error> {
        const METHOD: &str = "apps.connections.open";
        let connection: Response<Connection> = self.call(app_token, METHOD, &()).await?;
        let url = Url::parse(&connection.body.url).ok().filter(|url| matches!(url.scheme(), "ws" | "wss"));
        url.filter(|url| self.base().allows(url)).ok_or_else(|| Error::ForeignUrl { method: METHOD.to_owned() })
    }
}
