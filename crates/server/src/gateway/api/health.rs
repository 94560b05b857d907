//! How the server is.

use std::{collections::BTreeMap, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use countersign_gateway::wire::{
    self,
    api::{Health, NodeSettings, Version},
};

use super::{Admin, ApiError};
use crate::gateway::state::Gateway;

/// How long the store may take to answer before the node is not ready.
const STORE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// A node that was not heard of for this long is not alive.
const NODE_ALIVE_WITHIN: Duration = Duration::from_secs(30);

/// The process lives.
pub(super) async fn alive() -> Json<Health> {
    Json(Health { ok: true, checks: BTreeMap::new() })
}

/// The node can do its work. Slack is told of, but its absence keeps nobody from approving elsewhere.
pub(super) async fn ready(State(gateway): State<Gateway>) -> (StatusCode, Json<Health>) {
    let mut checks = BTreeMap::new();
    let mut ok = true;
    let asked = gateway.store().nodes(gateway.now());
    let store = match tokio::time::timeout(STORE_ANSWERS_WITHIN, asked).await {
        Ok(Ok(_)) => "ok",
        Ok(Err(_)) => "fails",
        Err(_) => "does not answer",
    };
    ok &= store == "ok";
    checks.insert("store".to_owned(), store.to_owned());
    if gateway.shutdown().is_cancelled() {
        ok = false;
        checks.insert("node".to_owned(), "shuts down".to_owned());
    }
    let slack = gateway.slack().status();
    let slack = match (slack.trouble.is_some(), slack.running) {
        (true, _) => "trouble",
        (false, true) => "ok",
        (false, false) => "off",
    };
    checks.insert("slack".to_owned(), slack.to_owned());
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Health { ok, checks }))
}

/// The program's version.
pub(super) async fn version(State(gateway): State<Gateway>) -> Json<Version> {
    Json(Version { version: gateway.settings().version.clone(), protocol: wire::VERSION })
}

/// What this node was told to do.
pub(super) async fn settings(State(gateway): State<Gateway>, _: Admin) -> Result<Json<NodeSettings>, ApiError> {
    let settings = gateway.settings();
    Ok(Json(NodeSettings {
        advertise: settings.advertise.clone(),
        public_url: settings.public_url.clone(),
        allow_unreviewed: settings.allow_unreviewed,
        max_input_bytes: settings.limits.input_bytes,
        max_recording_bytes: settings.limits.recording_bytes,
        max_sessions: u64::try_from(settings.limits.sessions).unwrap_or(u64::MAX),
        nodes: nodes(&gateway).await?,
    }))
}

/// The nodes that are alive, each with its agents.
pub(super) async fn nodes(gateway: &Gateway) -> Result<BTreeMap<String, Vec<String>>, ApiError> {
    let alive = gateway.store().nodes(gateway.now().minus(NODE_ALIVE_WITHIN)).await?;
    let named = |agents: Vec<countersign_gateway::AgentName>| agents.into_iter().map(String::from).collect();
    Ok(alive.into_iter().map(|(node, agents)| (node, named(agents))).collect())
}
