//! To Slack and back.

use std::fmt;
use std::sync::Arc;

use countersign_slack::client::{AuthedUser, OauthAccess, OauthGrant, Token};
use countersign_slack::ids::{BotId, UserId};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::browser::{self, Cookie};
use super::secret::{fingerprint, random, sha256};
use super::state::States;
use super::{OAuthBuilder, OAuthError};
use crate::installation::{Bot, Grant, Installation, Installations, Tenant, Webhook};
use crate::installation::{expiry, scopes, uninterrupted};

/// How long the person may take; Slack's codes last as long.
const STATE_S: u64 = 10 * 60;

/// Lets people install an app; clones share everything.
#[derive(Debug, Clone)]
pub struct OAuth {
    setup: Arc<Setup>,
}

/// What an app asks people for.
pub(super) struct Setup {
    pub(super) installations: Installations,
    pub(super) authorize: Url,
    pub(super) scopes: Vec<String>,
    pub(super) user_scopes: Vec<String>,
    pub(super) redirect_uri: Option<Url>,
    pub(super) team: Option<String>,
    pub(super) pkce: bool,
    pub(super) states: States,
    pub(super) afterwards: Option<Url>,
}

/// An installation that was begun: where to send the person, with which cookie.
#[derive(Clone)]
pub struct Begun {
    /// Slack's page.
    pub url: Url,
    /// What the browser has to bring back.
    pub cookie: Cookie,
}

/// What the person comes back with, as the query of the redirect URL.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// Which installation it is about.
    pub state: Option<String>,
    /// What tokens are given for.
    pub code: Option<SecretString>,
    /// Why there is no code.
    pub error: Option<String>,
}

impl OAuth {
    /// Lets people install the app whose installations these are.
    ///
    /// # Errors
    /// When no authorize page can be made of the API's address.
    pub fn builder(installations: Installations) -> Result<OAuthBuilder, OAuthError> {
        OAuthBuilder::new(installations)
    }

    pub(super) fn of(setup: Setup) -> Self {
        Self { setup: Arc::new(setup) }
    }

    /// Where installations are kept.
    pub fn installations(&self) -> &Installations {
        &self.setup.installations
    }

    #[cfg(feature = "http")]
    pub(super) fn afterwards(&self) -> Option<&Url> {
        self.setup.afterwards.as_ref()
    }

    /// Begins an installation. Nothing is kept of it: strangers may begin as many as they like.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn begin(&self) -> Result<Begun, OAuthError> {
        let cookie = random()?;
        let state = self.setup.states.issue(&cookie, self.now().saturating_add(STATE_S))?;
        let verifier = self.setup.pkce.then(|| self.setup.states.verifier(&state, &cookie));
        let url = self.url(&state, verifier.as_deref());
        Ok(Begun { url, cookie: Cookie::new(&state, &cookie, STATE_S, self.is_secure()) })
    }

    fn url(&self, state: &str, verifier: Option<&str>) -> Url {
        let setup = &self.setup;
        let mut url = setup.authorize.clone();
        let mut query = url.query_pairs_mut();
        query.append_pair("client_id", &setup.installations.credentials().client_id);
        query.append_pair("scope", &setup.scopes.join(","));
        query.append_pair("user_scope", &setup.user_scopes.join(","));
        query.append_pair("state", state);
        if let Some(redirect) = &setup.redirect_uri {
            query.append_pair("redirect_uri", redirect.as_str());
        }
        if let Some(team) = &setup.team {
            query.append_pair("team", team);
        }
        if let Some(verifier) = verifier {
            query.append_pair("code_challenge", &fingerprint(verifier)).append_pair("code_challenge_method", "S256");
        }
        drop(query);
        url
    }

    /// Finishes an installation: proves that this browser began it, exchanges the code, keeps the tokens.
    ///
    /// `cookies` are the values of the request's `Cookie` headers.
    ///
    /// # Errors
    /// When the state is not good, the person declined, or Slack or the store fail.
    pub async fn finish(&self, answer: Answer, cookies: &[&str]) -> Result<Installation, OAuthError> {
        let code_verifier = self.prove(answer.state.as_deref(), cookies)?;
        if let Some(error) = answer.error {
            return Err(OAuthError::Denied(error.chars().take(64).collect()));
        }
        let grant = OauthGrant::Code {
            code: answer.code.ok_or(OAuthError::NoCode)?,
            redirect_uri: self.setup.redirect_uri.as_ref().map(Url::to_string),
            code_verifier,
        };
        // A browser that goes away takes this request with it.
        let this = self.clone();
        uninterrupted(async move { this.exchange(&grant).await }).await
    }

    async fn exchange(&self, grant: &OauthGrant) -> Result<Installation, OAuthError> {
        let installations = &self.setup.installations;
        let access = installations.client().oauth_access(installations.credentials(), grant).await;
        let mut installation = self.read(access.map_err(OAuthError::Exchange)?.body)?;
        installations.keep(installation.clone()).await?;
        if let Some(bot) = &mut installation.bot {
            bot.id = self.bot_id(&bot.grant).await;
            installations.keep(installation.clone()).await?;
        }
        tracing::info!(slack.tenant = %installation.tenant, "the app was installed in {}", installation.tenant);
        Ok(installation)
    }

    /// Takes the state, whatever else is wrong: it is good for one attempt. Gives the verifier, with PKCE.
    fn prove(&self, state: Option<&str>, cookies: &[&str]) -> Result<Option<SecretString>, OAuthError> {
        let state = state.filter(|state| !state.is_empty()).ok_or(OAuthError::NoState)?;
        let browser = self.setup.states.take(state, self.now())?;
        let cookie = browser::find(cookies, state).filter(|cookie| sha256(cookie) == browser);
        let cookie = cookie.ok_or(OAuthError::OtherBrowser)?;
        Ok(self.setup.pkce.then(|| self.setup.states.verifier(state, cookie).into()))
    }

    /// The bot's own id, by which it tells its messages; apps work without it.
    async fn bot_id(&self, grant: &Grant) -> Option<BotId> {
        let token = Token::new(&grant.token).ok()?;
        match self.setup.installations.client().auth_test(&token).await {
            Ok(answer) => answer.body.bot_id,
            Err(error) => {
                tracing::warn!(%error, "the id of a new installation's bot is not known");
                None
            }
        }
    }

    /// The cookie header that takes a state's cookie away.
    pub fn forget_cookie(&self, answer: &Answer) -> Option<Cookie> {
        answer.state.as_deref().map(|state| Cookie::gone(state, self.is_secure()))
    }

    fn read(&self, access: OauthAccess) -> Result<Installation, OAuthError> {
        let now = self.now();
        let (name, tenant) = match (access.is_enterprise_install, &access.team, &access.enterprise) {
            (true, _, Some(place)) => (place.name.clone(), Tenant::Organisation(place.id.clone())),
            (false, Some(place), _) => (place.name.clone(), Tenant::Team(place.id.clone())),
            _ => return Err(OAuthError::Incomplete("no workspace")),
        };
        let installation = Installation {
            tenant,
            name,
            enterprise_id: access.enterprise.map(|place| place.id),
            app_id: access.app_id,
            bot: bot(
                access.bot_user_id,
                access.access_token,
                &access.scope,
                expiry(access.refresh_token, access.expires_in, now),
            ),
            users: access.authed_user.and_then(|user| person(user, now)).into_iter().collect(),
            webhook: access.incoming_webhook.map(|hook| Webhook { url: hook.url, channel_id: hook.channel_id }),
            installed_at: now,
        };
        if installation.is_empty() { Err(OAuthError::Incomplete("no token")) } else { Ok(installation) }
    }

    fn now(&self) -> u64 {
        self.setup.installations.now_s()
    }

    /// Whether browsers come over TLS: Slack insists on it, except where Slack is a local one.
    fn is_secure(&self) -> bool {
        let setup = &self.setup;
        setup.redirect_uri.as_ref().map_or(setup.authorize.scheme() == "https", |uri| uri.scheme() == "https")
    }
}

