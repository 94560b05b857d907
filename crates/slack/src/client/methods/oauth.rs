//! `oauth.v2.access`: codes and refresh tokens for access tokens.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::client::{Client, Error, Response};
use crate::ids::{AppId, ChannelId, EnterpriseId, TeamId, UserId};

/// What proves to Slack which app is asking.
#[derive(Clone)]
pub struct ClientCredentials {
    /// The app's client id, which is public.
    pub client_id: String,
    /// Its secret; apps that use PKCE and are installed on people's machines have none.
    pub client_secret: Option<SecretString>,
}

/// What is given in exchange for tokens.
#[derive(Clone)]
pub enum OauthGrant {
    /// The code that came back with the person.
    Code {
        /// The code, which works once, for ten minutes.
        code: SecretString,
        /// The address that the person was sent to, where one was asked for.
        redirect_uri: Option<String>,
        /// What the challenge was made of, with PKCE.
        code_verifier: Option<SecretString>,
    },
    /// The token for the next tokens, which works once.
    RefreshToken(SecretString),
}

/// What Slack gives.
#[derive(Clone, Deserialize)]
pub struct OauthAccess {
    /// The app.
    #[serde(default)]
    pub app_id: Option<AppId>,
    /// The bot's token, or, refreshed by itself, a person's.
    #[serde(default)]
    pub access_token: Option<SecretString>,
    /// Whose token that is: `bot` or `user`.
    #[serde(default)]
    pub token_type: Option<String>,
    /// Its scopes, separated by commas.
    #[serde(default)]
    pub scope: String,
    /// The bot's user.
    #[serde(default)]
    pub bot_user_id: Option<UserId>,
    /// For the next token, where tokens expire.
    #[serde(default)]
    pub refresh_token: Option<SecretString>,
    /// Seconds that the token lasts, where it expires.
    #[serde(default)]
    pub expires_in: Option<u64>,
    /// The workspace; of a whole organisation, none.
    #[serde(default)]
    pub team: Option<OauthPlace<TeamId>>,
    /// The organisation, in Enterprise Grid.
    #[serde(default)]
    pub enterprise: Option<OauthPlace<EnterpriseId>>,
    /// The app is installed in the whole organisation.
    #[serde(default)]
    pub is_enterprise_install: bool,
    /// The person who allowed it.
    #[serde(default)]
    pub authed_user: Option<AuthedUser>,
    /// An address at which the app can post to one channel, with the scope `incoming-webhook`.
    #[serde(default)]
    pub incoming_webhook: Option<IncomingWebhook>,
}

/// A workspace or an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OauthPlace<Id> {
    /// Which.
    pub id: Id,
    /// What it is called.
    #[serde(default)]
    pub name: Option<String>,
}

/// A person who allowed an app something.
#[derive(Clone, Deserialize)]
pub struct AuthedUser {
    /// Who.
    pub id: UserId,
    /// What the app may do in this person's name, separated by commas.
    #[serde(default)]
    pub scope: String,
    /// The token for that.
    #[serde(default)]
    pub access_token: Option<SecretString>,
    /// For the next token, where tokens expire.
    #[serde(default)]
    pub refresh_token: Option<SecretString>,
    /// Seconds that the token lasts, where it expires.
    #[serde(default)]
    pub expires_in: Option<u64>,
}

/// An address at which an app can post to one channel.
#[derive(Clone, Deserialize)]
pub struct IncomingWebhook {
    /// The address; who knows it can post.
    pub url: SecretString,
    /// The channel's name.
    #[serde(default)]
    pub channel: String,
    /// The channel.
    #[serde(default)]
    pub channel_id: Option<ChannelId>,
    /// Where the person can take it back.
    #[serde(default)]
    pub configuration_url: Option<String>,
}

#[derive(Serialize)]
struct Args<'a> {
    client_id: &'a str,
    client_secret: Option<&'a str>,
    grant_type: Option<&'static str>,
    code: Option<&'a str>,
    redirect_uri: Option<&'a str>,
    code_verifier: Option<&'a str>,
    refresh_token: Option<&'a str>,
}

