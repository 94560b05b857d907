//! `chat.unfurl`.

use serde_json::{Map, Value};

use super::body::{ApiError, Body};
use super::call::Call;
use super::content::checked_blocks;
use super::post::author;
use crate::model::{ChannelId, Draft, State, Ts};

/// `chat.unfurl`: shows more of the links in a message, or asks its author to sign in first.
pub(super) fn unfurl(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let (channel, ts) = linked_message(state, call)?;
    if call.args.flag("user_auth_required") {
        return ask_to_sign_in(state, call, (&channel, ts), now);
    }
    let invalid = || ApiError::new("invalid_unfurls_format");
    let unfurls = call.args.nested("unfurls").ok_or(ApiError::new("missing_unfurls"))?;
    let unfurls = unfurls.map_err(|()| invalid())?.into_owned();
    let Value::Object(unfurls) = unfurls else { return Err(invalid()) };
    let mut checked = Vec::new();
    for (url, unfurl) in unfurls {
        let Value::Object(unfurl) = unfurl else { return Err(invalid()) };
        checked.push((url, checked_unfurl(state, unfurl)?));
    }
    state.unfurl(&channel, ts, &call.grant.app, checked, now)?;
    Ok(Body::ok())
}

fn checked_unfurl(state: &mut State, mut unfurl: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    if let Some(blocks) = unfurl.remove("blocks") {
        let Value::Array(blocks) = blocks else { return Err(ApiError::new("cannot_parse_attachment")) };
        unfurl.insert("blocks".to_owned(), checked_blocks(state, blocks)?.into());
    }
    Ok(unfurl)
}

fn ask_to_sign_in(
    state: &mut State,
    call: &Call<'_>,
    (channel, ts): (&ChannelId, Ts),
    now: u64,
) -> Result<Body, ApiError> {
    let room = state.channel(channel.as_str()).ok_or(ApiError::new("cannot_find_channel"))?;
    let message = room.message(ts).ok_or(ApiError::new("cannot_find_message"))?;
    let (user, thread) = (message.user.clone(), message.thread_ts.filter(|thread| *thread != ts));
    let name = state.app(call.grant.app.as_str()).map_or("the app", |app| app.name.as_str()).to_owned();
    let text = call.args.text("user_auth_message").map(std::borrow::Cow::into_owned);
    let text = text.unwrap_or_else(|| match call.args.text("user_auth_url") {
        Some(url) => format!("<{url}|Sign in to {name}> to show more of the links you share."),
        None => format!("Sign in to {name} to show more of the links you share."),
    });
    let draft = Draft { text, thread, ..Draft::default() };
    state.post_ephemeral(channel, &user, &author(call)?, draft, now)?;
    Ok(Body::ok())
}

/// The message, by its place or by the `unfurl_id` of the event.
fn linked_message(state: &State, call: &Call<'_>) -> Result<(ChannelId, Ts), ApiError> {
    let (channel, ts) = match call.args.text("unfurl_id") {
        Some(secret) => by_secret(state, call, &secret)?,
        None => by_place(call)?,
    };
    let user = call.user()?;
    let room = state.channel(channel.as_str()).filter(|room| room.members.contains(user));
    let room = room.ok_or(ApiError::new("cannot_find_channel"))?;
    if room.message(ts).is_none() {
        return Err(ApiError::new("cannot_find_message"));
    }
    Ok((channel, ts))
}

fn by_secret(state: &State, call: &Call<'_>, secret: &str) -> Result<(ChannelId, Ts), ApiError> {
    match call.args.text("source").as_deref() {
        None => Err(ApiError::new("missing_source")),
        Some("composer" | "conversations_history") => {
            state.unfurls.get(secret).cloned().ok_or(ApiError::new("invalid_unfurl_id"))
        }
        Some(_) => Err(ApiError::new("invalid_source")),
    }
}

fn by_place(call: &Call<'_>) -> Result<(ChannelId, Ts), ApiError> {
    let channel = call.args.text("channel").ok_or(ApiError::new("missing_channel"))?;
    let ts = call.args.text("ts").ok_or(ApiError::new("missing_ts"))?;
    let ts = Ts::parse(&ts).ok_or(ApiError::new("cannot_find_message"))?;
    Ok((ChannelId::from(channel.as_ref()), ts))
}
