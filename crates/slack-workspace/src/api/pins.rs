//! `pins.*`.

use serde_json::Value;

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use super::reactions::item;
use crate::model::{ChannelId, State, Ts};

/// `pins.add`.
pub(super) fn add(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let (channel, ts) = pinnable(state, call)?;
    state.pin(&channel, ts, call.user()?, now)?;
    Ok(Body::ok())
}

/// `pins.remove`.
pub(super) fn remove(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let (channel, ts) = pinnable(state, call)?;
    state.unpin(&channel, ts, call.user()?, now)?;
    Ok(Body::ok())
}

/// `pins.list`.
pub(super) fn list(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let room = visible(state, call, &id)?;
    let items: Vec<Value> = room.pins.iter().filter_map(|pin| state.pin_json(room, pin)).collect();
    Ok(Body::ok().with("items", items))
}

fn pinnable(state: &State, call: &Call<'_>) -> Result<(ChannelId, Ts), ApiError> {
    let (channel, ts) = item(state, call)?;
    let user = call.user()?;
    let is_member = state.channel(channel.as_str()).is_some_and(|room| room.members.contains(user));
    if is_member { Ok((channel, ts)) } else { Err(ApiError::new("not_in_channel")) }
}
