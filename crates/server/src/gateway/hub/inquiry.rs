//! How a session ends that nobody said the end of: its agent is asked.

use std::time::Duration;

use countersign_gateway::{
    SessionEnd, SessionId,
    wire::{
        control::{Memory, ToAgent},
        run::FromClient,
    },
};
use tokio::time::{Instant, sleep_until};

use super::{
    super::{recording::Tap, state::Gateway},
    conclusion::{Begun, conclude, what_became},
    live::News,
    peer::{Gone, Incoming, parse},
    session::Live,
};

/// How long an agent may take to say what became of a session, when it did not say so by itself.
pub(super) const INQUIRY: Duration = Duration::from_secs(10);

/// The same once the server stops: what is not said by then is asked about after the next start.
const LAST_INQUIRY: Duration = Duration::from_secs(3);

/// The same while it is not even connected.
const INQUIRY_OFFLINE: Duration = Duration::from_secs(30);

/// How a start ended that is none.
pub(super) enum Ending {
    /// The agent said how.
    Known(SessionEnd),
    /// It must end; the agent has not been told.
    Stop(String),
    /// The agent said nothing in time.
    Silent,
}

impl Ending {
    pub(super) fn stopping() -> Self {
        Self::Stop("the server was stopped".to_owned())
    }
}

/// What a person may say before their command runs.
pub(super) fn person_said(said: Result<Incoming, Gone>) -> Result<(), Ending> {
    let gone = |why: String| Ending::Stop(format!("the person's end is gone: {why}"));
    match said.map_err(|error| gone(error.to_string()))? {
        Incoming::Binary(_) => Err(Ending::Stop("input came before the command ran".to_owned())),
        Incoming::Text(text) => match parse(&text) {
            Ok(FromClient::Cancel) => Err(Ending::Stop("the person ended it".to_owned())),
            Ok(FromClient::Open(_) | FromClient::Resume { .. }) => {
                Err(Ending::Stop("the person's end began a second session in the first".to_owned()))
            }
            Ok(_) => Ok(()),
            Err(error) => Err(Ending::Stop(error.to_string())),
        },
    }
}

impl Live {
    /// The end of a session that did not come to run here.
    pub(super) async fn settle(&mut self, ending: Ending) -> SessionEnd {
        match ending {
            Ending::Known(end) => end,
            Ending::Stop(why) => self.inquire(&why).await,
            Ending::Silent => {
                let within = self.gateway.settings().limits.start_within.as_secs();
                self.inquire(&format!("the agent did not say within {within} seconds that it runs")).await
            }
        }
    }

    /// Has the agent stop it and say what became of it. What it does not say is unknown.
    pub(super) async fn inquire(&mut self, why: &str) -> SessionEnd {
        let id = self.session.id;
        let link = self.gateway.hub().agents.get(&self.session.agent);
        let patience = if link.is_some() { INQUIRY } else { INQUIRY_OFFLINE };
        if let Some(link) = link {
            let _ = link.say(ToAgent::Stop { session: id, why: why.to_owned() }).await;
            let _ = link.say(ToAgent::Recall { sessions: vec![id] }).await;
        }
        let mut deadline = Instant::now() + patience;
        let shutdown = self.gateway.shutdown().clone();
        loop {
            tokio::select! {
                Some(news) = self.news.recv() => match news {
                    News::Ended(end) => return end,
                    // It came back while we waited, and still runs it.
                    News::Recalled(Memory::Running) => {
                        if let Some(link) = self.gateway.hub().agents.get(&self.session.agent) {
                            let _ = link.say(ToAgent::Stop { session: id, why: why.to_owned() }).await;
                        }
                    }
                    News::Recalled(Memory::Never) if self.begun == Begun::NotKnown => return SessionEnd::Failed {
                        why: format!("{why}; nothing was run. An approval for it is spent; ask again"),
                    },
                    News::Recalled(memory) => if let Some(end) = what_became(memory, self.begun) { return end },
                    News::Started | News::Data(_) | News::Stop(_) => {}
                },
                () = shutdown.cancelled(), if !self.left_open => {
                    self.left_open = true;
                    // Nobody can come back to a server that stops.
                    let is_here = self.gateway.hub().agents.get(&self.session.agent).is_some();
                    let patience = if is_here { LAST_INQUIRY } else { Duration::ZERO };
                    deadline = deadline.min(Instant::now() + patience);
                }
                () = sleep_until(deadline) => return SessionEnd::Unknown {
                    why: format!("{why}; and agent {} did not say what became of it", self.session.agent),
                },
            }
        }
    }

    /// Ends the session in the store, and its recording after that.
    pub(super) async fn conclude(self, end: SessionEnd) {
        if self.left_open && matches!(end, SessionEnd::Unknown { .. }) {
            tracing::warn!(session.id = %self.session.id, "session {} stays open: its agent is asked after the next start", self.session.id);
        } else {
            conclude(&self.gateway, self.session.id, end.clone()).await;
        }
        let (gateway, tap, id) = (self.gateway.clone(), self.tap.clone(), self.session.id);
        self.gateway.tasks().spawn(async move { keep_recording(&gateway, &tap, id, end).await });
    }
}

/// Ends the recording, and keeps it where it can be replayed from.
async fn keep_recording(gateway: &Gateway, tap: &Tap, id: SessionId, end: SessionEnd) {
    let Ok(path) = tap.end(end).await else { return };
    if let Err(error) = gateway.shelf().keep(&path, tap.name()).await {
        tracing::error!(session.id = %id, error = &error as &dyn std::error::Error, "the recording of session {id} could not be kept; it is still in the spool");
        return;
    }
    if let Err(error) = gateway.store().session_recorded(id, tap.name()).await {
        tracing::error!(session.id = %id, error = &error as &dyn std::error::Error, "could not note where session {id} is recorded");
    }
}
