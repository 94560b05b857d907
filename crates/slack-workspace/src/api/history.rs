//! `conversations.history` and `conversations.replies`.

use std::sync::Arc;

use serde_json::Value;

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use super::cursor;
use crate::model::{Channel, Message, State, Ts, shared};

/// A stretch of time: both ends inclusive.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Ts,
    to: Ts,
}

/// `conversations.history`: newest first.
pub(super) fn history(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let room = readable(state, call)?;
    let limit = cursor::limit(call.args, 100)?;
    let mut stretch = stretch(call)?;
    if let Some(next) = cursor::decode(call.args, "next_ts")? {
        stretch.to = stretch.to.min(cursor_ts(&next)?);
    }
    let mut messages = room.shown(stretch.from, stretch.to);
    let page: Vec<Arc<Value>> = messages.by_ref().take(limit).map(|message| given(call, message)).collect();
    let next = messages.next().map(|message| message.ts);
    Ok(Body::ok()
        .list("messages", page)
        .with("has_more", next.is_some())
        .with("pin_count", room.pins.len())
        .with("channel_actions_ts", Value::Null)
        .with("channel_actions_count", 0)
        .next_cursor(&next_cursor(next)))
}

/// `conversations.replies`: the parent, then the replies, oldest first.
pub(super) fn replies(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let room = readable(state, call)?;
    let limit = cursor::limit(call.args, 1000)?;
    let mut stretch = stretch(call)?;
    let wanted = call.args.text("ts").unwrap_or_default();
    let wanted = Ts::parse(&wanted).and_then(|ts| room.message(ts)).ok_or(ApiError::new("thread_not_found"))?;
    let parent = wanted.thread_ts.unwrap_or(wanted.ts);
    let next = cursor::decode(call.args, "next_ts")?;
    if let Some(next) = &next {
        stretch.from = stretch.from.max(cursor_ts(next)?);
    }
    // The parent begins the first page whatever the bounds, and stands on no other: each page gets on.
    let is_first = next.is_none();
    let fits =
        |message: &&Message| is_first && message.ts == parent || (stretch.from..=stretch.to).contains(&message.ts);
    let mut messages = room.thread(parent).filter(fits);
    let page: Vec<Arc<Value>> = messages.by_ref().take(limit).map(|message| given(call, message)).collect();
    let next = messages.next().map(|message| message.ts);
    Ok(Body::ok().list("messages", page).with("has_more", next.is_some()).next_cursor(&next_cursor(next)))
}

fn readable<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Channel, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let room = visible(state, call, &id)?;
    if call.is_bot() && !room.members.contains(call.user()?) {
        return Err(ApiError::new("not_in_channel"));
    }
    Ok(room)
}

fn stretch(call: &Call<'_>) -> Result<Stretch, ApiError> {
    let bound = |name: &str, error: &'static str| match call.args.text(name) {
        None => Ok(None),
        Some(text) => Ts::parse_bound(&text).map(Some).ok_or(ApiError::new(error)),
    };
    let oldest = bound("oldest", "invalid_ts_oldest")?;
    let latest = bound("latest", "invalid_ts_latest")?;
    let is_inclusive = call.args.flag("inclusive");
    let from = oldest.map_or(Ts::default(), |ts| if is_inclusive { ts } else { ts.next() });
    let last = Ts::from_micros(u64::MAX);
    let to = latest.map_or(last, |ts| if is_inclusive { ts } else { Ts::from_micros(ts.micros().saturating_sub(1)) });
    Ok(Stretch { from, to })
}

fn next_cursor(next: Option<Ts>) -> String {
    next.map_or_else(String::new, |ts| cursor::encode("next_ts", &ts.micros().to_string()))
}

fn cursor_ts(text: &str) -> Result<Ts, ApiError> {
    text.parse().map(Ts::from_micros).map_err(|_| ApiError::new("invalid_cursor"))
}

/// The message as it is given out: metadata only where it was asked for.
fn given(call: &Call<'_>, message: &Message) -> Arc<Value> {
    if message.field("metadata").is_none() || call.args.flag("include_all_metadata") {
        return shared(message);
    }
    let mut body = (**message.body()).clone();
    if let Value::Object(fields) = &mut body {
        fields.remove("metadata");
    }
    Arc::new(body)
}
