//! `chat.scheduleMessage`, its list and its end.

use serde_json::{Value, json};

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use super::content::MAX_TEXT;
use super::post::{author, complete, target};
use super::reactions::page;
use crate::model::{Scheduled, ScheduledMessageId, State};

/// `chat.scheduleMessage`.
pub(super) fn schedule(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let post_at = call.args.number("post_at").and_then(Result::ok).ok_or(ApiError::new("invalid_time"))?;
    let channel = target(state, call, now)?;
    let draft = complete(state, call)?;
    if draft.text.chars().count() > MAX_TEXT {
        return Err(ApiError::new("msg_too_long"));
    }
    let scheduled = state.schedule(&channel, author(call)?, draft, post_at, now)?;
    Ok(Body::ok()
        .with("scheduled_message_id", scheduled.id.as_str())
        .with("channel", channel.as_str())
        .with("post_at", post_at)
        .with("message", message(state, &scheduled)))
}

/// `chat.scheduledMessages.list`: the caller's own, the next first.
pub(super) fn list(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let channel = call.args.text("channel");
    if let Some(id) = &channel {
        visible(state, call, id).map_err(|_| ApiError::new("invalid_channel"))?;
    }
    let bound = |name: &str, default: u64| match call.args.text(name) {
        None => Ok(default),
        Some(text) => {
            text.split('.').next().unwrap_or_default().parse().map_err(|_| ApiError::new("invalid_arguments"))
        }
    };
    let (oldest, latest) = (bound("oldest", 0)?, bound("latest", u64::MAX)?);
    let fits = |scheduled: &&Scheduled| {
        is_own(call, scheduled)
            && channel.as_ref().is_none_or(|id| scheduled.channel.as_str() == id.as_ref())
            && (oldest..=latest).contains(&scheduled.post_at)
    };
    let mut found: Vec<&Scheduled> = state.scheduled.values().filter(fits).collect();
    found.sort_by_key(|scheduled| (scheduled.post_at, scheduled.id.clone()));
    let (range, _, next) = page(call, found.len())?;
    let messages: Vec<Value> = found.get(range).unwrap_or_default().iter().map(|scheduled| object(scheduled)).collect();
    Ok(Body::ok().with("scheduled_messages", messages).next_cursor(&next))
}

/// `chat.deleteScheduledMessage`.
pub(super) fn delete(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let channel = call.args.text("channel").unwrap_or_default();
    visible(state, call, &channel)?;
    let id = ScheduledMessageId::from(call.args.text("scheduled_message_id").unwrap_or_default().as_ref());
    let known = state.scheduled.get(&id).filter(|scheduled| scheduled.channel.as_str() == channel.as_ref());
    if known.is_none_or(|scheduled| !is_own(call, scheduled)) {
        return Err(ApiError::new("invalid_scheduled_message_id"));
    }
    state.scheduled.remove(&id);
    Ok(Body::ok())
}

fn is_own(call: &Call<'_>, scheduled: &Scheduled) -> bool {
    author(call).is_ok_and(|author| author == scheduled.author)
}

fn object(scheduled: &Scheduled) -> Value {
    json!({
        "id": scheduled.id, "channel_id": scheduled.channel, "post_at": scheduled.post_at,
        "date_created": scheduled.created, "text": scheduled.draft.text,
    })
}

/// The message as it will be.
fn message(state: &State, scheduled: &Scheduled) -> Value {
    let app = scheduled.author.app.as_ref().and_then(|app| state.app(app.as_str()));
    let mut message = json!({
        "type": "delayed_message", "text": scheduled.draft.text, "user": scheduled.author.user,
        "team": state.team().id, "bot_id": app.map(|app| &app.bot), "app_id": app.map(|app| &app.id),
    });
    for (name, items) in [("blocks", &scheduled.draft.blocks), ("attachments", &scheduled.draft.attachments)] {
        if let Some(items) = items {
            message[name] = Value::Array(items.clone());
        }
    }
    message
}
