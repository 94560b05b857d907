//! Sessions that were open when this node last stopped: their agents are asked what became of them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use countersign_gateway::{AgentName, SessionEnd, SessionId, port::SessionFilter};

use super::{super::state::Gateway, conclusion::conclude};

/// How long an agent may take to come back and tell.
const PATIENCE: Duration = Duration::from_secs(30);

/// Open sessions that are looked at; more than a node takes.
const MOST: u32 = 100_000;

/// Sessions without a person's end, by id.
#[derive(Debug, Default)]
pub(super) struct Orphans(Mutex<HashMap<SessionId, AgentName>>);

impl Orphans {
    /// Those of an agent.
    pub(super) fn of_agent(&self, agent: &AgentName) -> Vec<SessionId> {
        self.all().iter().filter(|(_, of)| *of == agent).map(|(id, _)| *id).collect()
    }

    pub(super) fn has(&self, id: SessionId) -> bool {
        self.all().contains_key(&id)
    }

    /// Whether a session is an orphan of this agent.
    pub(super) fn is_of(&self, agent: &AgentName, id: SessionId) -> bool {
        self.all().get(&id) == Some(agent)
    }

    /// Takes a session out, if it is an orphan of this agent.
    pub(super) fn take(&self, agent: &AgentName, id: SessionId) -> bool {
        let mut all = self.all();
        let is_its = all.get(&id) == Some(agent);
        if is_its {
            all.remove(&id);
        }
        is_its
    }

    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, AgentName>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks what was open here, before anybody can connect.
pub(super) async fn find(gateway: &Gateway) {
    let filter = SessionFilter { open: true, limit: MOST, ..SessionFilter::default() };
    match gateway.store().sessions(filter).await {
        Ok(sessions) => {
            let ours = sessions.into_iter().filter(|session| session.node == gateway.settings().advertise);
            let mut all = gateway.hub().orphans.all();
            all.extend(ours.map(|session| (session.id, session.agent)));
            if !all.is_empty() {
                tracing::warn!(sessions = all.len(), "{} sessions were open when this node stopped", all.len());
            }
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "could not look for sessions that were open");
        }
    }
}

/// After a while, what no agent told of is unknown, and is called so.
pub(super) async fn give_up(gateway: Gateway) {
    tokio::select! {
        () = gateway.shutdown().cancelled() => return,
        () = tokio::time::sleep(PATIENCE) => {}
    }
    let left: Vec<(SessionId, AgentName)> = gateway.hub().orphans.all().drain().collect();
    for (id, agent) in left {
        let why = format!(
            "the server was restarted, and agent {agent} did not say within {} seconds what became of it",
            PATIENCE.as_secs()
        );
        conclude(&gateway, id, SessionEnd::Unknown { why }).await;
    }
}
