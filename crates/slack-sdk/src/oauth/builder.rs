//! Putting an [`OAuth`] together.

use secrecy::SecretString;
use url::Url;

use super::flow::Setup;
use super::state::States;
use super::{OAuth, OAuthError};
use crate::installation::Installations;

/// What an app asks people for, being put together.
#[must_use]
pub struct OAuthBuilder {
    setup: Setup,
}

impl OAuthBuilder {
    pub(super) fn new(installations: Installations) -> Result<Self, OAuthError> {
        // The authorize page stands beside the API: https://slack.com/api/ and https://slack.com/oauth/v2/authorize.
        let authorize = Url::parse(installations.client().base().url().as_str())?.join("../oauth/v2/authorize")?;
        Ok(Self {
            setup: Setup {
                installations,
                authorize,
                scopes: Vec::new(),
                user_scopes: Vec::new(),
                redirect_uri: None,
                team: None,
                pkce: false,
                states: States::random()?,
                afterwards: None,
            },
        })
    }

    /// What the app's bot is to be allowed.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.setup.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// What the app is to be allowed in the name of the person who installs it.
    pub fn user_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.setup.user_scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Where Slack sends the person back to: one of the app's redirect URLs, which ends with `/slack/oauth_redirect`
    /// where `OAuth::router` serves it.
    pub fn redirect_uri(mut self, uri: Url) -> Self {
        self.setup.redirect_uri = Some(uri);
        self
    }

    /// The workspace that is offered first.
    pub fn team(mut self, id: impl Into<String>) -> Self {
        self.setup.team = Some(id.into());
        self
    }

    /// Proves to Slack that who exchanges the code also began the installation (PKCE). The app has to be set up for it.
    pub fn pkce(mut self) -> Self {
        self.setup.pkce = true;
        self
    }

    /// What states are signed with: 32 random characters or more, for an app that runs in several processes, of which any
    /// one may take the person back. Unless it is set, each process makes its own, and takes back only whom it sent.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn state_secret(mut self, secret: &SecretString) -> Result<Self, OAuthError> {
        self.setup.states = States::signed_with(secret)?;
        Ok(self)
    }

    /// Where the person is sent when the app is installed; a page says so unless it is set.
    pub fn afterwards(mut self, url: Url) -> Self {
        self.setup.afterwards = Some(url);
        self
    }

    /// The finished thing.
    pub fn build(self) -> OAuth {
        OAuth::of(self.setup)
    }
}

impl std::fmt::Debug for OAuthBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuthBuilder").field("setup", &self.setup).finish()
    }
}
