//! The agents that are connected to this node.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use countersign_gateway::{AgentName, TokenHash, wire::control::ToAgent};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Messages that wait to be written to one agent.
const QUEUE: usize = 256;

/// How long a message may wait for room in the queue.
const ROOM_WITHIN: Duration = Duration::from_secs(10);

/// An agent's control connection.
#[derive(Debug)]
pub(super) struct Link {
    /// Whose it is.
    pub(super) name: AgentName,
    /// The token it came in with.
    pub(super) token: TokenHash,
    /// The process at its end.
    pub(super) instance: String,
    out: mpsc::Sender<ToAgent>,
    /// Cancelled when it is to end.
    ending: CancellationToken,
    dismissal: Mutex<Option<String>>,
}

/// The agent is not connected here, or does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent is not connected")]
pub(super) struct Offline;

impl Link {
    /// A link, and what is to be written to it.
    pub(super) fn new(name: AgentName, token: TokenHash, instance: String) -> (Arc<Self>, mpsc::Receiver<ToAgent>) {
        let (out, queue) = mpsc::channel(QUEUE);
        let link = Self { name, token, instance, out, ending: CancellationToken::new(), dismissal: Mutex::default() };
        (Arc::new(link), queue)
    }

    /// Says something, when there is room.
    pub(super) async fn say(&self, message: ToAgent) -> Result<(), Offline> {
        if self.ending.is_cancelled() {
            return Err(Offline);
        }
        match timeout(ROOM_WITHIN, self.out.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Offline),
        }
    }

    /// Ends it: with a reason the agent is told to leave for good, without one it may come again.
    pub(super) fn end(&self, dismissal: Option<String>) {
        *self.dismissal.lock().unwrap_or_else(PoisonError::into_inner) = dismissal;
        self.ending.cancel();
    }

    pub(super) fn ending(&self) -> &CancellationToken {
        &self.ending
    }

    pub(super) fn take_dismissal(&self) -> Option<String> {
        self.dismissal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Who is connected.
#[derive(Debug, Default)]
pub(super) struct Agents {
    /// Locked for a look-up only.
    links: Mutex<HashMap<AgentName, Arc<Link>>>,
    joined: Notify,
}

impl Agents {
    /// The newer one has the name; answers the older one.
    pub(super) fn join(&self, link: &Arc<Link>) -> Option<Arc<Link>> {
        let older = self.links().insert(link.name.clone(), Arc::clone(link));
        self.joined.notify_waiters();
        older
    }

    /// Takes a link out, unless a newer one has its place.
    pub(super) fn leave(&self, link: &Arc<Link>) {
        let mut links = self.links();
        if links.get(&link.name).is_some_and(|present| Arc::ptr_eq(present, link)) {
            links.remove(&link.name);
        }
    }

    /// The link of an agent.
    pub(super) fn get(&self, name: &AgentName) -> Option<Arc<Link>> {
        self.links().get(name).cloned()
    }

    /// The link of an agent that may be on its way back.
    pub(super) async fn wait_for(&self, name: &AgentName, patience: Duration) -> Result<Arc<Link>, Offline> {
        let waiting = async {
            loop {
                let mut joined = std::pin::pin!(self.joined.notified());
                joined.as_mut().enable();
                if let Some(link) = self.get(name) {
                    return link;
                }
                joined.await;
            }
        };
        timeout(patience, waiting).await.map_err(|_| Offline)
    }

    /// All of them, by name.
    pub(super) fn all(&self) -> Vec<Arc<Link>> {
        let mut all: Vec<_> = self.links().values().cloned().collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    fn links(&self) -> std::sync::MutexGuard<'_, HashMap<AgentName, Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(instance: &str) -> Arc<Link> {
        Link::new("a".parse().unwrap(), TokenHash::of("t"), instance.to_owned()).0
    }

    #[tokio::test]
    async fn the_newer_link_stays_when_the_older_one_leaves() {
        let (agents, one, two) = (Agents::default(), link("1"), link("2"));
        assert!(agents.join(&one).is_none());
        assert!(Arc::ptr_eq(&agents.join(&two).unwrap(), &one));
        agents.leave(&one);
        assert!(Arc::ptr_eq(&agents.get(&two.name).unwrap(), &two));
        agents.leave(&two);
        assert_eq!(agents.wait_for(&two.name, Duration::ZERO).await.map(drop), Err(Offline));
    }

    #[tokio::test]
    async fn an_ended_link_takes_nothing() {
        let (link, _queue) = Link::new("a".parse().unwrap(), TokenHash::of("t"), String::new());
        link.end(Some("why".into()));
        let sent = link.say(ToAgent::Dismiss { why: String::new() }).await;
        assert_eq!((sent, link.take_dismissal().as_deref()), (Err(Offline), Some("why")));
    }
}
