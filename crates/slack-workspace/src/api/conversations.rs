//! `conversations.*` except messages.

use std::collections::BTreeSet;
use std::ops::Bound;

use serde_json::{Value, json};

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use super::cursor;
use super::users::with_locale;
use crate::model::{Channel, ChannelId, ChannelKind, State, UserId};

/// How many people a group can have beside the one who opens it.
const MAX_OPEN: usize = 8;

/// `conversations.info`.
pub(super) fn info(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let room = visible(state, call, &id)?;
    let mut channel = room.to_json(&state.team().id, call.grant.user());
    if let (false, Value::Object(fields)) = (call.args.flag("include_num_members"), &mut channel) {
        fields.remove("num_members");
    }
    Ok(Body::ok().with("channel", with_locale(call, channel)))
}

/// `conversations.list`.
pub(super) fn list(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let kinds = kinds(call)?;
    let limit = cursor::limit(call.args, 100)?;
    let start = cursor::decode(call.args, "team")?.map(ChannelId::from);
    let start = start.map_or(Bound::Unbounded, Bound::Included);
    let user = call.user()?;
    let without_archived = call.args.flag("exclude_archived");
    let fits = |room: &&Channel| {
        kinds.contains(&room.kind) && state.can_read(user, room) && !(without_archived && room.is_archived)
    };
    let mut rooms = state.channels.range((start, Bound::Unbounded)).map(|(_, room)| room).filter(fits);
    let channels: Vec<Value> =
        rooms.by_ref().take(limit).map(|room| room.to_json(&state.team.id, Some(user))).collect();
    let next = rooms.next().map(|room| cursor::encode("team", room.id.as_str()));
    Ok(Body::ok().with("channels", channels).next_cursor(&next.unwrap_or_default()))
}

/// The kinds that `types` names, each with its scope.
pub(super) fn kinds(call: &Call<'_>) -> Result<Vec<ChannelKind>, ApiError> {
    let wanted = call.args.list("types");
    if wanted.is_empty() {
        call.any_of(&["channels:read"])?;
        return Ok(vec![ChannelKind::Public]);
    }
    let mut kinds = Vec::new();
    for name in &wanted {
        let kind = ChannelKind::ALL.into_iter().find(|kind| kind.type_name() == name);
        let kind = kind.ok_or(ApiError::new("invalid_types"))?;
        call.any_of(&[&format!("{}:read", kind.scope_family())])?;
        kinds.push(kind);
    }
    Ok(kinds)
}

/// `conversations.members`.
pub(super) fn members(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let room = visible(state, call, &id)?;
    let limit = cursor::limit(call.args, 100)?;
    let start = cursor::decode(call.args, "user")?.map(UserId::from);
    let start = start.map_or(Bound::Unbounded, Bound::Included);
    let mut members = room.members.range((start, Bound::Unbounded));
    let page: Vec<&str> = members.by_ref().take(limit).map(UserId::as_str).collect();
    let next = members.next().map(|user| cursor::encode("user", user.as_str()));
    Ok(Body::ok().with("members", page).next_cursor(&next.unwrap_or_default()))
}

/// `conversations.join`.
pub(super) fn join(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let user = call.user()?;
    let was_member = state.join(&id, user, now)?;
    let room = state.channel(&id).ok_or(ApiError::new("channel_not_found"))?;
    let body = Body::ok().with("channel", room.to_json(&state.team().id, Some(user)));
    Ok(if was_member { body.warning("already_in_channel") } else { body })
}

/// `conversations.open`: a direct message or group, opened when there is none yet.
pub(super) fn open(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let me = call.user()?.clone();
    if let Some(id) = call.args.text("channel") {
        let room = visible(state, call, &id)?;
        if !matches!(room.kind, ChannelKind::Im | ChannelKind::Mpim) {
            return Err(ApiError::new("method_not_supported_for_channel_type"));
        }
        return Ok(opened(call, state, &room.id, true));
    }
    let users: BTreeSet<UserId> = call.args.list("users").into_iter().map(UserId::from).collect();
    if users.len() > MAX_OPEN {
        return Err(ApiError::new("too_many_users"));
    }
    let mut others = users.iter().filter(|user| **user != me);
    let (id, was_open) = match (others.next(), others.next()) {
        (None, _) if users.is_empty() => return Err(ApiError::new("users_list_not_supplied")),
        (None, _) => {
            call.any_of(&["im:write"])?;
            state.open_im(&me, &me, now)?
        }
        (Some(other), None) => {
            call.any_of(&["im:write"])?;
            find_or_open(state, call, other, now)?
        }
        (Some(_), Some(_)) => {
            call.any_of(&["mpim:write"])?;
            let members = users.iter().cloned().chain([me]).collect();
            state.open_mpim(call.user()?, members, now)?
        }
    };
    Ok(opened(call, state, &id, was_open))
}

fn find_or_open(state: &mut State, call: &Call<'_>, other: &UserId, now: u64) -> Result<(ChannelId, bool), ApiError> {
    let me = call.user()?;
    if call.args.flag("prevent_creation") && state.im_between(me, other).is_none() {
        return Err(ApiError::new("channel_not_found"));
    }
    Ok(state.open_im(me, other, now)?)
}

fn opened(call: &Call<'_>, state: &State, id: &ChannelId, was_open: bool) -> Body {
    let full = call.args.flag("return_im").then(|| state.channel(id.as_str())).flatten();
    let channel = full.map(|room| room.to_json(&state.team().id, call.grant.user()));
    let body = if was_open { Body::ok().with("no_op", true).with("already_open", true) } else { Body::ok() };
    body.with("channel", channel.unwrap_or_else(|| json!({"id": id})))
}
