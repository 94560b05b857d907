//! Recordings, for those who may see them.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_approval::GroupName;
use countersign_gateway::{Session, SessionId};

use super::{
    super::state::Gateway,
    caller::{Caller, NotLetIn},
    refusal::answer,
};

/// People of this group administer, and see every recording.
const ADMINISTRATORS: &str = "admin";

/// `GET /api/v1/sessions/{id}/recording`: a session's recording, to its person and to administrators. Whoever may not see it is
/// told the same as where there is none.
pub(super) async fn recording(State(gateway): State<Gateway>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let caller = match Caller::of(&gateway, &headers).await {
        Ok(caller) => caller,
        Err(refused) => return refused.into_response(),
    };
    let session = match find(&gateway, &id).await {
        Ok(session) => session.filter(|session| may_see(&caller, session)),
        Err(refused) => return refused.into_response(),
    };
    let Some(session) = session else {
        return answer(StatusCode::NOT_FOUND, "no_such_session", "there is no such session, or you may not see it");
    };
    let Some(name) = session.recording else {
        return answer(
            StatusCode::NOT_FOUND,
            "no_recording",
            "the session has no recording, or not yet: it is there once the session is over",
        );
    };
    match gateway.shelf().read(&name).await {
        Ok(stream) => {
            let kind = if std::path::Path::new(&name).extension().is_some_and(|extension| extension == "cast") {
                "application/x-asciicast"
            } else {
                "application/jsonl"
            };
            ([(header::CONTENT_TYPE, kind)], Body::from_stream(stream)).into_response()
        }
        Err(error) => {
            tracing::error!(session.id = %session.id, error = &error as &dyn std::error::Error, "the recording of session {} cannot be read", session.id);
            answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                "fault",
                "the recording cannot be read; the server's log says why",
            )
        }
    }
}

async fn find(gateway: &Gateway, id: &str) -> Result<Option<Session>, NotLetIn> {
    match id.parse::<SessionId>() {
        Ok(id) => Ok(gateway.store().session(id).await?),
        Err(_) => Ok(None),
    }
}

fn may_see(caller: &Caller, session: &Session) -> bool {
    session.person == *caller.person() || caller.account.person.groups.contains(&GroupName::new(ADMINISTRATORS))
}
