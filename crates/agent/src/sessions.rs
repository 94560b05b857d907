//! The sessions that run now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use countersign_gateway::{
    SessionEnd, SessionId,
    wire::control::{FromAgent, Memory, Signal, Start, WindowSize},
};
use tokio::sync::{mpsc, watch};

use crate::{agent::Shared, link::Link, session};

/// Orders that wait for a session; what comes beyond is dropped: nobody sends so many in earnest.
const MOST_ORDERS: usize = 64;

/// Something that a session is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// The terminal has another size.
    Resize(WindowSize),
    /// A signal for the command.
    Signal(Signal),
}

/// Every running session. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    /// Locked for look-ups only.
    running: Arc<Mutex<HashMap<SessionId, Handle>>>,
    most: usize,
}

#[derive(Debug)]
struct Handle {
    orders: mpsc::Sender<Order>,
    stop: watch::Sender<Option<String>>,
}

/// A running session's own end. The session counts as running until this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    session: SessionId,
    sessions: Sessions,
    /// What it is told.
    pub(crate) orders: mpsc::Receiver<Order>,
    /// Why it is to end at once, when it is.
    pub(crate) stop: watch::Receiver<Option<String>>,
}

/// Whether a session may begin.
#[derive(Debug)]
enum Admission {
    Seat(Seat),
    Running,
    Full,
}

/// Begins a session, or says why not.
pub(crate) fn begin(core: &Shared, link: &Arc<Link>, start: Start) {
    let session = start.session;
    if core.leaving().is_cancelled() {
        let why = "the agent is being stopped".to_owned();
        return link.tell(FromAgent::Ended { session, end: SessionEnd::Failed { why } });
    }
    match core.sessions().admit(session) {
        Admission::Seat(seat) => {
            core.session_tasks().spawn(session::run(Arc::clone(core), Arc::clone(link), start, seat));
        }
        Admission::Running => {
            tracing::error!(%session, "the server starts the session {session}, which runs already; ignored");
            link.tell(FromAgent::Recalled { session, memory: Memory::Running });
        }
        Admission::Full => {
            let why = format!("the agent runs {} sessions already, its most", core.config().limits.sessions);
            link.tell(FromAgent::Ended { session, end: SessionEnd::Failed { why } });
        }
    }
}

impl Sessions {
    pub(crate) fn new(most: usize) -> Self {
        Self { running: Arc::default(), most }
    }

    pub(crate) fn running(&self) -> Vec<SessionId> {
        self.table().keys().copied().collect()
    }

    pub(crate) fn is_running(&self, session: SessionId) -> bool {
        self.table().contains_key(&session)
    }

    pub(crate) fn resize(&self, session: SessionId, size: WindowSize) {
        self.order(session, Order::Resize(size));
    }

    pub(crate) fn signal(&self, session: SessionId, signal: Signal) {
        self.order(session, Order::Signal(signal));
    }

    /// Ends a session at once. The first reason stays.
    pub(crate) fn stop(&self, session: SessionId, why: &str) {
        if let Some(handle) = self.table().get(&session) {
            handle.stop(why);
        }
    }

    /// Ends every session at once.
    pub(crate) fn stop_all(&self, why: &str) {
        self.table().values().for_each(|handle| handle.stop(why));
    }

    fn order(&self, session: SessionId, order: Order) {
        if let Some(handle) = self.table().get(&session)
            && handle.orders.try_send(order).is_err()
        {
            tracing::debug!(%session, "the session {session} has too many orders waiting; one is dropped");
        }
    }

    fn admit(&self, session: SessionId) -> Admission {
        let mut table = self.table();
        if table.contains_key(&session) {
            return Admission::Running;
        }
        if table.len() >= self.most {
            return Admission::Full;
        }
        let (order, orders) = mpsc::channel(MOST_ORDERS);
        let (stopper, stop) = watch::channel(None);
        table.insert(session, Handle { orders: order, stop: stopper });
        drop(table);
        Admission::Seat(Seat { session, sessions: self.clone(), orders, stop })
    }

    fn table(&self) -> MutexGuard<'_, HashMap<SessionId, Handle>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handle {
    fn stop(&self, why: &str) {
        self.stop.send_if_modified(|stop| {
            let first = stop.is_none();
            if first {
                *stop = Some(why.chars().take(1000).collect());
            }
            first
        });
    }
}

impl Seat {
    /// Resolves with the reason when the session is to end.
    pub(crate) async fn stopped(&mut self) -> String {
        stop_of(&mut self.stop).await
    }
}

/// Resolves with the reason when a session is to end. It stays: asking again gives it again.
pub(crate) async fn stop_of(stop: &mut watch::Receiver<Option<String>>) -> String {
    let why = match stop.wait_for(Option::is_some).await {
        Ok(why) => why.clone(),
        Err(_) => None,
    };
    match why {
        Some(why) => why,
        None => std::future::pending().await,
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.sessions.table().remove(&self.session);
    }
}
