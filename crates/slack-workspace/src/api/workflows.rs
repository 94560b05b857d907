//! `workflows.triggers.*`: what starts the workflows of apps.
//!
//! As Slack's command line calls them, and docs.slack.dev for the permissions.

use std::ops::Bound;

use serde_json::{Map, Value, json};

use super::apps::{developer, own_app};
use super::body::{ApiError, Body};
use super::call::Call;
use super::cursor;
use crate::model::{AppId, State, WorkflowTrigger, is_schedule};

/// What a trigger is made of, as the calls name it.
const FIELDS: [&str; 11] = [
    "type",
    "name",
    "description",
    "shortcut",
    "workflow",
    "inputs",
    "event",
    "schedule",
    "webhook",
    "service",
    "available_as_quick_reply",
];
const TYPES: [&str; 4] = ["shortcut", "webhook", "event", "scheduled"];
const PERMISSIONS: [&str; 3] = ["everyone", "app_collaborators", "named_entities"];
/// Kinds of ids that a permission names.
const ENTITIES: [&str; 4] = ["user_ids", "channel_ids", "team_ids", "org_ids"];
/// The parameter type that only a click can fill.
const INTERACTIVITY: &str = "slack#/types/interactivity";

/// `workflows.triggers.create`.
pub(super) fn create(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let app = own_app(state, call, "workflow_app_id")?.id.clone();
    let given = given(call)?;
    checked(state, &app, &given)?;
    let mut trigger = WorkflowTrigger {
        id: state.mint.id('F').replacen('F', "Ft", 1),
        app,
        owner: developer(call)?.clone(),
        given,
        created: now / 1000,
        updated: now / 1000,
        permission: "everyone".to_owned(),
        named: std::collections::BTreeMap::new(),
        next_at: None,
        runs: 0,
        missed: 0,
    };
    state.plan(&mut trigger, now);
    let shown = shown(state, &trigger);
    state.platform.workflow_triggers.insert(trigger.id.clone(), trigger);
    Ok(Body::ok().with("trigger", shown))
}

/// `workflows.triggers.update`: what is left out stays.
pub(super) fn update(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let mut trigger = own_trigger(state, call)?.clone();
    trigger.given.extend(given(call)?);
    checked(state, &trigger.app, &trigger.given)?;
    trigger.updated = now / 1000;
    state.plan(&mut trigger, now);
    let shown = shown(state, &trigger);
    state.platform.workflow_triggers.insert(trigger.id.clone(), trigger);
    Ok(Body::ok().with("trigger", shown))
}

/// `workflows.triggers.info`.
pub(super) fn info(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let trigger = own_trigger(state, call)?;
    Ok(Body::ok().with("trigger", shown(state, trigger)))
}

/// `workflows.triggers.delete`.
pub(super) fn delete(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id = own_trigger(state, call)?.id.clone();
    state.platform.workflow_triggers.remove(&id);
    Ok(Body::ok())
}

/// `workflows.triggers.list`.
pub(super) fn list(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let app = match call.args.get("app_id") {
        Some(_) => Some(own_app(state, call, "app_id")?.id.clone()),
        None => None,
    };
    let me = developer(call)?;
    let is_admin = state.user(me.as_str()).is_some_and(|user| user.is_admin || user.is_owner);
    let apps = &state.platform.registrations;
    let is_mine = |app: &AppId| is_admin || apps.get(app).is_some_and(|known| known.owner == *me);
    let kind = call.args.text("type");
    let limit = cursor::limit(call.args, 100)?;
    let start = cursor::decode(call.args, "trigger")?.map_or(Bound::Unbounded, Bound::Included);
    let fits = |trigger: &&WorkflowTrigger| {
        app.as_ref().map_or_else(|| is_mine(&trigger.app), |app| trigger.app == *app)
            && kind.as_deref().is_none_or(|kind| trigger.given.get("type").and_then(Value::as_str) == Some(kind))
    };
    let all = state.platform.workflow_triggers.range((start, Bound::Unbounded));
    let mut all = all.map(|(_, trigger)| trigger).filter(fits);
    let triggers: Vec<Value> = all.by_ref().take(limit).map(|trigger| shown(state, trigger)).collect();
    let next = all.next().map(|trigger| cursor::encode("trigger", &trigger.id)).unwrap_or_default();
    Ok(Body::ok().with("triggers", triggers).next_cursor(&next))
}

