//! `views.*`.

use serde_json::{Map, Value};

use super::body::{ApiError, Body};
use super::call::Call;
use super::content::{checked_home, checked_view};
use crate::model::{Placement, State, UserId, View, ViewKey};

/// `views.open`.
pub(super) fn open(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    show(state, call, Placement::Open, now)
}

/// `views.push`.
pub(super) fn push(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    show(state, call, Placement::Push, now)
}

/// `views.update`.
pub(super) fn update(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let content = content(state, call)?;
    let (id, external) = (call.args.text("view_id"), call.args.text("external_id"));
    let key = match (&id, &external) {
        (Some(id), _) => ViewKey::Id(id),
        (None, Some(external)) => ViewKey::External(external),
        (None, None) => return Err(ApiError::new("not_found")),
    };
    let hash = call.args.text("hash");
    let view = state.update_view(&call.grant.app, key, content, hash.as_deref())?;
    Ok(body(state, &view))
}

/// `views.publish`: an app's Home tab for one person.
pub(super) fn publish(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let manifest = state.platform.registrations.get(&call.grant.app).map(|registration| &registration.manifest);
    let enabled = manifest.and_then(|manifest| manifest.pointer("/features/app_home/home_tab_enabled"));
    if enabled == Some(&Value::Bool(false)) {
        return Err(ApiError::new("not_enabled"));
    }
    let view = call.args.get("view").cloned().unwrap_or_default();
    let content = checked_home(state, view)?;
    let user = UserId::from(call.args.text("user_id").unwrap_or_default().as_ref());
    let hash = call.args.text("hash");
    let view = state.publish_home(&call.grant.app, &user, content, hash.as_deref())?;
    Ok(body(state, &view))
}

fn show(state: &mut State, call: &Call<'_>, placement: Placement, now: u64) -> Result<Body, ApiError> {
    let trigger = call.args.text("trigger_id").or_else(|| call.args.text("interactivity_pointer"));
    let trigger = trigger.ok_or(ApiError::new("invalid_trigger_id"))?;
    let content = content(state, call)?;
    let view = state.show_view(&call.grant.app, &trigger, content, placement, now)?;
    Ok(body(state, &view))
}

fn content(state: &mut State, call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    let view = call.args.get("view").cloned().unwrap_or_default();
    if call.method.name() == "views.update" && is_home(call) {
        return checked_home(state, view);
    }
    checked_view(state, view)
}

fn is_home(call: &Call<'_>) -> bool {
    let view = call.args.nested("view").and_then(Result::ok);
    view.is_some_and(|view| view.get("type").and_then(Value::as_str) == Some("home"))
}

fn body(state: &State, view: &View) -> Body {
    Body::ok().with("view", view.to_json(&state.team().id))
}
