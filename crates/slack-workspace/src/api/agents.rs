//! `agents.sessions.*`.

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use crate::model::{AgentSession, ChannelId, SessionStatus, State, Ts, UserId};

/// The longest title of a session.
const MAX_TITLE: usize = 200;

/// `agents.sessions.setStatus`: begins the session when there is none.
pub(super) fn set_status(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let (channel, thread) = thread(state, call)?;
    let status = call.args.text("status").and_then(|name| SessionStatus::named(&name));
    let status = status.ok_or(ApiError::new("invalid_status"))?;
    let initiator = call.args.text("initiator_user_id").map(|id| UserId::from(id.as_ref()));
    if let Some(user) = &initiator {
        let is_member = state.channel(channel.as_str()).is_some_and(|room| room.members.contains(user));
        if !is_member {
            return Err(ApiError::new("user_not_found"));
        }
    }
    let title = call.args.text("title").unwrap_or_default();
    let title: String = title.chars().take(MAX_TITLE).collect();
    let session = state.set_session_status(&channel, thread, AgentSession { status, title, initiator })?;
    let body = Body::ok()
        .with("status", session.status.name())
        .with("agent_status", session.status.name())
        .with("title", session.title);
    let app = state.app(call.grant.app.as_str());
    let can_be_stopped = app.is_some_and(|app| app.events.contains("agent_session_stopped"));
    let warns = status == SessionStatus::Processing && !can_be_stopped;
    Ok(if warns { body.warning("missing_agent_session_stopped_event_subscription") } else { body })
}

/// `agents.sessions.rename`.
pub(super) fn rename(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let (channel, thread) = thread(state, call)?;
    let title = call.args.text("title").unwrap_or_default();
    if title.is_empty() || title.chars().count() > MAX_TITLE {
        return Err(ApiError::new("invalid_name"));
    }
    state.rename_session(&channel, thread, &title, None, now)?;
    Ok(Body::ok().with("title", title.into_owned()))
}

/// The thread of the session: there are no channels made for one session here.
fn thread(state: &State, call: &Call<'_>) -> Result<(ChannelId, Ts), ApiError> {
    let id = call.args.text("channel_id").unwrap_or_default();
    let room = visible(state, call, &id)?;
    if !room.members.contains(call.user()?) {
        return Err(ApiError::new("not_authorized"));
    }
    let thread = call.args.text("thread_ts").ok_or(ApiError::new("thread_ts_required"))?;
    let thread = Ts::parse(&thread).ok_or(ApiError::new("invalid_thread_ts"))?;
    Ok((room.id.clone(), thread))
}
