//! Tokens that expire, renewed in time (`tooling.tokens.rotate`).

use std::{path::Path, time::Duration};

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::credentials::{self, Credential};
use crate::{
    Failure, Session, api,
    json_file::{self, Lock, Readers},
};

/// So long before it expires a token is renewed, as the official command line does; in seconds.
const MARGIN: i64 = 5 * 60;

/// So often it is looked whether somebody else has finished renewing.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Deserialize)]
struct Rotated {
    token: SecretString,
    refresh_token: SecretString,
    exp: i64,
}

/// The account with a token that works for some minutes at least.
///
/// A token that cannot be renewed but works still is used, with a warning.
pub(super) async fn fresh(session: &Session, kept: &Credential) -> Result<Credential, Failure> {
    if !is_due(kept, session.now) {
        return Ok(kept.clone());
    }
    match renew(session, kept).await {
        Ok(renewed) => Ok(renewed),
        Err(failure) if kept.expires > (session.now)().as_second() => {
            session.talk.warn(&format!("the token of {} could not be renewed: {failure}", kept.team_domain));
            Ok(kept.clone())
        }
        Err(failure) => Err(failure.remedy("sign in again with `countersign slack login`")),
    }
}

fn is_due(kept: &Credential, now: fn() -> Timestamp) -> bool {
    kept.refresh_token.is_some() && kept.expires != 0 && kept.expires.saturating_sub(now().as_second()) <= MARGIN
}

/// A refresh token works once: two commands that renew at once would sign one another out. The second one waits, and
/// finds what the first one wrote.
async fn renew(session: &Session, kept: &Credential) -> Result<Credential, Failure> {
    let path = credentials::path(session)?;
    let _lock = lock(&path).await?;
    let known = credentials::Credentials::read(session)?;
    let current = known.all().iter().find(|known| known.team == kept.team).unwrap_or(kept);
    let Some(refresh) = current.refresh_token.as_ref().filter(|_| is_due(current, session.now)) else {
        return Ok(current.clone());
    };
    let client = api::client(session, current.api_host.as_deref())?;
    let arguments = json!({"refresh_token": refresh.expose_secret()});
    let rotated: Rotated = api::call_without_token(&client, "tooling.tokens.rotate", &arguments).await?;
    let renewed = Credential {
        token: rotated.token,
        refresh_token: Some(rotated.refresh_token),
        expires: rotated.exp,
        last_updated: Some(credentials::written((session.now)())),
        ..current.clone()
    };
    let mut all = json_file::read(&path)?;
    credentials::rename_old_keys(&mut all);
    credentials::merge(&mut all, &renewed);
    json_file::write(&path, Readers::Owner, &all)?;
    Ok(renewed)
}

/// Waits until nobody else renews; whoever is tired of it can be interrupted.
async fn lock(path: &Path) -> Result<Lock, Failure> {
    loop {
        if let Some(lock) = Lock::try_take(path, Readers::Owner)? {
            return Ok(lock);
        }
        tokio::time::sleep(LOOK).await;
    }
}