/// `workflows.triggers.permissions.list`.
pub(super) fn permissions(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    Ok(permission_body(own_trigger(state, call)?))
}

/// `workflows.triggers.permissions.set`.
pub(super) fn permissions_set(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let kind = call.args.text("permission_type").unwrap_or_default();
    if !PERMISSIONS.contains(&kind.as_ref()) {
        return Err(ApiError::new("invalid_permission_type"));
    }
    changed(state, call, |trigger| {
        trigger.permission = kind.into_owned();
        trigger.named = named(call).collect();
        Ok(())
    })
}

/// `workflows.triggers.permissions.add`.
pub(super) fn permissions_add(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    changed(state, call, |trigger| {
        only_named(trigger)?;
        for (kind, ids) in named(call) {
            let known = trigger.named.entry(kind).or_default();
            known.extend(ids);
            known.sort();
            known.dedup();
        }
        Ok(())
    })
}

/// `workflows.triggers.permissions.remove`.
pub(super) fn permissions_remove(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    changed(state, call, |trigger| {
        only_named(trigger)?;
        for (kind, ids) in named(call) {
            trigger.named.entry(kind).or_default().retain(|id| !ids.contains(id));
        }
        Ok(())
    })
}

fn only_named(trigger: &WorkflowTrigger) -> Result<(), ApiError> {
    let is_named = trigger.permission == "named_entities";
    if is_named { Ok(()) } else { Err(ApiError::new("invalid_permission_type")) }
}

fn changed(
    state: &mut State,
    call: &Call<'_>,
    change: impl FnOnce(&mut WorkflowTrigger) -> Result<(), ApiError>,
) -> Result<Body, ApiError> {
    let mut trigger = own_trigger(state, call)?.clone();
    change(&mut trigger)?;
    let body = permission_body(&trigger);
    state.platform.workflow_triggers.insert(trigger.id.clone(), trigger);
    Ok(body)
}

fn named<'a>(call: &'a Call<'_>) -> impl Iterator<Item = (String, Vec<String>)> + 'a {
    ENTITIES.iter().map(|kind| ((*kind).to_owned(), call.args.list(kind))).filter(|(_, ids)| !ids.is_empty())
}

fn permission_body(trigger: &WorkflowTrigger) -> Body {
    let body = Body::ok().with("permission_type", trigger.permission.as_str());
    ENTITIES
        .iter()
        .fold(body, |body, kind| body.with(kind, json!(trigger.named.get(*kind).cloned().unwrap_or_default())))
}

fn own_trigger<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s WorkflowTrigger, ApiError> {
    let user = developer(call)?;
    let id = call.args.text("trigger_id").unwrap_or_default();
    let trigger = state.platform.workflow_triggers.get(id.as_ref()).ok_or(ApiError::new("trigger_not_found"))?;
    let is_admin = state.user(user.as_str()).is_some_and(|user| user.is_admin || user.is_owner);
    if trigger.owner == *user || is_admin { Ok(trigger) } else { Err(ApiError::new("access_denied")) }
}

/// The trigger's fields that a call carries; nested ones may come as JSON text.
fn given(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    let mut given = Map::new();
    for field in FIELDS {
        let Some(value) = call.args.get(field) else { continue };
        let is_nested = matches!(field, "shortcut" | "inputs" | "event" | "schedule" | "webhook" | "service");
        let value = match call.args.nested(field) {
            Some(Ok(nested)) if is_nested => nested.into_owned(),
            _ if is_nested => return Err(ApiError::new("invalid_arguments")),
            _ => value.clone(),
        };
        given.insert(field.to_owned(), value);
    }
    Ok(given)
}

