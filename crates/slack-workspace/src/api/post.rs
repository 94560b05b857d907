//! `chat.postMessage` and `chat.postEphemeral`.

use serde_json::{Map, Value, json};

use super::body::{ApiError, Body};
use super::call::Call;
use super::content::{MAX_TEXT, draft};
use crate::model::{Author, Channel, ChannelId, ChannelKind, Draft, State, Ts, UserId};

/// `chat.postMessage`.
pub(super) fn post_message(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let channel = target(state, call, now)?;
    let mut draft = complete(state, call)?;
    let is_cut = truncate(&mut draft.text);
    let message = state.post(&channel, &author(call)?, draft, now)?;
    let body = Body::ok()
        .with("channel", channel.as_str())
        .with("ts", message.ts.to_string())
        .packed("message", message.packed());
    Ok(if is_cut { body.warning("message_truncated") } else { body })
}

/// `chat.postEphemeral`.
pub(super) fn post_ephemeral(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let room = named(state, &id).ok_or(ApiError::new("channel_not_found"))?;
    let channel = may_post(state, call, room)?;
    let user = UserId::from(call.args.text("user").unwrap_or_default().into_owned());
    let is_member = state.channel(channel.as_str()).is_some_and(|room| room.members.contains(&user));
    if !is_member {
        return Err(ApiError::new("user_not_in_channel"));
    }
    let draft = complete(state, call)?;
    if draft.text.chars().count() > MAX_TEXT {
        return Err(ApiError::new("msg_too_long"));
    }
    let ts = state.post_ephemeral(&channel, &user, &author(call)?, draft, now)?;
    Ok(Body::ok().with("message_ts", ts.to_string()))
}

/// The content, with the thread, and with the name and picture the app chose.
pub(super) fn complete(state: &mut State, call: &Call<'_>) -> Result<Draft, ApiError> {
    let mut draft = draft(state, call.args)?;
    draft.thread = match call.args.text("thread_ts") {
        None => None,
        Some(ts) => Some(Ts::parse(&ts).ok_or(ApiError::new("invalid_thread_ts"))?),
    };
    draft.broadcast = call.args.flag("reply_broadcast");
    // Without the scope Slack leaves these out and says nothing.
    if call.has("chat:write.customize") {
        draft.custom = custom(call);
    }
    Ok(draft)
}

pub(super) fn custom(call: &Call<'_>) -> Map<String, Value> {
    let mut custom = Map::new();
    if let Some(name) = call.args.text("username") {
        custom.insert("username".to_owned(), name.into_owned().into());
    }
    if let Some(emoji) = call.args.text("icon_emoji") {
        custom.insert("icons".to_owned(), json!({"emoji": emoji}));
    } else if let Some(url) = call.args.text("icon_url") {
        custom.insert("icons".to_owned(), json!({"image_48": url}));
    }
    custom
}

/// Where to post: a channel's id or name, or a user, whose direct message is opened.
pub(super) fn target(state: &mut State, call: &Call<'_>, now: u64) -> Result<ChannelId, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    if let Some(user) = state.user(&id).map(|user| user.id.clone()) {
        return Ok(state.open_im(call.user()?, &user, now)?.0);
    }
    let room = named(state, &id).ok_or(ApiError::new("channel_not_found"))?;
    may_post(state, call, room)
}

pub(super) fn named<'s>(state: &'s State, id: &str) -> Option<&'s Channel> {
    state.channel(id).or_else(|| state.channel_named(id.strip_prefix('#').unwrap_or(id)))
}

/// The channel, if the caller may post there.
pub(super) fn may_post(state: &State, call: &Call<'_>, room: &Channel) -> Result<ChannelId, ApiError> {
    let user = call.user()?;
    if !state.can_read(user, room) {
        return Err(ApiError::new("channel_not_found"));
    }
    if room.is_archived {
        return Err(ApiError::new("is_archived"));
    }
    let is_member = room.members.contains(user);
    let is_open = room.kind == ChannelKind::Public && call.has("chat:write.public");
    if is_member || is_open { Ok(room.id.clone()) } else { Err(ApiError::new("not_in_channel")) }
}

pub(super) fn author(call: &Call<'_>) -> Result<Author, ApiError> {
    // What a command line posts, its person posts.
    let app = (!call.grant.is_tool).then(|| call.grant.app.clone());
    Ok(Author { user: call.user()?.clone(), app })
}

/// Cuts a text that is too long; docs.slack.dev, "chat.postMessage": beyond 40,000 characters.
fn truncate(text: &mut String) -> bool {
    match text.char_indices().nth(MAX_TEXT) {
        Some((at, _)) => {
            text.truncate(at);
            true
        }
        None => false,
    }
}
