//! A session whose connection broke: what became of it, from the server's own books.

use std::time::Duration;

use anyhow::Context as _;
use countersign_gateway::{
    SessionEnd, SessionId, SessionState,
    client::{ClientError, Server},
    wire::api::SessionView,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::Instant,
};

use super::{Api, Events};

/// How long the server is asked. One that was restarted knows within half a minute, or knows that it will never know.
const PATIENCE: Duration = Duration::from_mins(1);

/// Pause between two questions.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// The exit code: whatever the command's own was, not all of its output may have come.
const BROKEN: u8 = 125;

/// Says what became of a session; a failure that is not the connection's stays one.
pub(crate) async fn aftermath(
    server: &Server,
    session: SessionId,
    error: ClientError,
    events: &mut Events,
) -> anyhow::Result<u8> {
    if !matches!(error, ClientError::Closed | ClientError::Broken(_)) {
        return Err(error.into());
    }
    events.broken(&session.to_string(), &anyhow::Error::new(error));
    let mut interrupts = signal(SignalKind::interrupt()).context("could not wait for signals")?;
    let end = tokio::select! {
        end = learn(server, session) => end?,
        _ = interrupts.recv() => None,
    };
    events.became(&session.to_string(), end.as_ref());
    Ok(BROKEN)
}

/// Asks until the session is over; `None` when the server does not say so in time.
async fn learn(server: &Server, session: SessionId) -> anyhow::Result<Option<SessionEnd>> {
    let api = Api::of(server)?;
    let id = session.to_string();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        // A server that cannot be reached may be on its way back.
        if let Ok(view) = api.get::<SessionView>(&["sessions", &id]).await
            && let SessionState::Ended { how, .. } = view.session.state
        {
            return Ok(Some(how));
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
    Ok(None)
}
