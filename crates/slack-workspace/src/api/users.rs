//! `users.*`.

use std::ops::Bound;

use serde_json::{Map, Value};

use super::body::{ApiError, Body};
use super::call::Call;
use super::conversations::kinds;
use super::cursor;
use crate::model::{Channel, ChannelId, State, User, UserId};

/// `users.info`.
pub(super) fn info(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let wanted = call.args.text("user").unwrap_or_default();
    let user = state.user(&wanted).ok_or(ApiError::new("user_not_found"))?;
    let object = user.to_json(&state.team().id, call.has("users:read.email"));
    Ok(Body::ok().with("user", with_locale(call, object)))
}

/// `users.list`.
pub(super) fn list(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let limit = cursor::limit(call.args, usize::MAX)?;
    let start = cursor::decode(call.args, "user")?.map(UserId::from);
    let start = start.map_or(Bound::Unbounded, Bound::Included);
    let mut users = state.users.range((start, Bound::Unbounded)).map(|(_, user)| user);
    let with_email = call.has("users:read.email");
    let object = |user: &User| with_locale(call, user.to_json(&state.team.id, with_email));
    let members: Vec<Value> = users.by_ref().take(limit).map(object).collect();
    let next = users.next().map(|user| cursor::encode("user", user.id.as_str()));
    Ok(Body::ok().with("members", members).with("cache_ts", now / 1000).next_cursor(&next.unwrap_or_default()))
}

/// The object of a person or channel, with its language where that was asked for.
pub(super) fn with_locale(call: &Call<'_>, mut object: Value) -> Value {
    if call.args.flag("include_locale") {
        // Everybody here speaks what the page is written in.
        object["locale"] = "en-US".into();
    }
    object
}

/// `users.lookupByEmail`.
pub(super) fn lookup_by_email(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let wanted = call.args.text("email").unwrap_or_default();
    let has = |email: &str| email.eq_ignore_ascii_case(&wanted);
    let user = state.users().find(|user| user.email.as_deref().is_some_and(has));
    let user = user.ok_or(ApiError::new("users_not_found"))?;
    Ok(Body::ok().with("user", user.to_json(&state.team().id, true)))
}

/// `users.profile.get`.
pub(super) fn profile_get(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let wanted = meant(state, call)?;
    let user = state.user(wanted.as_str()).ok_or(ApiError::new("user_not_found"))?;
    let object = user.to_json(&state.team().id, call.has("users:read.email"));
    Ok(Body::ok().with("profile", object.get("profile").cloned().unwrap_or_default()))
}

/// `users.profile.set`: a whole profile or one field; of others only administrators.
pub(super) fn profile_set(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let wanted = meant(state, call)?;
    let me = call.user()?;
    let is_admin = state.user(me.as_str()).is_some_and(|user| user.is_admin || user.is_owner);
    if wanted != *me && !is_admin {
        return Err(ApiError::new("not_admin"));
    }
    let invalid = || ApiError::new("invalid_profile");
    let changes = match (call.args.nested("profile"), call.args.text("name")) {
        (Some(given), _) => given.ok().and_then(|given| given.as_object().cloned()).ok_or_else(invalid)?,
        (None, Some(name)) => {
            let value = call.args.text("value").unwrap_or_default().into_owned();
            Map::from_iter([(name.into_owned(), Value::from(value))])
        }
        (None, None) => return Err(invalid()),
    };
    state.set_profile(&wanted, &changes, now)?;
    let user = state.user(wanted.as_str()).ok_or(ApiError::new("user_not_found"))?;
    let object = user.to_json(&state.team().id, true);
    let profile = object.get("profile").cloned().unwrap_or_default();
    Ok(Body::ok().with("username", user.name.as_str()).with("profile", profile))
}

/// `users.getPresence`.
pub(super) fn get_presence(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let wanted = meant(state, call)?;
    let is_away = state.away.contains(&wanted);
    let body = Body::ok().with("presence", if is_away { "away" } else { "active" });
    if wanted != *call.user()? {
        return Ok(body);
    }
    Ok(body
        .with("online", true)
        .with("auto_away", false)
        .with("manual_away", is_away)
        .with("connection_count", 1)
        .with("last_activity", now / 1000))
}

/// `users.setPresence`.
pub(super) fn set_presence(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let user = call.user()?.clone();
    match call.args.text("presence").as_deref() {
        Some("away") => state.away.insert(user),
        Some("auto") => state.away.remove(&user),
        _ => return Err(ApiError::new("invalid_presence")),
    };
    Ok(Body::ok())
}

/// `users.conversations`: the conversations a person is in, as far as the caller sees them.
pub(super) fn conversations(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let kinds = kinds(call)?;
    let wanted = meant(state, call)?;
    let me = call.user()?;
    let limit = cursor::limit(call.args, 100)?;
    let start = cursor::decode(call.args, "channel")?.map(ChannelId::from);
    let start = start.map_or(Bound::Unbounded, Bound::Included);
    let without_archived = call.args.flag("exclude_archived");
    let fits = |room: &&Channel| {
        kinds.contains(&room.kind)
            && room.members.contains(&wanted)
            && state.can_read(me, room)
            && !(without_archived && room.is_archived)
            && !room.closed_for.contains(&wanted)
    };
    let mut rooms = state.channels.range((start, Bound::Unbounded)).map(|(_, room)| room).filter(fits);
    let channels: Vec<Value> = rooms.by_ref().take(limit).map(|room| room.to_json(&state.team.id, Some(me))).collect();
    let next = rooms.next().map(|room| cursor::encode("channel", room.id.as_str()));
    Ok(Body::ok().with("channels", channels).next_cursor(&next.unwrap_or_default()))
}

/// The user that the call names, or the caller.
fn meant(state: &State, call: &Call<'_>) -> Result<UserId, ApiError> {
    match call.args.text("user") {
        None => Ok(call.user()?.clone()),
        Some(id) => state.user(&id).map(|user| user.id.clone()).ok_or(ApiError::new("user_not_found")),
    }
}
