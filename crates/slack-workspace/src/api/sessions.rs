//! `admin.users.session.*`: where people are signed in.

use serde_json::{Value, json};

use super::body::{ApiError, Body};
use super::call::Call;
use super::reactions::page;
use crate::model::{State, UserId};

/// `admin.users.session.list`.
pub(super) fn list(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    admin(state, call)?;
    let (user, team) = (call.args.text("user_id"), call.args.text("team_id"));
    match (&user, &team) {
        (Some(_), None) => return Err(ApiError::new("missing_team")),
        (None, Some(_)) => return Err(ApiError::new("missing_user")),
        (_, Some(team)) if *team != state.team().id.as_str() => return Err(ApiError::new("team_not_found")),
        (Some(user), _) if state.user(user).is_none() => return Err(ApiError::new("user_not_found")),
        _ => {}
    }
    let is_wanted = |id: &UserId| user.as_ref().is_none_or(|user| id == user.as_ref());
    let sessions = state.sessions.iter().filter(|(id, _)| is_wanted(id));
    let sessions: Vec<Value> = sessions
        .flat_map(|(id, sessions)| sessions.iter().map(|session| session.to_json(id, &state.team.id)))
        .collect();
    if sessions.is_empty() {
        return Err(ApiError::new("no_active_sessions"));
    }
    let (range, _, next) = page(call, sessions.len())?;
    let part: Vec<Value> = sessions.get(range).unwrap_or_default().to_vec();
    Ok(Body::ok().with("active_sessions", part).next_cursor(&next))
}

/// `admin.users.session.reset`: signs a person out everywhere.
pub(super) fn reset(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    admin(state, call)?;
    let user = UserId::from(call.args.text("user_id").unwrap_or_default().as_ref());
    if call.args.flag("mobile_only") && call.args.flag("web_only") {
        return Err(ApiError::new("invalid_arguments"));
    }
    state.can_be_reset(&user)?;
    // Nobody uses a phone here: every session is one of the web.
    if !call.args.flag("mobile_only") {
        state.reset_sessions(&user)?;
    }
    Ok(Body::ok())
}

/// `admin.users.session.resetBulk`: signs several people out everywhere.
pub(super) fn reset_bulk(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    admin(state, call)?;
    let users: Vec<UserId> = call.args.list("user_ids").into_iter().map(UserId::from).collect();
    if users.is_empty() || (call.args.flag("mobile_only") && call.args.flag("web_only")) {
        return Err(ApiError::new("invalid_arguments"));
    }
    let is_web = !call.args.flag("mobile_only");
    let mut reset = |user: &UserId| if is_web { state.reset_sessions(user) } else { state.can_be_reset(user) };
    let failed: Vec<&UserId> = users.iter().filter(|user| reset(user).is_err()).collect();
    if failed.is_empty() {
        return Ok(Body::ok());
    }
    Err(ApiError::new("failed_for_some_users").with("failed_user_ids", json!(failed)))
}

/// `admin.users.session.invalidate`: signs a person out in one place.
pub(super) fn invalidate(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    admin(state, call)?;
    let user = UserId::from(call.args.text("user_id").unwrap_or_default().as_ref());
    let session = call.args.number("session_id").and_then(Result::ok);
    state.end_session(&user, session.ok_or(ApiError::new("session_not_found"))?)?;
    Ok(Body::ok())
}

fn admin(state: &State, call: &Call<'_>) -> Result<(), ApiError> {
    let user = state.user(call.user()?.as_str());
    let is_admin = user.is_some_and(|user| user.is_admin || user.is_owner);
    if is_admin { Ok(()) } else { Err(ApiError::new("not_an_admin")) }
}
