//! `users.*`.

use std::ops::Bound;

use serde_json::Value;

use super::body::{ApiError, Body};
use super::call::Call;
use super::cursor;
use crate::model::{State, UserId};

/// `users.info`.
pub(super) fn info(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let wanted = call.args.text("user").unwrap_or_default();
    let user = state.user(&wanted).ok_or(ApiError::new("user_not_found"))?;
    Ok(Body::ok().with("user", user.to_json(&state.team().id, call.has("users:read.email"))))
}

/// `users.list`.
pub(super) fn list(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let limit = cursor::limit(call.args, usize::MAX)?;
    let start = cursor::decode(call.args, "user")?.map(UserId::from);
    let start = start.map_or(Bound::Unbounded, Bound::Included);
    let mut users = state.users.range((start, Bound::Unbounded)).map(|(_, user)| user);
    let with_email = call.has("users:read.email");
    let members: Vec<Value> = users.by_ref().take(limit).map(|user| user.to_json(&state.team.id, with_email)).collect();
    let next = users.next().map(|user| cursor::encode("user", user.id.as_str()));
    Ok(Body::ok().with("members", members).with("cache_ts", now / 1000).next_cursor(&next.unwrap_or_default()))
}

/// `users.lookupByEmail`.
pub(super) fn lookup_by_email(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let wanted = call.args.text("email").unwrap_or_default();
    let has = |email: &str| email.eq_ignore_ascii_case(&wanted);
    let user = state.users().find(|user| user.email.as_deref().is_some_and(has));
    let user = user.ok_or(ApiError::new("users_not_found"))?;
    Ok(Body::ok().with("user", user.to_json(&state.team().id, true)))
}
