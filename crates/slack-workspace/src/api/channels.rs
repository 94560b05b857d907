//! `conversations.*` that make and change channels.

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use crate::model::{CaptionKind, Channel, ChannelId, ChannelKind, State, Ts};

/// `conversations.create`.
pub(super) fn create(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let kind = if call.args.flag("is_private") { ChannelKind::Private } else { ChannelKind::Public };
    let scopes: Vec<&str> = if call.is_bot() {
        call.method.bot_scopes_for(kind).collect()
    } else {
        call.method.user_scopes_for(kind).collect()
    };
    call.any_of(&scopes)?;
    let user = call.user()?;
    let name = call.args.text("name").unwrap_or_default();
    let id = state.create_channel(&name, kind, std::iter::once(user.clone()).collect(), user, now)?;
    shown(state, call, &id)
}

/// `conversations.rename`: only who made the channel, or an administrator.
pub(super) fn rename(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = joined(state, call)?;
    let user = call.user()?;
    let is_admin = state.user(user.as_str()).is_some_and(|user| user.is_admin || user.is_owner);
    if !is_admin && state.channel(id.as_str()).is_some_and(|room| room.creator != *user) {
        return Err(ApiError::new("not_authorized"));
    }
    let name = call.args.text("name").unwrap_or_default();
    state.rename(&id, user, &name, now)?;
    shown(state, call, &id)
}

/// `conversations.setTopic`.
pub(super) fn set_topic(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    set_caption(state, call, CaptionKind::Topic, now)
}

/// `conversations.setPurpose`.
pub(super) fn set_purpose(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    set_caption(state, call, CaptionKind::Purpose, now)
}

fn set_caption(state: &mut State, call: &Call<'_>, kind: CaptionKind, now: u64) -> Result<Body, ApiError> {
    let id = joined(state, call)?;
    let name = if kind == CaptionKind::Topic { "topic" } else { "purpose" };
    let value = call.args.text(name).unwrap_or_default().into_owned();
    state.set_caption(&id, call.user()?, kind, &value, now)?;
    let body = shown(state, call, &id)?;
    Ok(if kind == CaptionKind::Purpose { body.with("purpose", value) } else { body })
}

/// `conversations.archive`.
pub(super) fn archive(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let room = channel(state, call)?;
    match room {
        room if room.is_archived => return Err(ApiError::new("already_archived")),
        room if room.name == "general" => return Err(ApiError::new("cant_archive_general")),
        room if !room.members.contains(call.user()?) => return Err(ApiError::new("not_in_channel")),
        _ => {}
    }
    let id = room.id.clone();
    state.archive(&id, call.user()?, now)?;
    Ok(Body::ok())
}

/// `conversations.unarchive`.
pub(super) fn unarchive(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let room = channel(state, call)?;
    if !room.is_archived {
        return Err(ApiError::new("not_archived"));
    }
    let id = room.id.clone();
    state.unarchive(&id, call.user()?, now)?;
    Ok(Body::ok())
}

/// `conversations.mark`: how far the caller has read.
pub(super) fn mark(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let user = call.user()?.clone();
    let room = visible(state, call, &id)?;
    if !room.members.contains(&user) {
        return Err(ApiError::new("not_in_channel"));
    }
    let id = room.id.clone();
    let ts = call.args.text("ts").unwrap_or_default();
    let ts = Ts::parse_bound(&ts).ok_or(ApiError::new("invalid_timestamp"))?;
    if let Some(room) = state.channels.get_mut(&id) {
        room.last_read.insert(user, ts);
    }
    Ok(Body::ok())
}

/// `conversations.close`: a direct message leaves the caller's list until somebody writes again.
pub(super) fn close(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let user = call.user()?.clone();
    let room = visible(state, call, &id)?;
    if !matches!(room.kind, ChannelKind::Im | ChannelKind::Mpim) {
        return Err(ApiError::new("method_not_supported_for_channel_type"));
    }
    let id = room.id.clone();
    let closes = state.close_for(&id, &user, now);
    Ok(if closes { Body::ok() } else { Body::ok().with("no_op", true).with("already_closed", true) })
}

/// The channel, which is no direct message.
pub(super) fn channel<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Channel, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let room = visible(state, call, &id)?;
    match room.kind {
        ChannelKind::Public | ChannelKind::Private => Ok(room),
        ChannelKind::Im | ChannelKind::Mpim => Err(ApiError::new("method_not_supported_for_channel_type")),
    }
}

/// The same, open and with the caller in it.
pub(super) fn joined(state: &State, call: &Call<'_>) -> Result<ChannelId, ApiError> {
    let room = channel(state, call)?;
    match room {
        room if !room.members.contains(call.user()?) => Err(ApiError::new("not_in_channel")),
        room if room.is_archived => Err(ApiError::new("is_archived")),
        room => Ok(room.id.clone()),
    }
}

/// The answer with the channel as it is now.
pub(super) fn shown(state: &State, call: &Call<'_>, id: &ChannelId) -> Result<Body, ApiError> {
    let room = state.channel(id.as_str()).ok_or(ApiError::new("channel_not_found"))?;
    Ok(Body::ok().with("channel", room.to_json(&state.team().id, call.grant.user())))
}
