//! Plugins: `review` and `jit` are policies, `slack` is a setting.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use countersign_approval::GroupName;
use countersign_gateway::{
    ConnectionName, Place, Plugin, PluginName,
    plugin::{ApprovalPlugin, ApprovalVerb, Channel, SLACK_SETTING, SlackChange, StoredSlack},
    port::Change,
    wire::api::{Done, List, Outcome, PluginInput, PluginView, Removed, WireSecret},
};
use secrecy::SecretString;

use super::{
    Admin, ApiError,
    body::{Body, In},
    connections::is_sealed,
};
use crate::gateway::state::Gateway;

pub(super) async fn list(State(gateway): State<Gateway>, _: Admin) -> Result<Json<List<PluginView>>, ApiError> {
    let mut items = Vec::new();
    for name in PluginName::ALL {
        items.extend(found(&gateway, name).await?);
    }
    Ok(Json(List { items }))
}

pub(super) async fn show(
    State(gateway): State<Gateway>,
    _: Admin,
    In(name): In<String>,
) -> Result<Json<PluginView>, ApiError> {
    let plugin = name.parse::<PluginName>()?;
    found(&gateway, plugin).await?.map(Json).ok_or_else(|| ApiError::no_such("plugin", &name))
}

pub(super) async fn put(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    In(name): In<String>,
    Body(input): Body<PluginInput>,
) -> Result<Json<Outcome<PluginView>>, ApiError> {
    let plugin = Plugin::parse(&name, &input)?;
    let known = gateway.store().connections().await?.into_iter().map(|connection| connection.name).collect();
    plugin.check_connections(&known)?;
    put_plugin(&gateway, caller.change(), &plugin, input.overwrite).await.map(Json)
}

pub(super) async fn remove(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    In(name): In<String>,
) -> Result<Json<Removed>, ApiError> {
    remove_plugin(&gateway, caller.change(), name.parse()?).await?;
    Ok(Json(Removed { deleted: name }))
}

/// Puts a plugin whose connections were checked.
pub(super) async fn put_plugin(
    gateway: &Gateway,
    change: Change,
    plugin: &Plugin,
    overwrite: bool,
) -> Result<Outcome<PluginView>, ApiError> {
    match plugin {
        Plugin::Approvals(plugin) => put_approvals(gateway, change, plugin, overwrite).await,
        Plugin::Slack(slack) => put_slack(gateway, change, slack, overwrite).await,
    }
}

async fn put_approvals(
    gateway: &Gateway,
    change: Change,
    plugin: &ApprovalPlugin,
    overwrite: bool,
) -> Result<Outcome<PluginView>, ApiError> {
    let policies = gateway.store().policies().await?;
    let before = ApprovalPlugin::of_policies(plugin.verb, &policies);
    let outcome = match &before {
        Some(before) if before == plugin => Done::Unchanged,
        Some(_) if !overwrite => return Err(ApiError::exists("plugin", plugin.verb.name().as_str())),
        Some(_) => Done::Replaced,
        None => Done::Created,
    };
    if outcome != Done::Unchanged {
        gateway.store().replace_policies(plugin.verb.source(), plugin.policies(), change).await?;
    }
    let warnings = empty_groups(gateway, plugin).await?;
    Ok(Outcome { outcome, value: view_of_approvals(plugin), warnings })
}

/// Groups in which nobody is, so that nobody could approve.
async fn empty_groups(gateway: &Gateway, plugin: &ApprovalPlugin) -> Result<Vec<String>, ApiError> {
    let groups: BTreeSet<GroupName> = plugin.connections.values().flatten().cloned().collect();
    let people = gateway.store().people_in(&groups).await?;
    let is_empty = |group: &&GroupName| !people.iter().any(|person| person.groups.contains(*group));
    Ok(groups
        .iter()
        .filter(is_empty)
        .map(|group| format!("nobody is in group {group}: nobody could approve for it"))
        .collect())
}

