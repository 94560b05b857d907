//! Who calls.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use countersign_approval::{PersonId, Timestamp};
use countersign_gateway::{
    ADMIN_GROUP, AccessToken, TokenHash, TokenOwner,
    port::{Account, Change},
};

use super::ApiError;
use crate::gateway::{bearer::bearer, state::Gateway};

/// A token's last use is noted once in this many seconds.
const USED_EVERY_SECS: i64 = 60;

/// A signed-in person.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Who.
    pub(super) account: Account,
    /// The token they came with.
    pub(super) token: AccessToken,
    /// When they came.
    pub(super) at: Timestamp,
}

/// A signed-in administrator.
#[derive(Clone, Debug)]
pub(super) struct Admin(pub(super) Caller);

impl Caller {
    async fn of(gateway: &Gateway, headers: &HeaderMap) -> Result<Self, ApiError> {
        let wanted = "sign in first: `Authorization: Bearer …` is needed (countersign login)";
        let token = bearer(headers).ok_or_else(|| ApiError::unauthorized(wanted))?;
        let at = gateway.now();
        // One look-up by the token's hash, whatever was sent: nothing about a token can be measured by how long it takes.
        let unknown =
            || ApiError::unauthorized("this token is not known here: it is wrong, has expired or was taken back");
        let token = gateway.store().token(TokenHash::of(token), at).await?.ok_or_else(unknown)?;
        let TokenOwner::Person(person) = &token.owner else { return Err(unknown()) };
        let account = gateway.store().account(person).await?.ok_or_else(unknown)?;
        if !account.person.active {
            return Err(ApiError::unauthorized("this account is no longer active"));
        }
        if token.used_at.is_none_or(|used| at.as_secs() - used.as_secs() >= USED_EVERY_SECS) {
            gateway.store().token_used(token.hash, at).await?;
        }
        Ok(Self { account, token, at })
    }

    pub(super) fn person(&self) -> &PersonId {
        &self.account.person.id
    }

    /// Whether they administer the server.
    pub(super) fn is_admin(&self) -> bool {
        is_admin(&self.account)
    }

    /// Whoever changes something now.
    pub(super) fn change(&self) -> Change {
        Change { actor: self.person().clone(), at: self.at }
    }
}

/// Whether somebody administers the server.
pub(super) fn is_admin(account: &Account) -> bool {
    account.person.active && account.person.groups.iter().any(|group| group.as_str() == ADMIN_GROUP)
}

impl FromRequestParts<Gateway> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        Self::of(gateway, &parts.headers).await
    }
}

impl FromRequestParts<Gateway> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let caller = Caller::of(gateway, &parts.headers).await?;
        if caller.is_admin() {
            return Ok(Self(caller));
        }
        Err(ApiError::forbidden(format!("only people in the group {ADMIN_GROUP} may do this")))
    }
}
