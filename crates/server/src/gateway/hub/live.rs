//! The sessions that live on this node, and how news reach them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::extract::ws::WebSocket;
use countersign_approval::{PersonId, RequestId};
use countersign_gateway::{AgentName, SessionEnd, SessionId, TokenHash, wire::control::Memory};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// News that wait for one session. An honest agent sends a handful in a session's life.
const NEWS: usize = 32;

/// How long sessions may take to end once the server stops.
const FAREWELL: Duration = Duration::from_secs(15);

/// Something that a session must know.
#[derive(Debug)]
pub(super) enum News {
    /// The agent runs it.
    Started,
    /// The agent says that it is over.
    Ended(SessionEnd),
    /// What the agent knows of it, after it came back or was asked.
    Recalled(Memory),
    /// The agent's data connection.
    Data(Box<WebSocket>),
    /// It must end; why, for people.
    Stop(String),
}

/// What a session stands on: when one of these falls, it ends.
#[derive(Clone, Debug)]
pub(super) struct Footing {
    /// The agent that runs it.
    pub(super) agent: AgentName,
    /// Whose it is.
    pub(super) person: PersonId,
    /// The token of the person's end.
    pub(super) token: TokenHash,
    /// The request that allowed it, where one did.
    pub(super) request: Option<RequestId>,
}

/// The sessions that live here.
#[derive(Debug, Default)]
pub(super) struct LiveSessions {
    all: Arc<Mutex<HashMap<SessionId, Entry>>>,
    left: Arc<Notify>,
}

#[derive(Debug)]
struct Entry {
    footing: Footing,
    news: mpsc::Sender<News>,
}

/// A session's place; dropping it takes the session out.
#[derive(Debug)]
pub(super) struct Place {
    all: Arc<Mutex<HashMap<SessionId, Entry>>>,
    left: Arc<Notify>,
    id: SessionId,
}

impl LiveSessions {
    /// Takes a place.
    pub(super) fn enter(&self, id: SessionId, footing: Footing) -> (Place, mpsc::Receiver<News>) {
        let (news, receiver) = mpsc::channel(NEWS);
        self.all.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Entry { footing, news });
        (Place { all: Arc::clone(&self.all), left: Arc::clone(&self.left), id }, receiver)
    }

    /// Tells a session what its agent says. An agent can only speak of its own sessions: `false` when it is none of them.
    pub(super) fn tell(&self, agent: &AgentName, id: SessionId, news: News) -> bool {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = all.get(&id).filter(|entry| entry.footing.agent == *agent) else { return false };
        if entry.news.try_send(news).is_err() {
            tracing::warn!(session.id = %id, agent = %agent, "session {id} takes no more news; this one is lost");
        }
        true
    }

    /// Tells a session that it must end.
    pub(super) fn stop(&self, id: SessionId, why: &str) {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = all.get(&id) {
            // Full: it has news enough to look at, and the watch comes round again.
            let _ = entry.news.try_send(News::Stop(why.to_owned()));
        }
    }

    /// The sessions of an agent.
    pub(super) fn of_agent(&self, agent: &AgentName) -> Vec<SessionId> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|(_, entry)| entry.footing.agent == *agent).map(|(id, _)| *id).collect()
    }

    /// Whether a session lives here.
    pub(super) fn has(&self, id: SessionId) -> bool {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id)
    }

    /// Completes when the server stops and the sessions here are over, or take too long: until then they need their agents.
    pub(super) async fn farewell(&self, shutdown: &CancellationToken) {
        shutdown.cancelled().await;
        let all_left = async {
            loop {
                let mut left = std::pin::pin!(self.left.notified());
                left.as_mut().enable();
                if self.all.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                    return;
                }
                left.await;
            }
        };
        let _ = timeout(FAREWELL, all_left).await;
    }

    /// Every session with what it stands on.
    pub(super) fn all(&self) -> Vec<(SessionId, Footing)> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(id, entry)| (*id, entry.footing.clone())).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        self.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use countersign_approval::{Entropy, Timestamp};

    use super::*;

    #[derive(Debug)]
    struct Zeros;
    impl Entropy for Zeros {
        fn bytes16(&self) -> [u8; 16] {
            [0; 16]
        }
    }

    fn footing(agent: &str) -> Footing {
        Footing { agent: agent.parse().unwrap(), person: PersonId::new("p"), token: TokenHash::of("t"), request: None }
    }

    #[test]
    fn an_agent_speaks_of_its_own_sessions_only() {
        let live = LiveSessions::default();
        let id = SessionId::generate(Timestamp::from_micros(0), &Zeros);
        let (place, mut news) = live.enter(id, footing("mine"));
        assert!(!live.tell(&"other".parse().unwrap(), id, News::Started));
        assert!(news.try_recv().is_err());
        assert!(live.tell(&"mine".parse().unwrap(), id, News::Started));
        assert!(matches!(news.try_recv(), Ok(News::Started)));
        drop(place);
        assert!(!live.has(id));
    }

    #[test]
    fn a_flood_of_news_is_bounded() {
        let live = LiveSessions::default();
        let id = SessionId::generate(Timestamp::from_micros(0), &Zeros);
        let (_place, news) = live.enter(id, footing("mine"));
        for _ in 0..10_000 {
            live.tell(&"mine".parse().unwrap(), id, News::Started);
        }
        assert_eq!(news.len(), NEWS);
    }
}