async fn put_slack(
    gateway: &Gateway,
    change: Change,
    plugin: &SlackChange,
    overwrite: bool,
) -> Result<Outcome<PluginView>, ApiError> {
    let before = stored_slack(gateway).await?;
    let after = plugin.onto(before.as_ref(), |key, token| seal(gateway, before.as_ref(), key, token))?;
    let outcome = match &before {
        Some(before) if *before == after => Done::Unchanged,
        Some(_) if !overwrite => return Err(ApiError::exists("plugin", PluginName::Slack.as_str())),
        Some(_) => Done::Replaced,
        None => Done::Created,
    };
    if outcome != Done::Unchanged {
        let text = serde_json::to_string(&after).map_err(|error| ApiError::fault(&error))?;
        gateway.store().put_setting(SLACK_SETTING, Some(text), change).await?;
        gateway.slack().settings_changed();
    }
    let warnings = unknown_channels(gateway, &after).await;
    Ok(Outcome { outcome, value: view_of_slack(&after), warnings })
}

/// A token that is the same as before keeps its seal.
fn seal(
    gateway: &Gateway,
    before: Option<&StoredSlack>,
    key: &'static str,
    token: &WireSecret,
) -> Result<String, ApiError> {
    let place = Place::Plugin { plugin: PluginName::Slack.as_str(), key };
    let known = before.and_then(|slack| slack.sealed().into_iter().find(|(known, _)| *known == key));
    match known {
        Some((_, sealed)) if is_sealed(gateway, place, sealed, token) => Ok(sealed.to_owned()),
        _ => Ok(gateway.vault().seal(place, &SecretString::from(token.expose().to_owned()))?),
    }
}

/// What is wrong with the channels, as far as Slack says so now.
async fn unknown_channels(gateway: &Gateway, slack: &StoredSlack) -> Vec<String> {
    let channels = slack.channels.iter().chain(slack.connections.values().flatten());
    let wanted: BTreeSet<String> = channels.map(|channel| channel.as_str().to_owned()).collect();
    if wanted.is_empty() { Vec::new() } else { gateway.slack().resolve(&wanted).await.1 }
}

pub(super) async fn remove_plugin(gateway: &Gateway, change: Change, name: PluginName) -> Result<(), ApiError> {
    if found(gateway, name).await?.is_none() {
        return Err(ApiError::no_such("plugin", name.as_str()));
    }
    let verb = match name {
        PluginName::Review => ApprovalVerb::Review,
        PluginName::Jit => ApprovalVerb::Jit,
        PluginName::Slack => {
            gateway.store().put_setting(SLACK_SETTING, None, change).await?;
            gateway.slack().settings_changed();
            return Ok(());
        }
    };
    Ok(gateway.store().replace_policies(verb.source(), Vec::new(), change).await?)
}

async fn found(gateway: &Gateway, name: PluginName) -> Result<Option<PluginView>, ApiError> {
    let verb = match name {
        PluginName::Review => ApprovalVerb::Review,
        PluginName::Jit => ApprovalVerb::Jit,
        PluginName::Slack => return Ok(stored_slack(gateway).await?.as_ref().map(view_of_slack)),
    };
    let policies = gateway.store().policies().await?;
    Ok(ApprovalPlugin::of_policies(verb, &policies).as_ref().map(view_of_approvals))
}

/// The slack plugin as it is kept. What cannot be read is as good as not there: it can be written anew.
pub(super) async fn stored_slack(gateway: &Gateway) -> Result<Option<StoredSlack>, ApiError> {
    let Some(text) = gateway.store().setting(SLACK_SETTING).await? else { return Ok(None) };
    match serde_json::from_str(&text) {
        Ok(stored) => Ok(Some(stored)),
        Err(error) => {
            tracing::error!("the stored slack plugin cannot be read: {error}");
            Ok(None)
        }
    }
}

fn view_of_approvals(plugin: &ApprovalPlugin) -> PluginView {
    let named = |groups: &[GroupName]| groups.iter().map(ToString::to_string).collect();
    view(plugin.verb.name(), plugin.priority, plugin.connections.iter().map(|(name, groups)| (name, named(groups))))
}

fn view_of_slack(slack: &StoredSlack) -> PluginView {
    let named = |channels: &[Channel]| channels.iter().map(|channel| channel.as_str().to_owned()).collect();
    let connections = slack.connections.iter().map(|(name, channels)| (name, named(channels)));
    PluginView { config: slack.shown(), ..view(PluginName::Slack, slack.priority, connections) }
}

fn view<'a>(
    name: PluginName,
    priority: i64,
    connections: impl Iterator<Item = (&'a ConnectionName, Vec<String>)>,
) -> PluginView {
    let connections = connections.map(|(connection, items)| (connection.to_string(), items)).collect();
    PluginView { name: name.to_string(), priority, connections, config: BTreeMap::new() }
}
