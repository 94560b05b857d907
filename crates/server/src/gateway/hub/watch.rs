//! What ends sessions from outside: a token taken back, a person who left, access that is over, an agent that was deleted.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::Duration,
};

use countersign_approval::{PersonId, RequestId, StoreError};
use countersign_gateway::{AgentName, TokenHash};

use super::{super::state::Gateway, caller::Caller, live::Footing};

/// How often the store is asked: what changes on another node is seen by then. What changes here is hinted at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Windows of access that are closed in one transaction.
const BATCH: u32 = 200;

/// Watches until shutdown.
pub(super) async fn watch(gateway: Gateway) {
    loop {
        tokio::select! {
            () = gateway.shutdown().cancelled() => return,
            () = gateway.hub().changed.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let looked = async {
            end_fallen(&gateway).await?;
            dismiss(&gateway).await
        };
        if let Err(error) = looked.await {
            tracing::error!(error = &error as &dyn std::error::Error, "could not look whether live sessions may go on");
        }
    }
}

/// Ends the sessions that have nothing to stand on any more. Each fact is read once for all sessions.
async fn end_fallen(gateway: &Gateway) -> Result<(), StoreError> {
    let mut known = Known::default();
    for (id, footing) in gateway.hub().live.all() {
        if let Some(why) = known.fallen(gateway, &footing).await? {
            gateway.hub().live.stop(id, &why);
        }
    }
    Ok(())
}

/// Sends agents away that were deleted, or have another token now.
async fn dismiss(gateway: &Gateway) -> Result<(), StoreError> {
    let links = gateway.hub().agents.all();
    if links.is_empty() {
        return Ok(());
    }
    let tokens: HashMap<AgentName, TokenHash> =
        gateway.store().agents().await?.into_iter().map(|agent| (agent.name, agent.token)).collect();
    for link in links {
        let why = match tokens.get(&link.name) {
            None => "the agent was deleted",
            Some(token) if *token != link.token => "the agent was given another token",
            Some(_) => continue,
        };
        tracing::warn!(agent = %link.name, "agent {} is sent away: {why}", link.name);
        for session in gateway.hub().live.of_agent(&link.name) {
            gateway.hub().live.stop(session, why);
        }
        link.end(Some(why.to_owned()));
    }
    Ok(())
}

/// Why whoever acts by this token, and this request, may not go on; `None` while they may, or while that cannot be told.
pub(super) async fn fallen(gateway: &Gateway, caller: &Caller, request: Option<RequestId>) -> Option<String> {
    let mut known = Known::default();
    match known.standing(gateway, caller.person(), caller.token, request).await {
        Ok(why) => why,
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "could not look whether a guarded command may go on"
            );
            None
        }
    }
}

/// What was read in this round: why a thing fell, `None` while it stands.
#[derive(Default)]
struct Known {
    people: HashMap<PersonId, Option<String>>,
    tokens: HashMap<TokenHash, Option<String>>,
    revoked: HashMap<RequestId, Option<String>>,
}

impl Known {
    async fn fallen(&mut self, gateway: &Gateway, footing: &Footing) -> Result<Option<String>, StoreError> {
        self.standing(gateway, &footing.person, footing.token, footing.request).await
    }

    async fn standing(
        &mut self,
        gateway: &Gateway,
        whose: &PersonId,
        hash: TokenHash,
        request: Option<RequestId>,
    ) -> Result<Option<String>, StoreError> {
        let why = match self.people.entry(whose.clone()) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(place) => place.insert(person(gateway, whose).await?).clone(),
        };
        if why.is_some() {
            return Ok(why);
        }
        let why = match self.tokens.entry(hash) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(place) => place.insert(token(gateway, hash).await?).clone(),
        };
        let (None, Some(request)) = (&why, request) else { return Ok(why) };
        Ok(match self.revoked.entry(request) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(place) => place.insert(gateway.store().revocation(request).await?).clone(),
        })
    }
}

async fn person(gateway: &Gateway, id: &PersonId) -> Result<Option<String>, StoreError> {
    let account = gateway.store().account(id).await?;
    let is_active = account.is_some_and(|account| account.person.active);
    Ok((!is_active).then(|| format!("{id} is no longer active")))
}

async fn token(gateway: &Gateway, hash: TokenHash) -> Result<Option<String>, StoreError> {
    let known = gateway.store().token(hash, gateway.now()).await?;
    Ok(known.is_none().then(|| "the token of the person's end was taken back, or has expired".to_owned()))
}

/// Closes windows of access when their time is over, until shutdown.
pub(super) async fn end_access(gateway: Gateway) {
    loop {
        let pause = match end_due(&gateway).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not end access whose time is over");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = gateway.shutdown().cancelled() => return,
            () = gateway.approvals().sleep(pause) => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Ends what is due; answers how long nothing else will be.
async fn end_due(gateway: &Gateway) -> Result<Duration, StoreError> {
    loop {
        let now = gateway.now();
        match gateway.store().next_access_end().await? {
            Some(next) if next <= now => {
                let ended = gateway.store().end_due_access(now, BATCH).await?;
                for id in &ended {
                    tracing::info!(request.id = %id, "the access of request {id} is over");
                }
                gateway.hub().changed.notify_one();
                if ended.is_empty() {
                    return Ok(LOOK_EVERY);
                }
            }
            Some(next) => return Ok(next.since(now).min(LOOK_EVERY)),
            None => return Ok(LOOK_EVERY),
        }
    }
}
