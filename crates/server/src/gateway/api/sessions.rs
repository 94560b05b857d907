//! Sessions.

use axum::{Json, extract::State};
use countersign_approval::RequestId;
use countersign_gateway::{
    ConnectionName, Session, SessionEnd, SessionId, SessionState, parse_email,
    port::SessionFilter,
    wire::api::{List, ME, SessionView},
};
use serde::Deserialize;

use super::{
    ApiError, Caller,
    body::{In, With},
    requests::{self, exit_code},
};
use crate::gateway::state::Gateway;

/// Sessions in one list, when nothing is said, and at most.
const USUAL: u32 = 50;
const MOST: u32 = 1000;

/// Which sessions to list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    person: Option<String>,
    connection: Option<String>,
    request: Option<String>,
    #[serde(default)]
    open: bool,
    limit: Option<u32>,
}

/// Everybody's for administrators, one's own for others; those of a request for everybody who may see that.
pub(super) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    With(wanted): With<Wanted>,
) -> Result<Json<List<SessionView>>, ApiError> {
    let mut filter = filter(&caller, &wanted)?;
    let sees_request = match filter.request {
        Some(request) => requests::is_visible(&gateway, &caller, request).await?,
        None => false,
    };
    if !caller.is_admin() && !sees_request {
        if filter.person.as_ref().is_some_and(|person| person != caller.person()) {
            return Err(ApiError::forbidden("only administrators see other people's sessions"));
        }
        filter.person = Some(caller.person().clone());
    }
    let sessions = gateway.store().sessions(filter).await?;
    Ok(Json(List { items: sessions.into_iter().map(view).collect() }))
}

fn filter(caller: &Caller, wanted: &Wanted) -> Result<SessionFilter, ApiError> {
    let person = match wanted.person.as_deref() {
        Some(ME) => Some(caller.person().clone()),
        Some(email) => Some(parse_email(email).map_err(|error| ApiError::invalid("person", error.to_string()))?),
        None => None,
    };
    let connection = wanted
        .connection
        .as_deref()
        .map(str::parse::<ConnectionName>)
        .transpose()
        .map_err(|error| ApiError::invalid("connection", error.to_string()))?;
    let request = wanted
        .request
        .as_deref()
        .map(str::parse::<RequestId>)
        .transpose()
        .map_err(|error| ApiError::invalid("request", error.to_string()))?;
    let limit = wanted.limit.unwrap_or(USUAL).min(MOST);
    Ok(SessionFilter { person, connection, request, open: wanted.open, limit })
}

pub(super) async fn show(
    State(gateway): State<Gateway>,
    caller: Caller,
    In(id): In<String>,
) -> Result<Json<SessionView>, ApiError> {
    let missing = || ApiError::no_such("session", &id);
    let parsed: SessionId = id.parse().map_err(|_| missing())?;
    let session = gateway.store().session(parsed).await?.ok_or_else(missing)?;
    let is_own = session.person == *caller.person();
    let sees_request = match session.request {
        Some(request) if !is_own && !caller.is_admin() => requests::is_visible(&gateway, &caller, request).await?,
        _ => false,
    };
    if is_own || caller.is_admin() || sees_request { Ok(Json(view(session))) } else { Err(missing()) }
}

/// A session as the API shows it.
pub(super) fn view(session: Session) -> SessionView {
    let ended_at = match &session.state {
        SessionState::Ended { at, .. } => Some(*at),
        SessionState::Starting | SessionState::Running => None,
    };
    let recording_url = session.recording.as_ref().map(|_| format!("/api/v1/sessions/{}/recording", session.id));
    SessionView {
        status: status(&session.state),
        exit_code: exit_code(&session.state),
        ended_at,
        recording_url,
        session,
    }
}

fn status(state: &SessionState) -> String {
    let SessionState::Ended { how, .. } = state else { return state.name().to_owned() };
    match how {
        SessionEnd::Exited { code } => format!("exited {code}"),
        SessionEnd::Signalled { signal } => format!("signalled {signal}"),
        SessionEnd::Stopped { why } => format!("stopped: {why}"),
        SessionEnd::Failed { why } => format!("failed: {why}"),
        SessionEnd::Unknown { why } => format!("unknown: {why}"),
    }
}