fn bot(
    user_id: Option<UserId>,
    token: Option<SecretString>,
    scope: &str,
    expiry: Option<crate::installation::Expiry>,
) -> Option<Bot> {
    Some(Bot { user_id: user_id?, id: None, grant: Grant { token: token?, scopes: scopes(scope), expiry } })
}

fn person(user: AuthedUser, now: u64) -> Option<(UserId, Grant)> {
    let expiry = expiry(user.refresh_token, user.expires_in, now);
    Some((user.id, Grant { token: user.access_token?, scopes: scopes(&user.scope), expiry }))
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("authorize", &self.authorize.as_str())
            .field("scopes", &self.scopes)
            .field("user_scopes", &self.user_scopes)
            .field("pkce", &self.pkce)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Begun([redacted])")
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("error", &self.error).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use countersign_slack::client::{Client, ClientCredentials};
    use serde_json::{Value, json};

    use super::*;
    use crate::installation::MemoryStore;

    fn read(answer: Value) -> Result<Installation, OAuthError> {
        let client = Client::new("http://127.0.0.1:1/api/".parse().unwrap()).unwrap();
        let credentials = ClientCredentials { client_id: "1.2".to_owned(), client_secret: Some("s".into()) };
        let installations = Installations::new(client, credentials, Arc::new(MemoryStore::new()));
        OAuth::builder(installations).unwrap().build().read(serde_json::from_value(answer).unwrap())
    }

    #[test]
    fn an_organisation_is_installed_as_a_whole() {
        let answer = json!({
            "app_id": "A1", "access_token": "xoxb-1", "token_type": "bot", "scope": "chat:write,commands", "bot_user_id": "U1",
            "team": null, "enterprise": {"id": "E1", "name": "Org"}, "is_enterprise_install": true,
            "authed_user": {"id": "U2"}, "expires_in": 43200, "refresh_token": "xoxe-1-r",
        });
        let installation = read(answer).unwrap();
        assert_eq!(installation.tenant, Tenant::Organisation("E1".into()));
        assert_eq!(installation.name.as_deref(), Some("Org"));
        let bot = installation.bot.unwrap();
        assert_eq!((bot.grant.scopes.len(), bot.grant.expiry.is_some()), (2, true));
        assert!(installation.users.is_empty(), "the person gave no token");
    }

    #[test]
    fn a_workspace_of_an_organisation_is_its_own_place() {
        let answer =
            json!({"access_token": "xoxb-1", "bot_user_id": "U1", "team": {"id": "T1"}, "enterprise": {"id": "E1"}});
        let installation = read(answer).unwrap();
        assert_eq!(installation.tenant, Tenant::Team("T1".into()));
        assert_eq!(installation.enterprise_id, Some("E1".into()));
    }

    #[test]
    fn an_answer_without_a_place_or_a_token_installs_nothing() {
        for answer in [
            json!({"access_token": "xoxb-1", "bot_user_id": "U1"}),
            json!({"team": {"id": "T1"}, "authed_user": {"id": "U2"}}),
            json!({"team": {"id": "T1"}, "is_enterprise_install": true, "access_token": "x", "bot_user_id": "U1"}),
        ] {
            assert!(matches!(read(answer), Err(OAuthError::Incomplete(_))));
        }
    }
}
