//! Connections.

use axum::{Json, extract::State};
use countersign_gateway::{
    Connection, ConnectionDraft, ConnectionName, Place, PluginName, PolicySource, Secret, SecretSource, StoredPolicy,
    plugin::StoredSlack,
    port::{Change, Deleted, Put},
    wire::api::{ConnectionInput, ConnectionView, Done, EnvInput, EnvView, List, Outcome, Removed, WireSecret},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Admin, ApiError, Caller,
    agents::Connected,
    body::{Body, In},
    plugins::stored_slack,
};
use crate::gateway::state::Gateway;

pub(super) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<List<ConnectionView>>, ApiError> {
    let connections = gateway.store().connections().await?;
    let around = Around::now(&gateway).await?;
    let shown = |connection| around.view(connection, caller.is_admin());
    Ok(Json(List { items: connections.iter().map(shown).collect() }))
}

pub(super) async fn show(
    State(gateway): State<Gateway>,
    caller: Caller,
    In(name): In<String>,
) -> Result<Json<ConnectionView>, ApiError> {
    let missing = || ApiError::no_such("connection", &name);
    let parsed: ConnectionName = name.parse().map_err(|_| missing())?;
    let connection = gateway.store().connection(&parsed).await?.ok_or_else(missing)?;
    Ok(Json(Around::now(&gateway).await?.view(&connection, caller.is_admin())))
}

pub(super) async fn put(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    In(name): In<String>,
    Body(input): Body<ConnectionInput>,
) -> Result<Json<Outcome<ConnectionView>>, ApiError> {
    put_connection(&gateway, caller.change(), parsed(&name)?, &input).await.map(Json)
}

pub(super) async fn remove(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    In(name): In<String>,
) -> Result<Json<Removed>, ApiError> {
    let name = parsed(&name)?;
    remove_connection(&gateway, caller.change(), &name).await?;
    Ok(Json(Removed { deleted: name.into() }))
}

/// Creates or replaces a connection. Values of variables are sealed as they arrive.
pub(super) async fn put_connection(
    gateway: &Gateway,
    change: Change,
    name: ConnectionName,
    input: &ConnectionInput,
) -> Result<Outcome<ConnectionView>, ApiError> {
    let (agent, target) = input.check()?;
    let before = gateway.store().connection(&name).await?;
    let env = sealed_env(gateway, &name, before.as_ref(), input)?;
    let draft = ConnectionDraft { name, agent, target, env };
    let (outcome, connection) = match gateway.store().put_connection(draft, input.overwrite, change).await? {
        Put::Created(connection) => (Done::Created, connection),
        Put::Replaced(connection) => (Done::Replaced, connection),
        Put::Unchanged(connection) => (Done::Unchanged, connection),
        Put::Exists(connection) => return Err(ApiError::exists("connection", connection.name.as_str())),
    };
    let warnings = warnings(gateway, &connection).await?;
    Ok(Outcome { outcome, value: Around::now(gateway).await?.view(&connection, true), warnings })
}

async fn warnings(gateway: &Gateway, connection: &Connection) -> Result<Vec<String>, ApiError> {
    if gateway.store().agents().await?.iter().any(|agent| agent.name == connection.agent) {
        return Ok(Vec::new());
    }
    let agent = &connection.agent;
    Ok(vec![format!("there is no agent {agent} yet: create it with `admin create agent {agent}`")])
}

pub(super) async fn remove_connection(
    gateway: &Gateway,
    change: Change,
    name: &ConnectionName,
) -> Result<(), ApiError> {
    if gateway.store().connection(name).await?.is_none() {
        return Err(ApiError::no_such("connection", name.as_str()));
    }
    let plugins = Around::now(gateway).await?.plugins_of(name);
    if !plugins.is_empty() {
        let used_by = plugins.iter().map(|plugin| format!("plugin {plugin}")).collect();
        return Err(ApiError::in_use("connection", name.as_str(), used_by));
    }
    match gateway.store().delete_connection(name, change).await? {
        Deleted::Now => Ok(()),
        Deleted::Missing => Err(ApiError::no_such("connection", name.as_str())),
        Deleted::InUse(used_by) => Err(ApiError::in_use("connection", name.as_str(), used_by)),
    }
}

