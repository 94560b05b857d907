//! Who is at the other end: a person or an agent, by the token in the request's head.

use std::time::Duration;

use axum::http::HeaderMap;
use countersign_approval::{PersonId, StoreError, Timestamp};
use countersign_gateway::{
    Agent, TokenHash, TokenOwner,
    port::Account,
    wire::{VERSION, VERSION_HEADER},
};

use super::super::{bearer::bearer, state::Gateway};

/// How often it is noted that a token was used.
const USE_EVERY: Duration = Duration::from_mins(1);

/// A person's end.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Whose it is.
    pub(super) account: Account,
    /// The token that proves it; when it is taken back, live sessions end.
    pub(super) token: TokenHash,
}

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotLetIn {
    #[error("a token is needed: `Authorization: Bearer …`")]
    NoToken,
    #[error("this token is not known here: it is wrong, has expired or was taken back")]
    UnknownToken,
    #[error("{0} is no longer active")]
    Inactive(PersonId),
    #[error(
        "the other side speaks version {theirs} of the protocol and this server version {VERSION}: bring the older one up to date"
    )]
    OtherVersion {
        /// What it said.
        theirs: String,
    },
    #[error("the server could not look it up")]
    Store(#[from] StoreError),
}

impl Caller {
    /// The person of a request.
    pub(super) async fn of(gateway: &Gateway, headers: &HeaderMap) -> Result<Self, NotLetIn> {
        let token = TokenHash::of(bearer(headers).ok_or(NotLetIn::NoToken)?);
        let known = gateway.store().token(token, gateway.now()).await?.ok_or(NotLetIn::UnknownToken)?;
        let TokenOwner::Person(person) = known.owner else { return Err(NotLetIn::UnknownToken) };
        let account = gateway.store().account(&person).await?.ok_or(NotLetIn::UnknownToken)?;
        if !account.person.active {
            return Err(NotLetIn::Inactive(person));
        }
        note_use(gateway, token, known.used_at);
        Ok(Self { account, token })
    }

    pub(super) fn person(&self) -> &PersonId {
        &self.account.person.id
    }
}

/// Notes that a token was used, to the minute, without anybody waiting for it.
fn note_use(gateway: &Gateway, token: TokenHash, before: Option<Timestamp>) {
    let now = gateway.now();
    if before.is_some_and(|before| now.since(before) < USE_EVERY) {
        return;
    }
    let noting = gateway.clone();
    gateway.tasks().spawn(async move {
        if let Err(error) = noting.store().token_used(token, now).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not note that a token was used");
        }
    });
}

/// The agent of a request.
pub(super) async fn agent(gateway: &Gateway, headers: &HeaderMap) -> Result<Agent, NotLetIn> {
    let token = TokenHash::of(bearer(headers).ok_or(NotLetIn::NoToken)?);
    gateway.store().agent_by_token(token).await?.ok_or(NotLetIn::UnknownToken)
}

/// Both sides must speak the same version.
pub(super) fn same_version(headers: &HeaderMap) -> Result<(), NotLetIn> {
    let theirs = headers.get(VERSION_HEADER).and_then(|value| value.to_str().ok()).unwrap_or("none");
    if theirs == VERSION.to_string() {
        return Ok(());
    }
    Err(NotLetIn::OtherVersion { theirs: theirs.chars().take(20).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_told_which_both_are() {
        let mut headers = HeaderMap::new();
        assert!(same_version(&headers).is_err(), "none is not ours");
        headers.insert(VERSION_HEADER, "0".parse().unwrap());
        let said = same_version(&headers).unwrap_err().to_string();
        assert!(said.contains("speaks version 0") && said.contains("this server version 1"), "{said}");
        headers.insert(VERSION_HEADER, VERSION.into());
        assert!(same_version(&headers).is_ok());
    }
}
