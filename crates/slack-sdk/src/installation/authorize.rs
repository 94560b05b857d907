//! Installations as what an app acts with.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_slack::ids::UserId;

use super::{Installation, Installations, Place, StoreError, TokenFault};
use crate::{Authorization, AuthorizeError, Authorizer, Revoked, Source};

#[async_trait]
impl Authorizer for Installations {
    async fn authorize(&self, source: &Source) -> Result<Arc<Authorization>, AuthorizeError> {
        let place = Place::of_source(source);
        let person = source.user_id.as_ref();
        let (installation, token) = match self.with_bot(&place).await {
            // An app without a bot acts in the name of the person, or not at all.
            Err(TokenFault::NoBot(_)) if person.is_some() => {
                let user = person.ok_or_else(|| not_installed(source))?;
                self.with_user(&place, user).await
            }
            found => found,
        }
        .map_err(|fault| refused(fault, source))?;
        let user_token = match person.filter(|user| installation.users.contains_key(*user)) {
            Some(user) => self.user_token(&place, user).await,
            None => None,
        };
        let bot = installation.bot;
        Ok(Arc::new(Authorization {
            token,
            bot_user_id: bot.as_ref().map(|bot| bot.user_id.clone()),
            bot_id: bot.as_ref().and_then(|bot| bot.id.clone()),
            user_token,
            scopes: bot.map(|bot| bot.grant.scopes),
        }))
    }

    async fn revoked(&self, source: &Source, ended: &Revoked, at: Option<u64>) -> Result<(), AuthorizeError> {
        let Some(tenant) = Place::of_source(source).revoked() else { return Ok(()) };
        let mut is_old = false;
        let left = |installation: Option<Installation>| {
            let installation = installation?;
            // Slack delivers late, and again: what ended before this installation began was the one before.
            is_old = at.is_some_and(|at| at < installation.installed_at);
            if is_old { Some(installation) } else { ended.left_of(installation) }
        };
        self.change(&tenant, left).await.map_err(kept)?;
        if is_old {
            tracing::warn!(
                slack.tenant = %tenant,
                at,
                "tokens of {tenant} ended before the app was installed there anew; that is late news, and nothing is forgotten"
            );
        } else {
            tracing::info!(slack.tenant = %tenant, "tokens of {tenant} have ended");
        }
        Ok(())
    }
}

impl Revoked {
    /// What is left of an installation, if anything.
    fn left_of(&self, mut installation: Installation) -> Option<Installation> {
        let Self::Tokens { users, has_bot } = self else { return None };
        installation.users.retain(|user, _| !users.contains(user));
        if *has_bot {
            installation.bot = None;
        }
        Some(installation).filter(|left| !left.is_empty())
    }
}

impl Installations {
    /// A person's own token: handlers work without it, so a failure is only told.
    async fn user_token(&self, place: &Place, user: &UserId) -> Option<countersign_slack::client::Token> {
        match self.with_user(place, user).await {
            Ok((_, token)) => Some(token),
            Err(error) => {
                tracing::warn!(slack.user = %user, %error, "the token of {user} cannot be used");
                None
            }
        }
    }
}

impl Place {
    fn of_source(source: &Source) -> Self {
        Self {
            team: source.team_id.clone(),
            enterprise: source.enterprise_id.clone(),
            is_enterprise_install: source.is_enterprise_install,
        }
    }
}

fn refused(fault: TokenFault, source: &Source) -> AuthorizeError {
    match fault {
        TokenFault::NotInstalled(_) | TokenFault::NoBot(_) | TokenFault::NoUser { .. } => not_installed(source),
        TokenFault::Renew { source, .. } => AuthorizeError::Slack(source),
        TokenFault::Store(error) => kept(error),
        fault @ (TokenFault::Token { .. } | TokenFault::Unrenewed(_)) => AuthorizeError::Store(Box::new(fault)),
    }
}

fn not_installed(source: &Source) -> AuthorizeError {
    AuthorizeError::NotInstalled(Box::new(source.clone()))
}

fn kept(error: StoreError) -> AuthorizeError {
    AuthorizeError::Store(Box::new(error))
}
