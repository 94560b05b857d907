//! `chat.*`: changing, removing and pointing at messages, and showing one to a single person.

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use super::content::{MAX_TEXT, not_empty, some_draft};
use super::post::{author, target};
pub(super) use super::post::{post_ephemeral, post_message};
use crate::model::{Channel, ChannelId, Draft, FileId, Message, State, Ts, shared};

/// `chat.update`.
pub(super) fn update(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let (channel, ts) = own_message(state, call, "cant_update_message")?;
    if call.args.flag("reply_broadcast") && !is_broadcast(state, &channel, ts) {
        return broadcast(state, call, (&channel, ts), now);
    }
    let draft = some_draft(state, call.args)?;
    let draft = with_what_stays(state, (&channel, ts), call, draft);
    let files: Vec<FileId> = call.args.list("file_ids").into_iter().map(FileId::from).collect();
    if files.is_empty() {
        not_empty(&draft)?;
    }
    if draft.text.chars().count() > MAX_TEXT {
        return Err(ApiError::new("msg_too_long"));
    }
    if call.args.has("file_ids") {
        state.replace_files((&channel, ts), &call.grant.app, &files)?;
    }
    let message = state.update(&channel, ts, draft, now)?;
    Ok(updated(&channel, &message))
}

fn is_broadcast(state: &State, channel: &ChannelId, ts: Ts) -> bool {
    let message = state.channel(channel.as_str()).and_then(|room| room.message(ts));
    message.is_some_and(|message| message.is_reply() && message.is_shown_in_channel())
}

/// Shows an old reply in the channel too; its content cannot be changed by the same call.
fn broadcast(state: &mut State, call: &Call<'_>, (channel, ts): (&ChannelId, Ts), now: u64) -> Result<Body, ApiError> {
    let is_changed = ["text", "blocks", "attachments", "markdown_text"].iter().any(|name| call.args.has(name));
    let is_reply = |room: &Channel| room.message(ts).is_some_and(Message::is_reply);
    if is_changed && state.channel(channel.as_str()).is_some_and(is_reply) {
        return Err(ApiError::new("no_dual_broadcast_content_update"));
    }
    Ok(updated(channel, &state.broadcast(channel, ts, now)?))
}

fn updated(channel: &ChannelId, message: &Message) -> Body {
    Body::ok()
        .with("channel", channel.as_str())
        .with("ts", message.ts.to_string())
        .with("text", message.text())
        .shared("message", shared(message))
}

/// What an update leaves out: attachments stay, blocks stay when there is no text either; docs.slack.dev, "chat.update".
fn with_what_stays(state: &State, (channel, ts): (&ChannelId, Ts), call: &Call<'_>, mut draft: Draft) -> Draft {
    let Some(message) = state.channel(channel.as_str()).and_then(|room| room.message(ts)) else { return draft };
    let list = |name: &str| message.field(name).and_then(serde_json::Value::as_array).cloned();
    let is_silent = !call.args.has("text") && !call.args.has("markdown_text");
    if is_silent {
        if !call.args.has("blocks") {
            draft.blocks = list("blocks");
        }
        message.text().clone_into(&mut draft.text);
    }
    if !call.args.has("attachments") {
        draft.attachments = list("attachments");
    }
    draft
}

/// `chat.delete`.
pub(super) fn delete(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let (channel, ts) = own_message(state, call, "cant_delete_message")?;
    state.delete(&channel, ts, now)?;
    Ok(Body::ok().with("channel", channel.as_str()).with("ts", ts.to_string()))
}

/// `chat.meMessage`: what somebody does, told in the third person.
pub(super) fn me_message(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let channel = target(state, call, now)?;
    let text = call.args.text("text").ok_or(ApiError::new("no_text"))?.into_owned();
    if text.chars().count() > MAX_TEXT {
        return Err(ApiError::new("msg_too_long"));
    }
    let fields = std::iter::once(("subtype".to_owned(), "me_message".into())).collect();
    let message = state.post(&channel, &author(call)?, Draft { text, fields, ..Draft::default() }, now)?;
    Ok(Body::ok().with("channel", channel.as_str()).with("ts", message.ts.to_string()))
}

/// `chat.getPermalink`.
pub(super) fn get_permalink(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let room = visible(state, call, &id)?;
    let wanted = call.args.text("message_ts").unwrap_or_default();
    let message = Ts::parse(&wanted).and_then(|ts| room.message(ts)).ok_or(ApiError::new("message_not_found"))?;
    Ok(Body::ok().with("permalink", state.permalink(room, message)).with("channel", id.into_owned()))
}

/// The message that the call names, if it is the caller's own.
fn own_message(state: &State, call: &Call<'_>, not_own: &'static str) -> Result<(ChannelId, Ts), ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let room = visible(state, call, &id)?;
    let wanted = call.args.text("ts").unwrap_or_default();
    let message = Ts::parse(&wanted).and_then(|ts| room.message(ts)).ok_or(ApiError::new("message_not_found"))?;
    if is_own(call, message)? { Ok((room.id.clone(), message.ts)) } else { Err(ApiError::new(not_own)) }
}

fn is_own(call: &Call<'_>, message: &Message) -> Result<bool, ApiError> {
    let is_same_app = !call.is_bot() || message.app.as_ref() == Some(&call.grant.app);
    Ok(is_same_app && message.user == *call.user()?)
}
