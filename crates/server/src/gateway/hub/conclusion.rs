//! How sessions end in the store.

use std::{path::PathBuf, time::Duration};

use countersign_gateway::{
    SessionEnd, SessionId, SessionState,
    wire::control::{Memory, ToAgent},
};

use super::{super::state::Gateway, agents::Link};

/// Tries until an end that cannot be stored is left to the next start.
const TRIES: u32 = 6;

/// The first pause between tries; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Stores how a session ended, and the grant of its command with it. What cannot be stored now stays open, and is asked
/// about at the next start.
pub(super) async fn conclude(gateway: &Gateway, id: SessionId, end: SessionEnd) {
    let mut pause = FIRST_PAUSE;
    for _ in 0..TRIES {
        match gateway.store().end_session(id, end.clone(), gateway.now()).await {
            Ok(_) => return tracing::info!(session.id = %id, ?end, "session {id} is over"),
            Err(error) => {
                tracing::error!(session.id = %id, error = &error as &dyn std::error::Error, "could not store how session {id} ended");
            }
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    tracing::error!(session.id = %id, ?end, "gave up storing how session {id} ended; it is asked about at the next start");
}

/// An agent says that a session is over that does not live here: one of before a restart, or one given up.
pub(super) async fn heard_late(gateway: &Gateway, link: &Link, id: SessionId, end: SessionEnd) {
    if gateway.hub().orphans.take(&link.name, id) || is_open_here(gateway, link, id).await {
        conclude(gateway, id, end).await;
    } else {
        tracing::debug!(session.id = %id, agent = %link.name, "agent {} tells once more how session {id} ended", link.name);
    }
}

/// An agent says what it knows of a session of before a restart.
pub(super) async fn recalled(gateway: &Gateway, link: &Link, id: SessionId, memory: Memory) {
    let orphans = &gateway.hub().orphans;
    if !orphans.is_of(&link.name, id) {
        return;
    }
    let begun = match gateway.store().session(id).await {
        Ok(Some(session)) if session.state == SessionState::Running => Begun::Yes,
        Ok(_) => Begun::NotKnown,
        // Nothing is concluded from what cannot be read; the time for it runs out.
        Err(_) => return,
    };
    if let Some(end) = what_became(memory, begun) {
        orphans.take(&link.name, id);
        return conclude(gateway, id, end).await;
    }
    // Its person's end went with the server: it stays an orphan until the agent says that it is over.
    let why = "the server was restarted while it ran".to_owned();
    let _ = link.say(ToAgent::Stop { session: id, why }).await;
}

/// Whether an agent has said that it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// It has.
    Yes,
    /// Not that we know.
    NotKnown,
}

/// The end that an agent's memory amounts to; `None` while it runs.
pub(super) fn what_became(memory: Memory, begun: Begun) -> Option<SessionEnd> {
    match memory {
        Memory::Never if begun == Begun::Yes => Some(SessionEnd::Unknown {
            why: "it had begun, and the agent that has the name now knows nothing of it".to_owned(),
        }),
        Memory::Running => None,
        Memory::Ended { end } => Some(end),
        Memory::Never => Some(SessionEnd::Failed {
            why: "the agent never got to it: nothing was run. An approval for it is spent; ask again".to_owned(),
        }),
        Memory::Lost => Some(SessionEnd::Unknown {
            why: "the agent was killed while it ran; how far it got cannot be known".to_owned(),
        }),
    }
}

/// Keeps recordings that were being written when this node was killed: they hold all but their last second.
pub(super) async fn keep_left_behind(gateway: Gateway, left: Vec<PathBuf>) {
    for path in left {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(Ok(id)) = name.split('.').next().map(str::parse::<SessionId>) else { continue };
        let kept = gateway.shelf().keep(&path, name).await;
        if let Err(error) = kept {
            tracing::error!(session.id = %id, error = &error as &dyn std::error::Error, "the recording of session {id} that was left behind could not be kept");
        } else if let Err(error) = gateway.store().session_recorded(id, name).await {
            tracing::error!(session.id = %id, error = &error as &dyn std::error::Error, "could not note where session {id} is recorded");
        }
    }
}

async fn is_open_here(gateway: &Gateway, link: &Link, id: SessionId) -> bool {
    match gateway.store().session(id).await {
        Ok(Some(session)) => {
            session.agent == link.name
                && session.node == gateway.settings().advertise
                && !matches!(session.state, SessionState::Ended { .. })
        }
        _ => false,
    }
}
