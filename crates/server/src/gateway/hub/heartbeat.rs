//! This node among others: it says that it lives, and agents are told of every node.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use countersign_approval::StoreError;
use countersign_gateway::{AgentName, SessionEnd, port::SessionFilter, wire::control::ToAgent};
use tokio::time::{MissedTickBehavior, interval};

use super::{super::state::Gateway, conclusion::conclude};

/// How often a node says that it lives.
const EVERY: Duration = Duration::from_secs(5);

/// A node that did not say so for this long is not offered to agents.
const ALIVE_FOR: Duration = Duration::from_secs(20);

/// A node that did not say so for this long is gone, and its sessions with it.
const GONE_AFTER: Duration = Duration::from_mins(2);

/// Agents are noted as seen, and sessions of nodes that are gone are looked for, each time after so many beats: a minute.
const BEATS_BETWEEN: u64 = 12;

/// Open sessions that are looked at in one go.
const MOST: u32 = 10_000;

/// The nodes that lived at the last beat.
#[derive(Debug, Default)]
pub(super) struct Nodes(Mutex<Vec<String>>);

/// The greeting of an agent, with the nodes that it should be connected to.
pub(super) fn welcome(gateway: &Gateway, agent: &AgentName) -> ToAgent {
    let mut nodes = gateway.hub().nodes.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if !nodes.contains(&gateway.settings().advertise) {
        nodes.push(gateway.settings().advertise.clone());
    }
    ToAgent::Welcome { agent: agent.to_string(), server: gateway.settings().version.clone(), nodes }
}

/// Beats until shutdown.
pub(super) async fn beat(gateway: Gateway) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut beats: u64 = 0;
    loop {
        // An agent that has just come is told of to the other nodes at once.
        tokio::select! {
            () = gateway.shutdown().cancelled() => return,
            _ = ticks.tick() => beats += 1,
            () = gateway.hub().joined.notified() => {}
        }
        if let Err(error) = once(&gateway).await {
            tracing::error!(error = &error as &dyn std::error::Error, "this node could not say that it lives");
        }
        if beats.is_multiple_of(BEATS_BETWEEN)
            && let Err(error) = each_minute(&gateway).await
        {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "could not look for sessions of nodes that are gone"
            );
        }
    }
}

async fn once(gateway: &Gateway) -> Result<(), StoreError> {
    let now = gateway.now();
    let agents: Vec<AgentName> = gateway.hub().agents.all().iter().map(|link| link.name.clone()).collect();
    gateway.store().node_alive(&gateway.settings().advertise, &agents, now).await?;
    let mut nodes: Vec<String> =
        gateway.store().nodes(now.minus(ALIVE_FOR)).await?.into_iter().map(|(node, _)| node).collect();
    nodes.sort();
    let is_news = {
        let mut known = gateway.hub().nodes.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *known != nodes;
        *known = nodes;
        is_news
    };
    if is_news {
        for link in gateway.hub().agents.all() {
            let _ = link.say(welcome(gateway, &link.name)).await;
        }
    }
    Ok(())
}

async fn each_minute(gateway: &Gateway) -> Result<(), StoreError> {
    let now = gateway.now();
    let versions = gateway.store().agents().await?;
    for link in gateway.hub().agents.all() {
        let version = versions.iter().find(|agent| agent.name == link.name).and_then(|agent| agent.version.as_deref());
        gateway.store().agent_seen(&link.name, version.unwrap_or_default(), now).await?;
    }
    let alive: HashSet<String> =
        gateway.store().nodes(now.minus(GONE_AFTER)).await?.into_iter().map(|(node, _)| node).collect();
    let filter = SessionFilter { open: true, limit: MOST, ..SessionFilter::default() };
    for session in gateway.store().sessions(filter).await? {
        if session.node == gateway.settings().advertise || alive.contains(&session.node) {
            continue;
        }
        let why = format!("node {} went away and did not come back; what became of it cannot be known", session.node);
        conclude(gateway, session.id, SessionEnd::Unknown { why }).await;
    }
    Ok(())
}
