//! The declarative file, carried out through the same functions as single calls.

use axum::{Json, extract::State};
use countersign_approval::PersonId;
use countersign_gateway::{
    PluginName,
    apply::{Action, Desired, Document, Kind, State as Known, Step, plan},
    port::Change,
    wire::api::{Applied, ApplyInput, NewAgent},
};

use super::{
    Admin, ApiError, agents,
    body::Body,
    connections::{self, is_sealed},
    people, plugins, policies,
};
use crate::gateway::state::Gateway;

/// Compares, and unless it is a dry run does what is different.
pub(super) async fn apply(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Body(input): Body<ApplyInput>,
) -> Result<Json<Applied>, ApiError> {
    let document = Document::read(input.file.expose()).map_err(|error| ApiError::invalid("file", error.to_string()))?;
    let desired = Desired::try_from(document)?;
    let known = known(&gateway).await?;
    let same =
        |place: countersign_gateway::Place<'_>, sealed: &str, secret: &_| is_sealed(&gateway, place, sealed, secret);
    let plan = plan(&desired, &known, caller.person(), &same)?;
    let mut applied = Applied { plan, done: 0, failed: None, agents: Vec::new(), warnings: Vec::new() };
    if !input.dry_run {
        carry_out(&gateway, &desired, &caller.change(), &mut applied).await;
    }
    Ok(Json(applied))
}

async fn known(gateway: &Gateway) -> Result<Known, ApiError> {
    let store = gateway.store();
    Ok(Known {
        accounts: store.accounts().await?,
        agents: store.agents().await?,
        connections: store.connections().await?,
        policies: store.policies().await?,
        slack: plugins::stored_slack(gateway).await?,
    })
}

/// Step by step; the first that fails is the last.
async fn carry_out(gateway: &Gateway, desired: &Desired, change: &Change, applied: &mut Applied) {
    for step in applied.plan.steps.clone() {
        let done = match step.action {
            Action::Delete => delete(gateway, change.clone(), &step).await.map(|()| Said::default()),
            Action::Create | Action::Change => put(gateway, desired, change.clone(), &step).await,
        };
        match done {
            Ok(said) => {
                applied.done += 1;
                applied.agents.extend(said.agent);
                applied.warnings.extend(said.warnings);
            }
            Err(error) => {
                applied.failed = Some(format!("{} {}: {}", step.kind.as_str(), step.name, error.message()));
                return;
            }
        }
    }
}

/// What a step has to say.
#[derive(Default)]
struct Said {
    agent: Option<NewAgent>,
    warnings: Vec<String>,
}

fn warned(warnings: Vec<String>) -> Said {
    Said { agent: None, warnings }
}

async fn put(gateway: &Gateway, desired: &Desired, change: Change, step: &Step) -> Result<Said, ApiError> {
    let name = step.name.as_str();
    let gone = || ApiError::no_such(step.kind.as_str(), name);
    match step.kind {
        Kind::Agent => {
            let created = agents::put_agent(gateway, change, name.parse().map_err(|_| gone())?, false).await?;
            Ok(Said { agent: Some(created.value), warnings: created.warnings })
        }
        Kind::User => {
            let id = PersonId::new(name);
            let input = desired.users.as_ref().and_then(|users| users.get(&id)).ok_or_else(gone)?.clone();
            people::put_user(gateway, change, id, input).await.map(|outcome| warned(outcome.warnings))
        }
        Kind::Policy => {
            let input = desired.policies.as_ref().and_then(|policies| policies.get(name)).ok_or_else(gone)?;
            policies::put_policy(gateway, change, name, input).await.map(|_| Said::default())
        }
        Kind::Plugin => {
            let plugin: PluginName = name.parse()?;
            let (_, plugin) = desired.plugins.as_ref().and_then(|plugins| plugins.get(&plugin)).ok_or_else(gone)?;
            plugins::put_plugin(gateway, change, plugin, true).await.map(|outcome| warned(outcome.warnings))
        }
        Kind::Connection => {
            let id = name.parse().map_err(|_| gone())?;
            let input = desired.connections.as_ref().and_then(|all| all.get(&id)).ok_or_else(gone)?;
            connections::put_connection(gateway, change, id, input).await.map(|outcome| warned(outcome.warnings))
        }
    }
}

async fn delete(gateway: &Gateway, change: Change, step: &Step) -> Result<(), ApiError> {
    let name = step.name.as_str();
    let gone = || ApiError::no_such(step.kind.as_str(), name);
    match step.kind {
        Kind::Agent => agents::remove_agent(gateway, change, &name.parse().map_err(|_| gone())?).await,
        Kind::User => people::remove_user(gateway, change, &PersonId::new(name)).await,
        Kind::Policy => policies::remove_policy(gateway, change, name).await,
        Kind::Plugin => plugins::remove_plugin(gateway, change, name.parse()?).await,
        Kind::Connection => connections::remove_connection(gateway, change, &name.parse().map_err(|_| gone())?).await,
    }
}
