//! Giving tokens: for a code, for a refresh token, for a command line.

use std::collections::BTreeSet;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::app::{Grant, Holder};
use super::plan::Plan;
use super::platform::{Refresh, RefreshKind};
use super::registration::ROTATING_MS;
use super::{AppId, ModelError, State, Token, UserId};

/// A token that was given, and how it is renewed.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) token: SecretString,
    /// With it another one can be had; only where tokens expire.
    pub(crate) refresh: Option<SecretString>,
    /// Seconds it works.
    pub(crate) expires_in: Option<u64>,
    /// The scopes, separated by commas.
    pub(crate) scope: String,
}

impl State {
    /// Whether an app's tokens expire.
    pub(crate) fn is_rotating(&self, app: &AppId) -> bool {
        self.platform.registrations.get(app).is_some_and(|known| Plan::read(&known.manifest).is_rotating)
    }

    /// The app's bot token, or a fresh one where tokens expire; the app is installed.
    pub(crate) fn issue_bot(&mut self, app: &AppId, user: &UserId, now_ms: u64) -> Result<Issued, ModelError> {
        let registration = self.platform.registrations.get(app).ok_or(ModelError::new("invalid_client_id"))?;
        let token = registration.secrets.bot_token.clone();
        self.issue(&token, RefreshKind::Bot, (app, user), now_ms)
    }

    /// A person's token in an app, or a fresh one where tokens expire.
    pub(crate) fn issue_user(&mut self, app: &AppId, user: &UserId, now_ms: u64) -> Result<Issued, ModelError> {
        let token = self.user_token(app, user).ok_or(ModelError::new("invalid_client_id"))?;
        self.issue(&token, RefreshKind::User, (app, user), now_ms)
    }

    fn issue(
        &mut self,
        standing: &SecretString,
        kind: RefreshKind,
        (app, user): (&AppId, &UserId),
        now_ms: u64,
    ) -> Result<Issued, ModelError> {
        let grant = self.grants.get(standing.expose_secret()).cloned().ok_or(ModelError::new("invalid_code"))?;
        let scopes: Vec<String> = listed(&grant);
        if !self.is_rotating(app) {
            return Ok(Issued { token: standing.clone(), refresh: None, expires_in: None, scope: scopes.join(",") });
        }
        let refresh = Refresh { app: app.clone(), user: user.clone(), kind, scopes };
        Ok(self.rotate(refresh, &grant.holder, now_ms))
    }

    /// A token that expires, with one to refresh it.
    fn rotate(&mut self, refresh: Refresh, holder: &Holder, now_ms: u64) -> Issued {
        let prefix = if refresh.kind == RefreshKind::Bot { "xoxe.xoxb-1-" } else { "xoxe.xoxp-1-" };
        let token = SecretString::from(format!("{prefix}{}{}", self.mint.word(32), self.mint.word(32)));
        let renewal = SecretString::from(format!("xoxe-1-{}{}", self.mint.word(32), self.mint.word(32)));
        let mut grant = Grant::new(refresh.app.clone(), holder.clone(), &refresh.scopes);
        grant.expires_at = Some(now_ms.saturating_add(ROTATING_MS));
        grant.renewal = Some(renewal.clone());
        self.grants.insert(Token::from(&token), Arc::new(grant));
        let scope = refresh.scopes.join(",");
        self.platform.refreshes.insert(renewal.expose_secret().to_owned(), refresh);
        Issued { token, refresh: Some(renewal), expires_in: Some(ROTATING_MS / 1000), scope }
    }

    /// A fresh token for a refresh token, which is used up; `of` is the app that asks, nothing for a command line.
    pub(crate) fn refresh(
        &mut self,
        renewal: &str,
        of: Option<&AppId>,
        now_ms: u64,
    ) -> Result<(Issued, Refresh), ModelError> {
        let fits = |known: &Refresh| match of {
            Some(app) => known.kind != RefreshKind::Tool && known.app == *app,
            None => known.kind == RefreshKind::Tool,
        };
        let is_installed = of.is_none_or(|app| self.apps.contains_key(app));
        if !is_installed || !self.platform.refreshes.get(renewal).is_some_and(fits) {
            return Err(ModelError::new("invalid_refresh_token"));
        }
        let known = self.platform.refreshes.remove(renewal).ok_or(ModelError::new("invalid_refresh_token"))?;
        let holder = match known.kind {
            RefreshKind::Bot => {
                let registration = self.platform.registrations.get(&known.app);
                Holder::Bot(registration.ok_or(ModelError::new("invalid_refresh_token"))?.bot_user.clone())
            }
            RefreshKind::User | RefreshKind::Tool => Holder::User(known.user.clone()),
        };
        Ok((self.rotate(known.clone(), &holder, now_ms), known))
    }

    /// A command line's token for a person, with every user scope.
    pub(crate) fn issue_tool(&mut self, user: &UserId, scopes: Vec<String>, now_ms: u64) -> Issued {
        let app = AppId::from(Grant::COMMAND_LINE);
        let refresh = Refresh { app, user: user.clone(), kind: RefreshKind::Tool, scopes };
        self.rotate(refresh, &Holder::User(user.clone()), now_ms)
    }

    /// Puts an expiring token in the place of one that does not expire.
    pub(crate) fn exchange(&mut self, old: &str, app: &AppId, now_ms: u64) -> Result<(Issued, Holder), ModelError> {
        let grant = self.grants.get(old).cloned().ok_or(ModelError::new("invalid_token"))?;
        if grant.app != *app {
            return Err(ModelError::new("invalid_token"));
        }
        if grant.expires_at.is_some() {
            return Err(ModelError::new("token_already_exchanged"));
        }
        if !self.is_rotating(app) {
            return Err(ModelError::new("token_rotation_not_enabled"));
        }
        let (kind, user) = match &grant.holder {
            Holder::Bot(user) => (RefreshKind::Bot, user.clone()),
            Holder::User(user) => (RefreshKind::User, user.clone()),
            Holder::App => return Err(ModelError::new("invalid_token")),
        };
        if let Some((old, _)) = self.grants.remove_entry(old) {
            self.revoked.insert(old);
        }
        let refresh = Refresh { app: app.clone(), user, kind, scopes: listed(&grant) };
        Ok((self.rotate(refresh, &grant.holder, now_ms), grant.holder.clone()))
    }

    /// The app with this client id, if the secret is its.
    pub(crate) fn client(&self, id: &str, secret: &str) -> Result<AppId, ModelError> {
        let known = self.platform.registrations.values().find(|app| app.secrets.client_id == id);
        let known = known.ok_or(ModelError::new("invalid_client_id"))?;
        let is_right = super::same_secret(known.secrets.client_secret.expose_secret(), secret);
        if is_right { Ok(known.id.clone()) } else { Err(ModelError::new("bad_client_secret")) }
    }
}

/// The scopes in the order they were granted in.
fn listed(grant: &Grant) -> Vec<String> {
    let list = grant.scope_list.to_str().unwrap_or_default();
    let listed: Vec<String> = list.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let is_whole = listed.iter().collect::<BTreeSet<_>>() == grant.scopes.iter().collect();
    if is_whole { listed } else { grant.scopes.iter().cloned().collect() }
}