fn parsed(name: &str) -> Result<ConnectionName, ApiError> {
    name.parse().map_err(|error: countersign_gateway::InvalidName| ApiError::invalid("name", error.to_string()))
}

/// The variables, with values sealed. A value that is the same as before keeps its seal, so that the connection is the same.
fn sealed_env(
    gateway: &Gateway,
    connection: &ConnectionName,
    before: Option<&Connection>,
    input: &ConnectionInput,
) -> Result<Vec<Secret>, ApiError> {
    let known = before.map(|before| before.env.as_slice()).unwrap_or_default();
    let Some(env) = &input.env else { return Ok(known.to_vec()) };
    env.iter()
        .map(|(name, value)| {
            let source = match value {
                EnvInput::Env(from) => SecretSource::Env { name: from.clone() },
                EnvInput::File(path) => SecretSource::File { path: path.clone() },
                EnvInput::Value(value) => {
                    let place = Place::Variable { connection, name };
                    let known = known.iter().find(|secret| secret.name == *name).map(|secret| &secret.source);
                    SecretSource::Sealed { sealed: resealed(gateway, place, known, value)? }
                }
            };
            Ok(Secret { name: name.clone(), source })
        })
        .collect()
}

fn resealed(
    gateway: &Gateway,
    place: Place<'_>,
    known: Option<&SecretSource>,
    value: &WireSecret,
) -> Result<String, ApiError> {
    if let Some(SecretSource::Sealed { sealed }) = known
        && is_sealed(gateway, place, sealed, value)
    {
        return Ok(sealed.clone());
    }
    Ok(gateway.vault().seal(place, &SecretString::from(value.expose().to_owned()))?)
}

/// Whether what is sealed for a place is this secret. One that does not open is not: it is sealed anew.
pub(super) fn is_sealed(gateway: &Gateway, place: Place<'_>, sealed: &str, value: &WireSecret) -> bool {
    gateway.vault().open(place, sealed).is_ok_and(|known| known.expose_secret() == value.expose())
}

/// What stands around connections: agents and plugins.
struct Around {
    connected: Connected,
    policies: Vec<StoredPolicy>,
    slack: Option<StoredSlack>,
}

impl Around {
    async fn now(gateway: &Gateway) -> Result<Self, ApiError> {
        Ok(Self {
            connected: Connected::now(gateway).await?,
            policies: gateway.store().policies().await?,
            slack: stored_slack(gateway).await?,
        })
    }

    fn plugins_of(&self, name: &ConnectionName) -> Vec<String> {
        let is_on = |source: PolicySource| {
            self.policies.iter().any(|stored| stored.source == source && stored.policy.matches.target == name.as_str())
        };
        let all = [
            (PluginName::Review, is_on(PolicySource::Review)),
            (PluginName::Jit, is_on(PolicySource::Jit)),
            (PluginName::Slack, self.slack.as_ref().is_some_and(|slack| slack.connections.contains_key(name))),
        ];
        all.iter().filter(|(_, is_on)| *is_on).map(|(plugin, _)| plugin.to_string()).collect()
    }

    /// Names of variables are administrators' business; values nobody's.
    fn view(&self, connection: &Connection, is_admin: bool) -> ConnectionView {
        let env = if is_admin { connection.env.iter().map(EnvView::from).collect() } else { Vec::new() };
        ConnectionView {
            name: connection.name.to_string(),
            revision: connection.revision,
            agent: connection.agent.to_string(),
            agent_connected: !self.connected.nodes_of(&connection.agent).is_empty(),
            target: connection.target.clone(),
            env,
            plugins: self.plugins_of(&connection.name),
            changed_at: connection.changed_at,
        }
    }
}
