//! Finding the installation that is meant, with tokens that are good.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_slack::client::{Client, ClientCredentials, Error, OauthAccess, OauthGrant, Token, TokenError};
use countersign_slack::ids::UserId;
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use tokio_util::task::TaskTracker;

use super::{Expiry, Grant, Installation, InstallationStore, Place, StoreError, Tenant};
use crate::{Clock, SystemClock};

/// How long before their end tokens are renewed: Slack's last 12 hours.
const RENEW_BEFORE_S: u64 = 2 * 60 * 60;
/// Tokens that end this soon are not used any more where they could not be renewed.
const TOO_LATE_S: u64 = 5;

/// Why there is no token.
#[derive(Debug, Error)]
pub enum TokenFault {
    /// The app is not installed there, or not any more.
    #[error("the app is not installed in {0:?}")]
    NotInstalled(Box<Place>),
    /// The installation has no bot.
    #[error("the app has no bot in {0}")]
    NoBot(Tenant),
    /// This person allowed nothing.
    #[error("{user} has allowed nothing in {tenant}")]
    NoUser {
        /// Where.
        tenant: Tenant,
        /// Who.
        user: UserId,
    },
    /// The token has ended, and could not be renewed.
    #[error("the token of {tenant} has ended and could not be renewed")]
    Renew {
        /// Where.
        tenant: Tenant,
        /// Why not.
        source: Error,
    },
    /// Slack's answer to the renewal of the token has none.
    #[error("Slack's answer to the renewal of the token of {0} has no token")]
    Unrenewed(Tenant),
    /// What Slack gave is no token.
    #[error("the token of {tenant} cannot be used")]
    Token {
        /// Where.
        tenant: Tenant,
        /// What is wrong with it.
        source: TokenError,
    },
    /// The store failed.
    #[error("the installations could not be read or kept")]
    Store(#[from] StoreError),
}

/// Whose token it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Holder {
    Bot,
    User(UserId),
}

/// The installations of one app; clones share everything.
#[derive(Clone)]
pub struct Installations {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    credentials: ClientCredentials,
    store: Arc<dyn InstallationStore>,
    clock: Arc<dyn Clock>,
    turns: Mutex<HashMap<Tenant, Arc<tokio::sync::Mutex<()>>>>,
}

impl Installations {
    /// The installations of the app with these credentials.
    pub fn new(client: Client, credentials: ClientCredentials, store: Arc<dyn InstallationStore>) -> Self {
        Self::with_clock(client, credentials, store, Arc::new(SystemClock))
    }

    /// The same, by another clock.
    pub fn with_clock(
        client: Client,
        credentials: ClientCredentials,
        store: Arc<dyn InstallationStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let turns = Mutex::default();
        Self { inner: Arc::new(Inner { client, credentials, store, clock, turns }) }
    }

    /// The client that tokens are renewed with.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(crate) fn credentials(&self) -> &ClientCredentials {
        &self.inner.credentials
    }

    /// Seconds since 1970 (UTC).
    pub(crate) fn now_s(&self) -> u64 {
        self.inner.clock.now_ms() / 1000
    }

    /// The installation that a place is about.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, place: &Place) -> Result<Option<Installation>, StoreError> {
        for tenant in place.tenants() {
            if let Some(installation) = self.inner.store.find(&tenant).await? {
                return Ok(Some(installation));
            }
        }
        Ok(None)
    }

    /// Keeps an installation; what was allowed there before and is not replaced stays.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep(&self, installation: Installation) -> Result<(), StoreError> {
        let tenant = installation.tenant.clone();
        self.change(&tenant, move |before| Some(installation.over(before))).await
    }

    /// Forgets an installation.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget(&self, tenant: &Tenant) -> Result<(), StoreError> {
        self.change(tenant, |_| None).await
    }

    /// The installation of a place, whose bot has a token that is good.
    ///
    /// # Errors
    /// When there is none, or its token has ended and cannot be renewed.
    pub async fn with_bot(&self, place: &Place) -> Result<(Installation, Token), TokenFault> {
        self.with(place, &Holder::Bot).await
    }

    /// The installation of a place, with a token that is good for acting in a person's name.
    ///
    /// # Errors
    /// When there is none, or it has ended and cannot be renewed.
    pub async fn with_user(&self, place: &Place, user: &UserId) -> Result<(Installation, Token), TokenFault> {
        self.with(place, &Holder::User(user.clone())).await
    }

    async fn with(&self, place: &Place, holder: &Holder) -> Result<(Installation, Token), TokenFault> {
        let found = self.find(place).await?;
        let found = found.ok_or_else(|| TokenFault::NotInstalled(Box::new(place.clone())))?;
        let installation = if holder.grant(&found)?.ends_within(RENEW_BEFORE_S, self.now_s()) {
            let (this, tenant, holder) = (self.clone(), found.tenant, holder.clone());
            uninterrupted(async move { this.renew(&tenant, &holder).await }).await?
        } else {
            found
        };
        let token = Token::new(&holder.grant(&installation)?.token);
        let token = token.map_err(|source| TokenFault::Token { tenant: installation.tenant.clone(), source })?;
        Ok((installation, token))
    }

    /// Renews a token, unless somebody else just did: a refresh token works once, so there is one turn at a time.
    async fn renew(&self, tenant: &Tenant, holder: &Holder) -> Result<Installation, TokenFault> {
        let turn = self.turn(tenant);
        let _mine = turn.lock().await;
        let found = self.inner.store.find(tenant).await?;
        let gone = || TokenFault::NotInstalled(Box::new(Place::of(tenant)));
        let mut installation = found.ok_or_else(gone)?;
        let now = self.now_s();
        let grant = holder.grant(&installation)?;
        let Some(expiry) = grant.expiry.clone().filter(|_| grant.ends_within(RENEW_BEFORE_S, now)) else {
            return Ok(installation);
        };
        let ask = OauthGrant::RefreshToken(expiry.refresh_token);
        let answer = self.inner.client.oauth_access(&self.inner.credentials, &ask).await;
        let fault = match answer.map(|answer| renewed(answer.body, grant, now)) {
            Ok(Some(fresh)) => {
                *holder.grant_mut(&mut installation)? = fresh;
                self.inner.store.save(&installation).await?;
                return Ok(installation);
            }
            Ok(None) => TokenFault::Unrenewed(tenant.clone()),
            Err(source) => TokenFault::Renew { tenant: tenant.clone(), source },
        };
        // Nothing is kept of a failure: the token before is good until its end, and is renewed when it is asked for again.
        if grant.ends_within(TOO_LATE_S, now) {
            return Err(fault);
        }
        let cause = std::error::Error::source(&fault).map(ToString::to_string);
        tracing::warn!(slack.tenant = %tenant, error = %fault, cause, "a token of {tenant} could not be renewed yet");
        Ok(installation)
    }

    /// Changes what is kept of a place, one change at a time.
    pub(super) async fn change(
        &self,
        tenant: &Tenant,
        change: impl FnOnce(Option<Installation>) -> Option<Installation> + Send,
    ) -> Result<(), StoreError> {
        let turn = self.turn(tenant);
        let _mine = turn.lock().await;
        match change(self.inner.store.find(tenant).await?) {
            Some(installation) => self.inner.store.save(&installation).await,
            None => self.inner.store.delete(tenant).await,
        }
    }

    /// The turn of a place: an async lock, made to be held while Slack or the store is waited for.
    fn turn(&self, tenant: &Tenant) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.inner.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody holds or waits for are let go, so that there are no more than changes going on.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(tenant.clone()).or_default())
    }
}

