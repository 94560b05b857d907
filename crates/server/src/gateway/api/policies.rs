//! Policies.

use axum::{Json, extract::State};
use countersign_gateway::{
    PolicySource,
    port::{Change, Deleted, Put},
    wire::api::{Done, List, Outcome, PolicyInput, PolicyView, Removed},
};

use super::{
    Admin, ApiError,
    body::{Body, In},
};
use crate::gateway::state::Gateway;

pub(super) async fn list(State(gateway): State<Gateway>, _: Admin) -> Result<Json<List<PolicyView>>, ApiError> {
    let policies = gateway.store().policies().await?;
    Ok(Json(List { items: policies.iter().map(PolicyView::from).collect() }))
}

pub(super) async fn show(
    State(gateway): State<Gateway>,
    _: Admin,
    In(name): In<String>,
) -> Result<Json<PolicyView>, ApiError> {
    let policies = gateway.store().policies().await?;
    let found = policies.iter().find(|stored| stored.policy.name == name);
    Ok(Json(PolicyView::from(found.ok_or_else(|| ApiError::no_such("policy", &name))?)))
}

pub(super) async fn put(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    In(name): In<String>,
    Body(input): Body<PolicyInput>,
) -> Result<Json<Outcome<PolicyView>>, ApiError> {
    put_policy(&gateway, caller.change(), &name, &input).await.map(Json)
}

pub(super) async fn remove(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    In(name): In<String>,
) -> Result<Json<Removed>, ApiError> {
    remove_policy(&gateway, caller.change(), &name).await?;
    Ok(Json(Removed { deleted: name }))
}

pub(super) async fn put_policy(
    gateway: &Gateway,
    change: Change,
    name: &str,
    input: &PolicyInput,
) -> Result<Outcome<PolicyView>, ApiError> {
    let policy = input.to_policy(name)?;
    let (outcome, stored) = match gateway.store().put_policy(policy, input.overwrite, change).await? {
        Put::Created(stored) => (Done::Created, stored),
        Put::Replaced(stored) => (Done::Replaced, stored),
        Put::Unchanged(stored) => (Done::Unchanged, stored),
        Put::Exists(_) => return Err(ApiError::exists("policy", name)),
    };
    let warnings = warnings(gateway, &stored.policy.matches.target).await?;
    Ok(Outcome { outcome, value: PolicyView::from(&stored), warnings })
}

/// A policy may come before its connections; a misspelt name must not stay unseen.
async fn warnings(gateway: &Gateway, pattern: &str) -> Result<Vec<String>, ApiError> {
    let connections = gateway.store().connections().await?;
    let matches = |name: &str| countersign_approval::policy::pattern_matches(pattern, name);
    if connections.iter().any(|connection| matches(connection.name.as_str())) {
        return Ok(Vec::new());
    }
    Ok(vec![format!("no connection is named {pattern} now: the policy decides nothing yet")])
}

pub(super) async fn remove_policy(gateway: &Gateway, change: Change, name: &str) -> Result<(), ApiError> {
    let policies = gateway.store().policies().await?;
    let found = policies.iter().find(|stored| stored.policy.name == name);
    let stored = found.ok_or_else(|| ApiError::no_such("policy", name))?;
    if stored.source != PolicySource::Policy {
        let plugin = stored.source.as_str();
        let message = format!(
            "policy {name} belongs to plugin {plugin}: change that with `admin create plugin {plugin} --overwrite`"
        );
        return Err(ApiError::conflict("of_plugin", message));
    }
    match gateway.store().delete_policy(name, change).await? {
        Deleted::Now => Ok(()),
        Deleted::Missing => Err(ApiError::no_such("policy", name)),
        Deleted::InUse(used_by) => Err(ApiError::in_use("policy", name, used_by)),
    }
}