/// The name of the workflow, without `#/workflows/`.
fn workflow_name(given: &Map<String, Value>) -> &str {
    let name = given.get("workflow").and_then(Value::as_str).unwrap_or_default();
    name.trim_start_matches("#/workflows/")
}

/// Checks the type, that the app has the workflow, and that its required inputs are given.
fn checked(state: &State, app: &AppId, given: &Map<String, Value>) -> Result<(), ApiError> {
    let kind = given.get("type").and_then(Value::as_str).unwrap_or_default();
    if !TYPES.contains(&kind) {
        return Err(ApiError::new("invalid_trigger_type"));
    }
    if kind == "scheduled" && !given.get("schedule").is_some_and(is_schedule) {
        return Err(ApiError::new("invalid_arguments"));
    }
    let manifest = state.platform.registrations.get(app).map(|app| &app.manifest);
    let workflow = manifest.and_then(|manifest| manifest.get("workflows")?.get(workflow_name(given)));
    let workflow = workflow.ok_or(ApiError::new("workflow_not_found"))?;
    let inputs = given.get("inputs");
    let is_given = |name: &str| inputs.is_some_and(|inputs| inputs.get(name).is_some());
    let parameter = |name: &str| workflow.pointer("/input_parameters/properties")?.get(name);
    let required = workflow.pointer("/input_parameters/required").and_then(Value::as_array);
    let missing: Vec<Value> = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|name| !is_given(name))
        .map(|name| missing_parameter(name, parameter(name)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(ApiError::new("parameter_validation_failed").with("errors", missing))
}

fn missing_parameter(name: &str, parameter: Option<&Value>) -> Value {
    let kind = parameter.and_then(|parameter| parameter.get("type")).and_then(Value::as_str).unwrap_or("string");
    let code = if kind == INTERACTIVITY { "missing_interactivity" } else { "missing_parameter" };
    json!({
        "code": code, "message": format!("the workflow's input {name} is not given"),
        "pointer": format!("/inputs/{name}"), "missing_parameter_name": name, "missing_parameter_type": kind,
    })
}

fn shown(state: &State, trigger: &WorkflowTrigger) -> Value {
    let name = workflow_name(&trigger.given);
    let registration = state.platform.registrations.get(&trigger.app);
    let manifest = registration.map(|registration| &registration.manifest);
    let text = |pointer: &str| manifest.and_then(|manifest| manifest.pointer(pointer)).cloned();
    let title = manifest.and_then(|manifest| manifest.get("workflows")?.get(name)?.get("title")).cloned();
    let mut shown = trigger.given.clone();
    let id = trigger.id.trim_start_matches("Ft");
    shown.insert("id".to_owned(), trigger.id.as_str().into());
    shown.insert("date_created".to_owned(), trigger.created.into());
    shown.insert("date_updated".to_owned(), trigger.updated.into());
    shown.insert("owner_id".to_owned(), trigger.owner.as_str().into());
    shown.insert(
        "workflow".to_owned(),
        json!({
            "id": format!("Wf{id}"), "workflow_id": format!("Wf{id}"), "callback_id": name, "title": title,
            "app_id": trigger.app, "app": {"id": trigger.app, "name": text("/display_information/name")},
        }),
    );
    let address = |path: &str| Value::from(format!("{}/{path}/{}/{}", state.base(), state.team().id, trigger.id));
    match trigger.given.get("type").and_then(Value::as_str) {
        Some("shortcut") => shown.insert("shortcut_url".to_owned(), address("shortcuts")),
        Some("webhook") => shown.insert("webhook_url".to_owned(), address("triggers")),
        _ => None,
    };
    Value::Object(shown)
}