impl<'a> Args<'a> {
    fn new(credentials: &'a ClientCredentials, grant: &'a OauthGrant) -> Self {
        let client_secret = credentials.client_secret.as_ref().map(ExposeSecret::expose_secret);
        let none = Self {
            client_id: &credentials.client_id,
            client_secret,
            grant_type: None,
            code: None,
            redirect_uri: None,
            code_verifier: None,
            refresh_token: None,
        };
        match grant {
            OauthGrant::Code { code, redirect_uri, code_verifier } => Self {
                code: Some(code.expose_secret()),
                redirect_uri: redirect_uri.as_deref(),
                code_verifier: code_verifier.as_ref().map(ExposeSecret::expose_secret),
                ..none
            },
            OauthGrant::RefreshToken(token) => {
                Self { grant_type: Some("refresh_token"), refresh_token: Some(token.expose_secret()), ..none }
            }
        }
    }
}

impl Client {
    /// Exchanges a code or a refresh token for access tokens. What is given works once, so this is never tried again
    /// where it may have arrived.
    pub async fn oauth_access(
        &self,
        credentials: &ClientCredentials,
        grant: &OauthGrant,
    ) -> Result<Response<OauthAccess>, Error> {
        self.call_without_token("oauth.v2.access", &Args::new(credentials, grant)).await
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for OauthGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code { .. } => "Code([redacted])",
            Self::RefreshToken(_) => "RefreshToken([redacted])",
        })
    }
}

impl fmt::Debug for OauthAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthAccess")
            .field("app_id", &self.app_id)
            .field("scope", &self.scope)
            .field("team", &self.team)
            .field("enterprise", &self.enterprise)
            .field("is_enterprise_install", &self.is_enterprise_install)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AuthedUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthedUser").field("id", &self.id).field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl fmt::Debug for IncomingWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingWebhook").field("channel", &self.channel).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Server;

    #[tokio::test]
    async fn a_code_goes_out_as_a_form_without_a_token() {
        let server = Server::start().await;
        server.next_json(&json!({
            "ok": true, "access_token": "xoxb-secret", "token_type": "bot", "scope": "chat:write", "bot_user_id": "U1",
            "app_id": "A1", "team": {"id": "T1", "name": "Team"}, "enterprise": null,
            "authed_user": {"id": "U2", "scope": "users:read", "access_token": "xoxp-secret"},
            "incoming_webhook": {"url": "https://hooks.slack.com/secret", "channel": "#c"},
        }));
        let credentials = ClientCredentials { client_id: "1.2".to_owned(), client_secret: Some("hush".into()) };
        let grant = OauthGrant::Code {
            code: "c&d".into(),
            redirect_uri: Some("https://x.test/".to_owned()),
            code_verifier: None,
        };
        let access = server.client().oauth_access(&credentials, &grant).await.unwrap().body;
        let call = server.calls().remove(0);
        assert_eq!((call.path.as_str(), call.header("authorization")), ("/api/oauth.v2.access", ""));
        assert_eq!(call.body, "client_id=1.2&client_secret=hush&code=c%26d&redirect_uri=https%3A%2F%2Fx.test%2F");
        assert_eq!(access.team.as_ref().unwrap().id, "T1");
        let text =
            format!("{access:?} {credentials:?} {grant:?} {:?} {:?}", access.authed_user, access.incoming_webhook);
        assert!(!text.contains("secret") && !text.contains("hush") && !text.contains("c&d"), "{text}");
    }

    #[tokio::test]
    async fn a_refresh_token_names_its_grant() {
        let server = Server::start().await;
        server.next_json(&json!({"ok": false, "error": "invalid_refresh_token"}));
        let credentials = ClientCredentials { client_id: "1.2".to_owned(), client_secret: None };
        let grant = OauthGrant::RefreshToken("xoxe-1-r".into());
        let error = server.client().oauth_access(&credentials, &grant).await.unwrap_err();
        assert_eq!(error.code(), Some("invalid_refresh_token"));
        assert_eq!(server.calls()[0].body, "client_id=1.2&grant_type=refresh_token&refresh_token=xoxe-1-r");
    }
}
