//! `reactions.*`.

use serde_json::{Value, json};

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use super::cursor;
use crate::model::{Channel, ChannelId, Message, State, Ts, UserId};

/// `reactions.add`.
pub(super) fn add(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let (channel, ts) = item(state, call)?;
    let name = call.args.text("name").unwrap_or_default();
    state.react(&channel, ts, call.user()?, &name, now)?;
    Ok(Body::ok())
}

/// `reactions.remove`.
pub(super) fn remove(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let (channel, ts) = item(state, call)?;
    let name = call.args.text("name").unwrap_or_default();
    state.unreact(&channel, ts, call.user()?, &name, now)?;
    Ok(Body::ok())
}

/// `reactions.get`.
pub(super) fn get(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let (channel, ts) = item(state, call)?;
    let room = state.channel(channel.as_str()).ok_or(ApiError::new("channel_not_found"))?;
    let message = room.message(ts).ok_or(ApiError::new("message_not_found"))?;
    let message = state.linked(room, message);
    Ok(Body::ok().with("type", "message").with("channel", channel.as_str()).with("message", message))
}

/// `reactions.list`: what a person reacted to, the latest first.
pub(super) fn list(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let me = call.user()?;
    let of = call.args.text("user").map_or_else(|| me.clone(), |user| UserId::from(user.as_ref()));
    if state.user(of.as_str()).is_none() {
        return Err(ApiError::new("user_not_found"));
    }
    let reacted = reacted(state, me, &of);
    let (page, paging, next) = page(call, reacted.len())?;
    let items: Vec<Value> = reacted
        .into_iter()
        .skip(page.start)
        .take(page.len())
        .map(|(room, message)| json!({"type": "message", "channel": room.id, "message": state.linked(room, message)}))
        .collect();
    Ok(Body::ok().with("items", items).with("paging", paging).next_cursor(&next))
}

fn reacted<'s>(state: &'s State, me: &UserId, of: &UserId) -> Vec<(&'s Channel, &'s Message)> {
    let rooms = state.channels().filter(|room| state.can_read(me, room));
    let messages = rooms.flat_map(|room| room.messages().iter().map(move |message| (room, &**message)));
    let mut reacted: Vec<_> = messages.filter(|(_, message)| message.has_reaction_of(of)).collect();
    reacted.sort_by_key(|(_, message)| std::cmp::Reverse(message.ts));
    reacted
}

/// The part of a list of this length that is wanted: by cursor and limit, or by page and count.
pub(super) fn page(call: &Call<'_>, total: usize) -> Result<(std::ops::Range<usize>, Value, String), ApiError> {
    let number = |name: &str| match call.args.number(name) {
        None => Ok(None),
        Some(Ok(number)) => usize::try_from(number).map(Some).map_err(|_| ApiError::new("invalid_arguments")),
        Some(Err(())) => Err(ApiError::new("invalid_arguments")),
    };
    let count = number("count")?.filter(|count| *count > 0).unwrap_or(100).min(1000);
    let count = cursor::limit(call.args, count)?;
    let from_cursor = cursor::decode(call.args, "offset")?;
    let from_cursor = from_cursor.map(|text| text.parse::<usize>().map_err(|_| ApiError::new("invalid_cursor")));
    let number = number("page")?.filter(|page| *page > 0).unwrap_or(1);
    let start = match from_cursor {
        Some(start) => start?,
        None => (number - 1).saturating_mul(count),
    };
    let start = start.min(total);
    let end = start.saturating_add(count).min(total);
    let paging = json!({"count": count, "total": total, "page": number, "pages": total.div_ceil(count)});
    let next = if end < total { cursor::encode("offset", &end.to_string()) } else { String::new() };
    Ok((start..end, paging, next))
}

/// The message that the call names.
pub(super) fn item(state: &State, call: &Call<'_>) -> Result<(ChannelId, Ts), ApiError> {
    let (Some(id), Some(ts)) = (call.args.text("channel"), call.args.text("timestamp")) else {
        return Err(ApiError::new("no_item_specified"));
    };
    let room = visible(state, call, &id)?;
    let ts = Ts::parse(&ts).ok_or(ApiError::new("bad_timestamp"))?;
    if room.message(ts).is_none() {
        return Err(ApiError::new("message_not_found"));
    }
    Ok((room.id.clone(), ts))
}
