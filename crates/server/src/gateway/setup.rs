//! What `serve` does for the first start: a way in, and an agent in the same process.

use std::time::Duration;

use countersign_approval::{Entropy, PersonId, StoreError, to_hex};
use countersign_gateway::{
    ADMIN_GROUP, AccessToken, Agent, AgentName, TokenHash, TokenOwner,
    port::{Change, Put},
    wire::api::WireSecret,
};
use secrecy::SecretString;

use super::state::Gateway;

/// Who the audit trail says did what the server does by itself.
const SERVER: &str = "server";

/// How long a one-time token is good: whoever starts a server signs in the same day.
const BOOTSTRAP_LIFETIME: Duration = Duration::from_hours(24);

/// A one-time token for the first administrator; `None` when there is one already.
///
/// Each start gives a new one. Those of earlier starts end by themselves, and are worth nothing as soon as there is an
/// administrator.
pub async fn bootstrap_token(gateway: &Gateway) -> Result<Option<SecretString>, StoreError> {
    let is_admin = |groups: &std::collections::BTreeSet<countersign_approval::GroupName>| {
        groups.iter().any(|group| group.as_str() == ADMIN_GROUP)
    };
    let accounts = gateway.store().accounts().await?;
    if accounts.iter().any(|account| account.person.active && is_admin(&account.person.groups)) {
        return Ok(None);
    }
    let now = gateway.now();
    let secret = fresh_token("csb", gateway.entropy());
    let token = AccessToken {
        // Unique, so that a second start is not in the way of the first one's token.
        name: format!("bootstrap {}", TokenHash::of(secret.expose()).to_string().chars().take(8).collect::<String>()),
        hash: TokenHash::of(secret.expose()),
        owner: TokenOwner::Bootstrap,
        created_at: now,
        expires_at: Some(now.plus(BOOTSTRAP_LIFETIME)),
        used_at: None,
    };
    let change = Change { actor: PersonId::new(SERVER), at: now };
    let (Put::Created(_) | Put::Replaced(_) | Put::Unchanged(_) | Put::Exists(_)) =
        gateway.store().put_token(token, change).await?;
    Ok(Some(secret.into()))
}

/// Registers an agent, or gives it another token: for one that runs in this process.
pub async fn enroll_agent(gateway: &Gateway, name: AgentName) -> Result<SecretString, StoreError> {
    let now = gateway.now();
    let secret = fresh_token("csa", gateway.entropy());
    let agent = Agent { name, token: TokenHash::of(secret.expose()), created_at: now, seen_at: None, version: None };
    let change = Change { actor: PersonId::new(SERVER), at: now };
    let (Put::Created(_) | Put::Replaced(_) | Put::Unchanged(_) | Put::Exists(_)) =
        gateway.store().put_agent(agent, true, change).await?;
    Ok(secret.into())
}

/// A new token: 256 random bits after a prefix that says what it is, so that one that leaks is recognised.
pub(super) fn fresh_token(prefix: &str, entropy: &dyn Entropy) -> WireSecret {
    WireSecret::new(format!("{prefix}_{}{}", to_hex(&entropy.bytes16()), to_hex(&entropy.bytes16())))
}
