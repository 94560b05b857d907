//! `conversations.*` that bring people into channels and out of them.

use serde_json::{Value, json};

use super::body::{ApiError, Body};
use super::call::Call;
use super::channels::{channel, joined, shown};
use crate::model::{ChannelKind, State, UserId};

/// How many people can be invited at once; docs.slack.dev, "conversations.invite".
const MAX_INVITED: usize = 1000;

/// `conversations.invite`: all or, with `force`, those who can be invited.
pub(super) fn invite(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = joined(state, call)?;
    let by = call.user()?.clone();
    let users: Vec<UserId> = call.args.list("users").into_iter().map(UserId::from).collect();
    if users.is_empty() || users.len() > MAX_INVITED {
        return Err(ApiError::new("no_user"));
    }
    let refused: Vec<(&UserId, &'static str)> = users
        .iter()
        .filter_map(|user| state.can_be_invited(&id, &by, user).err().map(|error| (user, error.code)))
        .collect();
    let errors: Vec<Value> =
        refused.iter().map(|(user, error)| json!({"user": user, "ok": false, "error": error})).collect();
    if let Some((_, error)) = refused.first()
        && (!call.args.flag("force") || refused.len() == users.len())
    {
        return Err(ApiError::new(*error).with("errors", errors));
    }
    let fine = users.iter().filter(|user| !refused.iter().any(|(other, _)| other == user));
    for user in fine {
        state.enter_channel(&id, user, Some(&by), now);
    }
    let body = shown(state, call, &id)?;
    Ok(if errors.is_empty() { body } else { body.with("errors", errors) })
}

/// `conversations.kick`.
pub(super) fn kick(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = joined(state, call)?;
    let by = call.user()?.clone();
    let user = UserId::from(call.args.text("user").unwrap_or_default().as_ref());
    let room = state.channel(id.as_str()).ok_or(ApiError::new("channel_not_found"))?;
    match () {
        () if state.user(user.as_str()).is_none() => return Err(ApiError::new("user_not_found")),
        () if user == by => return Err(ApiError::new("cant_kick_self")),
        () if room.name == "general" => return Err(ApiError::new("cant_kick_from_general")),
        () if !room.members.contains(&user) => return Err(ApiError::new("not_in_channel")),
        () => {}
    }
    state.exit_channel(&id, &user, &by, now);
    Ok(Body::ok().with("errors", json!({})))
}

/// `conversations.leave`.
pub(super) fn leave(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let room = channel(state, call)?;
    let user = call.user()?.clone();
    match () {
        () if !room.members.contains(&user) => return Ok(Body::ok().with("not_in_channel", true)),
        () if room.is_archived => return Err(ApiError::new("is_archived")),
        () if room.name == "general" => return Err(ApiError::new("cant_leave_general")),
        () if room.kind == ChannelKind::Private && room.members.len() == 1 => {
            return Err(ApiError::new("last_member"));
        }
        () => {}
    }
    let id = room.id.clone();
    state.exit_channel(&id, &user, &user, now);
    Ok(Body::ok())
}