impl Holder {
    fn grant<'i>(&self, installation: &'i Installation) -> Result<&'i Grant, TokenFault> {
        match self {
            Self::Bot => installation.bot.as_ref().map(|bot| &bot.grant),
            Self::User(user) => installation.users.get(user),
        }
        .ok_or_else(|| self.nothing(installation))
    }

    fn grant_mut<'i>(&self, installation: &'i mut Installation) -> Result<&'i mut Grant, TokenFault> {
        let nothing = self.nothing(installation);
        match self {
            Self::Bot => installation.bot.as_mut().map(|bot| &mut bot.grant),
            Self::User(user) => installation.users.get_mut(user),
        }
        .ok_or(nothing)
    }

    fn nothing(&self, installation: &Installation) -> TokenFault {
        let tenant = installation.tenant.clone();
        match self {
            Self::Bot => TokenFault::NoBot(tenant),
            Self::User(user) => TokenFault::NoUser { tenant, user: user.clone() },
        }
    }
}

impl Place {
    fn of(tenant: &Tenant) -> Self {
        match tenant {
            Tenant::Team(id) => Self::team(id.clone()),
            Tenant::Organisation(id) => Self { team: None, enterprise: Some(id.clone()), is_enterprise_install: true },
        }
    }
}

/// Runs to its end even when whoever waits for it goes away: codes and refresh tokens work once, so what Slack gave for them
/// has to be kept.
pub(crate) async fn uninterrupted<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    TaskTracker::new().spawn(work).await.unwrap_or_else(|error| Err(StoreError::Other(Box::new(error)).into()))
}

/// What Slack gave in exchange for a refresh token, in the place of what was; `None` where its answer has no token.
fn renewed(access: OauthAccess, before: &Grant, now: u64) -> Option<Grant> {
    let (token, refresh, expires_in, scope) = match (access.access_token, access.authed_user) {
        (Some(token), _) => (token, access.refresh_token, access.expires_in, access.scope),
        (None, Some(person)) => (person.access_token?, person.refresh_token, person.expires_in, person.scope),
        (None, None) => return None,
    };
    if token.expose_secret().is_empty() {
        return None;
    }
    let scopes = if scope.is_empty() { before.scopes.clone() } else { scopes(&scope) };
    Some(Grant { token, scopes, expiry: expiry(refresh, expires_in, now) })
}

/// Scopes as Slack lists them.
pub(crate) fn scopes(list: &str) -> Vec<String> {
    list.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

/// When a token ends, where it does.
pub(crate) fn expiry(refresh_token: Option<SecretString>, expires_in: Option<u64>, now: u64) -> Option<Expiry> {
    Some(Expiry { at: now.saturating_add(expires_in?), refresh_token: refresh_token? })
}

impl fmt::Debug for Installations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Installations").field("credentials", &self.inner.credentials).finish_non_exhaustive()
    }
}
