//! Agents.

use axum::{Json, extract::State};
use countersign_gateway::{
    Agent, AgentName, TokenHash,
    port::{Change, Deleted, Put},
    wire::api::{AgentInput, AgentView, Done, List, NewAgent, Outcome, Removed},
};

use super::{
    Admin, ApiError,
    body::{Body, In},
    health::nodes,
};
use crate::gateway::{setup::fresh_token, state::Gateway};

pub(super) async fn list(State(gateway): State<Gateway>, _: Admin) -> Result<Json<List<AgentView>>, ApiError> {
    let connected = Connected::now(&gateway).await?;
    let agents = gateway.store().agents().await?;
    Ok(Json(List { items: agents.iter().map(|agent| connected.view(agent)).collect() }))
}

pub(super) async fn show(
    State(gateway): State<Gateway>,
    _: Admin,
    In(name): In<String>,
) -> Result<Json<AgentView>, ApiError> {
    let agents = gateway.store().agents().await?;
    let agent =
        agents.iter().find(|agent| agent.name.as_str() == name).ok_or_else(|| ApiError::no_such("agent", &name))?;
    Ok(Json(Connected::now(&gateway).await?.view(agent)))
}

pub(super) async fn put(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    In(name): In<String>,
    Body(input): Body<AgentInput>,
) -> Result<Json<Outcome<NewAgent>>, ApiError> {
    put_agent(&gateway, caller.change(), parsed(&name)?, input.overwrite).await.map(Json)
}

pub(super) async fn remove(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    In(name): In<String>,
) -> Result<Json<Removed>, ApiError> {
    let name = parsed(&name)?;
    remove_agent(&gateway, caller.change(), &name).await?;
    Ok(Json(Removed { deleted: name.into() }))
}

/// Creates an agent, or gives it another token.
pub(super) async fn put_agent(
    gateway: &Gateway,
    change: Change,
    name: AgentName,
    overwrite: bool,
) -> Result<Outcome<NewAgent>, ApiError> {
    let token = fresh_token("csa", gateway.entropy());
    let hash = TokenHash::of(token.expose());
    let agent = Agent { name, token: hash, created_at: change.at, seen_at: None, version: None };
    let (outcome, agent) = match gateway.store().put_agent(agent, overwrite, change).await? {
        Put::Created(agent) => (Done::Created, agent),
        Put::Replaced(agent) | Put::Unchanged(agent) => (Done::Replaced, agent),
        Put::Exists(agent) => return Err(ApiError::exists("agent", agent.name.as_str())),
    };
    let agent = Connected::now(gateway).await?.view(&agent);
    Ok(Outcome { outcome, value: NewAgent { token, agent }, warnings: Vec::new() })
}

pub(super) async fn remove_agent(gateway: &Gateway, change: Change, name: &AgentName) -> Result<(), ApiError> {
    match gateway.store().delete_agent(name, change).await? {
        Deleted::Now => Ok(()),
        Deleted::Missing => Err(ApiError::no_such("agent", name.as_str())),
        Deleted::InUse(used_by) => Err(ApiError::in_use("agent", name.as_str(), used_by)),
    }
}

fn parsed(name: &str) -> Result<AgentName, ApiError> {
    name.parse().map_err(|error: countersign_gateway::InvalidName| ApiError::invalid("name", error.to_string()))
}

/// Which agents are connected to which nodes now.
pub(super) struct Connected(std::collections::BTreeMap<String, Vec<String>>);

impl Connected {
    pub(super) async fn now(gateway: &Gateway) -> Result<Self, ApiError> {
        nodes(gateway).await.map(Self)
    }

    /// The nodes that an agent is connected to.
    pub(super) fn nodes_of(&self, agent: &AgentName) -> Vec<String> {
        let has = |agents: &[String]| agents.iter().any(|name| name == agent.as_str());
        self.0.iter().filter(|(_, agents)| has(agents)).map(|(node, _)| node.clone()).collect()
    }

    fn view(&self, agent: &Agent) -> AgentView {
        let nodes = self.nodes_of(&agent.name);
        AgentView {
            name: agent.name.to_string(),
            connected: !nodes.is_empty(),
            nodes,
            created_at: agent.created_at,
            seen_at: agent.seen_at,
            version: agent.version.clone(),
        }
    }
}
