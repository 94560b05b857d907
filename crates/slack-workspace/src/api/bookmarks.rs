//! `bookmarks.*`.

use serde_json::Value;

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use crate::model::{Bookmark, BookmarkChange, ChannelId, State};

/// `bookmarks.add`: links; folders and files are not known here.
pub(super) fn add(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let channel = channel(state, call)?;
    if call.args.text("type").as_deref() != Some("link") {
        return Err(ApiError::new("invalid_bookmark_type"));
    }
    let bookmark = state.add_bookmark(&channel, (call.user()?, &call.grant.app), change(call), now)?;
    Ok(answer(state, &channel, &bookmark))
}

/// `bookmarks.edit`.
pub(super) fn edit(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let channel = channel(state, call)?;
    let id = call.args.text("bookmark_id").unwrap_or_default();
    let bookmark = state.edit_bookmark(&channel, &id, call.user()?, change(call), now)?;
    Ok(answer(state, &channel, &bookmark))
}

/// `bookmarks.list`.
pub(super) fn list(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let channel = channel(state, call)?;
    let room = state.channel(channel.as_str()).ok_or(ApiError::new("channel_not_found"))?;
    let bookmarks: Vec<Value> =
        room.bookmarks.iter().map(|bookmark| bookmark.to_json(&channel, &state.team().id)).collect();
    Ok(Body::ok().with("bookmarks", bookmarks))
}

/// `bookmarks.remove`.
pub(super) fn remove(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let channel = channel(state, call)?;
    let id = call.args.text("bookmark_id").unwrap_or_default();
    state.remove_bookmark(&channel, &id)?;
    Ok(Body::ok())
}

fn channel(state: &State, call: &Call<'_>) -> Result<ChannelId, ApiError> {
    let id = call.args.text("channel_id").unwrap_or_default();
    let room = visible(state, call, &id)?;
    let is_member = room.members.contains(call.user()?);
    if is_member { Ok(room.id.clone()) } else { Err(ApiError::new("permission_denied")) }
}

fn change(call: &Call<'_>) -> BookmarkChange {
    let text = |name: &str| call.args.text(name).map(std::borrow::Cow::into_owned);
    BookmarkChange { title: text("title"), link: text("link"), emoji: text("emoji") }
}

fn answer(state: &State, channel: &ChannelId, bookmark: &Bookmark) -> Body {
    Body::ok().with("bookmark", bookmark.to_json(channel, &state.team().id))
}
