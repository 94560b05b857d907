//! `usergroups.*`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::body::{ApiError, Body};
use super::call::Call;
use crate::model::{ChannelId, State, UserGroup, UserGroupChange, UserId};

/// `usergroups.create`.
pub(super) fn create(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let change = change(call);
    if change.name.is_none() {
        return Err(ApiError::new("missing_subteam_name"));
    }
    let group = state.create_usergroup(call.user()?, change, now)?;
    Ok(answer(state, call, &group))
}

/// `usergroups.update`.
pub(super) fn update(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("usergroup").unwrap_or_default();
    let group = state.update_usergroup(&id, call.user()?, change(call), now)?;
    Ok(answer(state, call, &group))
}

/// `usergroups.enable`.
pub(super) fn enable(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    set_enabled(state, call, true, now)
}

/// `usergroups.disable`.
pub(super) fn disable(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    set_enabled(state, call, false, now)
}

fn set_enabled(state: &mut State, call: &Call<'_>, is_enabled: bool, now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("usergroup").unwrap_or_default();
    let group = state.set_usergroup_enabled(&id, call.user()?, is_enabled, now)?;
    Ok(answer(state, call, &group))
}

/// `usergroups.list`.
#[expect(clippy::unnecessary_wraps, reason = "every method's handler has the same signature")]
pub(super) fn list(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let with_disabled = call.args.flag("include_disabled");
    let groups = state.usergroups.values().filter(|group| with_disabled || group.disabled.is_none());
    let groups: Vec<Value> = groups.map(|group| object(state, call, group)).collect();
    Ok(Body::ok().with("usergroups", groups))
}

/// `usergroups.users.list`.
pub(super) fn users_list(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("usergroup").unwrap_or_default();
    let with_disabled = call.args.flag("include_disabled");
    let group = state.usergroups.get(id.as_ref()).filter(|group| with_disabled || group.disabled.is_none());
    let group = group.ok_or(ApiError::new("no_such_subteam"))?;
    let users: Vec<&str> = group.users.iter().map(UserId::as_str).collect();
    Ok(Body::ok().with("users", users))
}

/// `usergroups.users.update`: replaces everyone who is in it.
pub(super) fn users_update(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("usergroup").unwrap_or_default();
    let users: BTreeSet<UserId> = call.args.list("users").into_iter().map(UserId::from).collect();
    if users.is_empty() {
        return Err(ApiError::new("no_users_provided"));
    }
    let group = state.set_usergroup_users(&id, call.user()?, users, now)?;
    Ok(Body::ok().with("usergroup", group.to_json(&state.team.id)))
}

fn change(call: &Call<'_>) -> UserGroupChange {
    let text = |name: &str| call.args.text(name).map(std::borrow::Cow::into_owned);
    UserGroupChange {
        name: text("name"),
        handle: text("handle").map(|handle| handle.trim_start_matches('@').to_owned()),
        description: text("description"),
        channels: call.args.get("channels").is_some().then(|| {
            let channels = call.args.list("channels");
            channels.into_iter().map(ChannelId::from).collect()
        }),
    }
}

fn answer(state: &State, call: &Call<'_>, group: &UserGroup) -> Body {
    Body::ok().with("usergroup", object(state, call, group))
}

/// The object with what was asked for.
fn object(state: &State, call: &Call<'_>, group: &UserGroup) -> Value {
    let mut object = group.to_json(&state.team.id);
    if let Value::Object(fields) = &mut object {
        if !call.args.flag("include_users") {
            fields.remove("users");
        }
        if !call.args.flag("include_count") {
            fields.remove("user_count");
        }
    }
    object
}
