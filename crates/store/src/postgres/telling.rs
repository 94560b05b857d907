//! Hints from node to node: which requests changed, told after the commit.
//!
//! `NOTIFY` within the transaction would make every commit wait for one lock of the whole server
//! (postgresql.org/docs/current/sql-notify.html), so one task of each node tells of all that was committed meanwhile. It is a hint:
//! one that is lost delays a waiter until it looks by itself. Work (outbox, audit, expiry) is not told of: the node that made it
//! does it, and the others find what it left when they look.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use countersign_approval::{Hints, RequestId};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::open::Node;
use crate::records::change::Wake;

const CHANNEL: &str = "countersign";

/// Ids in one notification: each takes 35 bytes, of 8000 at most.
const IDS: usize = 200;

/// With more than this waiting, `everything` is told: whoever waits reads again.
const MOST: usize = 5_000;

/// Pause after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// A listener that heard nothing for this long asks whether its connection still lives.
const SILENCE: Duration = Duration::from_secs(15);

/// How long the answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// What is to be told.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Locked for a look only, never across an await.
    pending: Mutex<Pending>,
    ready: Notify,
}

#[derive(Debug, Default)]
struct Pending {
    requests: BTreeSet<RequestId>,
    everything: bool,
}

/// A notification.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Told {
    /// Who tells: a node does not listen to itself.
    node: Node,
    /// What changed; `None` if all may have.
    requests: Option<Vec<RequestId>>,
}

impl News {
    /// Notes what was committed.
    pub(super) fn tell(&self, wake: &Wake) {
        let Wake::Requests(ids) = wake else { return };
        {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            if pending.requests.len() + ids.len() > MOST {
                pending.everything = true;
                pending.requests.clear();
            } else if !pending.everything {
                pending.requests.extend(ids);
            }
        }
        self.ready.notify_one();
    }

    fn take(&self) -> Pending {
        std::mem::take(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn everything(&self) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        *pending = Pending { requests: BTreeSet::new(), everything: true };
    }
}

impl Pending {
    fn notifications(self, node: Node) -> Vec<Told> {
        if self.everything {
            return vec![Told { node, requests: None }];
        }
        let ids: Vec<RequestId> = self.requests.into_iter().collect();
        ids.chunks(IDS).map(|ids| Told { node, requests: Some(ids.to_vec()) }).collect()
    }
}

/// Tells the other nodes until it is stopped, and once more then.
pub(super) async fn tell(pool: PgPool, news: Arc<News>, node: Node, stop: CancellationToken) {
    loop {
        let stopped = tokio::select! {
            () = stop.cancelled() => true,
            () = news.ready.notified() => false,
        };
        let told = send(&pool, news.take().notifications(node)).await;
        if stopped {
            return;
        }
        if let Err(error) = told {
            tracing::warn!(error = %error, "could not tell other nodes what changed; they will see it when they look");
            news.everything();
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(AFTER_FAILURE) => news.ready.notify_one(),
            }
        }
    }
}

async fn send(pool: &PgPool, notifications: Vec<Told>) -> Result<(), sqlx::Error> {
    for told in notifications {
        let payload = serde_json::to_string(&told).map_err(|error| sqlx::Error::Encode(error.into()))?;
        sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(payload).execute(pool).await?;
    }
    Ok(())
}

/// A connection that listens.
pub(super) async fn listener(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Wakes whoever waits here for what other nodes did, until it is stopped.
pub(super) async fn listen(first: PgListener, pool: PgPool, (hints, node): (Hints, Node), stop: CancellationToken) {
    let mut connected = Some(first);
    loop {
        let heard = tokio::select! {
            () = stop.cancelled() => return,
            heard = hear(connected.take(), &pool, &hints, node) => heard,
        };
        if let Err(error) = heard {
            tracing::warn!(error = %error, "could not hear from other nodes; looking by itself until that works again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(AFTER_FAILURE) => {}
        }
    }
}

/// Listens on one connection, until it fails.
async fn hear(first: Option<PgListener>, pool: &PgPool, hints: &Hints, node: Node) -> Result<(), sqlx::Error> {
    let mut listener = match first {
        Some(listener) => listener,
        None => listener(pool).await?,
    };
    // Whatever was told before was not heard.
    hints.everything_changed();
    loop {
        let Ok(heard) = tokio::time::timeout(SILENCE, listener.try_recv()).await else {
            let answer = tokio::time::timeout(ANSWER, sqlx::query("SELECT 1").execute(&mut listener));
            answer.await.map_err(|_| sqlx::Error::PoolTimedOut)??;
            continue;
        };
        let Some(notification) = heard? else { return Ok(()) };
        hint(hints, node, notification.payload());
    }
}

/// What cannot be read may be of a newer program: everything may have changed.
fn hint(hints: &Hints, node: Node, payload: &str) {
    match serde_json::from_str(payload) {
        Ok(Told { node: teller, .. }) if teller == node => {}
        Ok(Told { requests: Some(ids), .. }) => ids.into_iter().for_each(|id| hints.request_changed_elsewhere(id)),
        Ok(Told { requests: None, .. }) | Err(_) => hints.everything_changed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> RequestId {
        format!("{n:032x}").parse().unwrap()
    }

    #[test]
    fn a_notification_fits() {
        let news = News::default();
        news.tell(&Wake::Requests((0..450).map(id).collect()));
        let told = news.take().notifications(Node::MAX);
        assert_eq!(told.len(), 3);
        for told in told {
            let payload = serde_json::to_string(&told).unwrap();
            assert!(payload.len() < 8000, "{}", payload.len());
            assert_eq!(serde_json::from_str::<Told>(&payload).unwrap(), told);
        }
        assert!(news.take().notifications(1).is_empty());
    }

    #[test]
    fn a_flood_is_told_as_everything() {
        let news = News::default();
        for n in 0..u128::try_from(MOST).unwrap() + 10 {
            news.tell(&Wake::Requests(vec![id(n)]));
        }
        assert_eq!(news.take().notifications(1), [Told { node: 1, requests: None }]);
    }
}
