//! Changes and reads on a pool of connections.
//!
//! A change runs in a task of its own, so that it is done even when whoever asked for it has gone. It is one transaction; when
//! PostgreSQL takes it back in favour of another (a deadlock, or a row that was changed meanwhile), it is done once more. A
//! connection that is lost is an error of the call: whether the change was committed is then read again by whoever cares, and
//! never guessed.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use countersign_approval::{Hints, StoreError};
use sqlx::{Connection as _, PgConnection, PgPool, pool::PoolConnection};
use tokio::sync::oneshot;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    open::{self, Opened},
    telling::{self, News},
};
use crate::{
    fault::Fault,
    location::Address,
    open_error::OpenError,
    records::{
        Connection, Step, audit,
        change::{Change, Fate, How, View, Wake, Weight},
    },
    sqlite::Commits,
};

/// Tries of a change that PostgreSQL takes back each time.
const TRIES: u32 = 8;

/// Pause before the second try; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(5);

/// Longest time for one try. The server ends a statement that takes too long by itself: this is for one that is not there any
/// more.
const PATIENCE: Duration = Duration::from_mins(1);

const BEGIN: &str = "BEGIN";
const BEGIN_LIGHT: &str = "BEGIN; SET LOCAL synchronous_commit = off";
const BEGIN_VIEW: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";
const BEGIN_LIGHT_VIEW: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL synchronous_commit = off";
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A database that is open.
pub(crate) struct Postgres {
    shared: Shared,
    listening: PgPool,
    /// Changes under way.
    changes: TaskTracker,
    /// The tasks that hand on hints.
    hinting: TaskTracker,
    /// No change is taken any more.
    closing: CancellationToken,
    /// No hint is handed on any more: after the last change, whose hint others wait for.
    stop: CancellationToken,
}

/// What a change's task needs.
#[derive(Clone)]
struct Shared {
    pool: PgPool,
    hints: Hints,
    news: Arc<News>,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    durable: AtomicU64,
    light: AtomicU64,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("connections", &self.shared.pool.size()).finish_non_exhaustive()
    }
}

impl Postgres {
    pub(crate) async fn open(address: &Address, hints: Hints) -> Result<Self, OpenError> {
        let Opened { node, pool, listening } = open::open(address).await.map_err(|error| error.of(address))?;
        // It listens, and is known to be there, before it does anything.
        let listener = telling::listener(&listening).await;
        let listener = listener.map_err(|source| OpenError::Database { location: address.into(), source })?;
        let news = Arc::new(News::default());
        let (stop, hinting) = (CancellationToken::new(), TaskTracker::new());
        hinting.spawn(telling::tell(pool.clone(), Arc::clone(&news), node, stop.clone()));
        hinting.spawn(telling::listen(listener, listening.clone(), (hints.clone(), node), stop.clone()));
        let shared = Shared { pool, hints, news, counters: Arc::default() };
        Ok(Self { shared, listening, changes: TaskTracker::new(), hinting, closing: CancellationToken::new(), stop })
    }

    pub(crate) fn commits(&self) -> Commits {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.shared.counters;
        Commits { durable: read(&counters.durable), light: read(&counters.light) }
    }

    pub(crate) async fn change<A, T>(&self, how: How, input: A, step: Step<A, Change<T>>) -> Result<T, StoreError>
    where
        A: Clone + Send + 'static,
        T: Send + 'static,
    {
        if self.closing.is_cancelled() {
            return Err(StoreError::Closed);
        }
        let (answer, answered) = oneshot::channel();
        let shared = self.shared.clone();
        self.changes.spawn(async move {
            let done = shared.change(how, input, step).await;
            // Whoever asked may have gone; the change stands all the same.
            let _ = answer.send(done.map_err(|fault| fault.while_doing(how.doing)));
        });
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    pub(crate) async fn read<A, T>(&self, view: View, input: A, step: Step<A, T>) -> Result<T, Fault> {
        let mut conn = self.shared.pool.acquire().await?;
        let reading = async {
            if view == View::EachStatement {
                return step(&mut Connection::Postgres(&mut conn), input).await;
            }
            let mut snapshot = conn.begin_with(BEGIN_READING).await?;
            let read = step(&mut Connection::Postgres(&mut snapshot), input).await?;
            snapshot.commit().await?;
            Ok(read)
        };
        let read = tokio::time::timeout(PATIENCE, reading).await;
        read.unwrap_or_else(|_| Err(given_up(conn)))
    }

    /// Takes no more, finishes what waits, and closes the connections.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.changes.close();
        self.changes.wait().await;
        self.stop.cancel();
        self.hinting.close();
        self.hinting.wait().await;
        self.listening.close().await;
        self.shared.pool.close().await;
    }
}

impl Drop for Postgres {
    /// The tasks end by themselves, each after what it has begun.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shared {
    async fn change<A: Clone, T>(&self, how: How, input: A, step: Step<A, Change<T>>) -> Result<T, Fault> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.attempt(how, input.clone(), step).await {
                Err(fault) if is_taken_back(&fault) => tokio::time::sleep(pause).await,
                done => return done,
            }
            pause *= 2;
        }
        self.attempt(how, input, step).await
    }

    async fn attempt<A, T>(&self, how: How, input: A, step: Step<A, Change<T>>) -> Result<T, Fault> {
        let mut conn = self.pool.acquire().await?;
        let done = tokio::time::timeout(PATIENCE, transact(&mut conn, how, input, step)).await;
        let Ok(done) = done else { return Err(given_up(conn)) };
        let Done { answer, wrote, wake } = done?;
        drop(conn);
        if wrote {
            self.counters.count(how.weight);
        }
        self.news.tell(&wake);
        wake.fire(&self.hints);
        Ok(answer)
    }
}

struct Done<T> {
    answer: T,
    wrote: bool,
    wake: Wake,
}

async fn transact<A, T>(
    conn: &mut PgConnection,
    how: How,
    input: A,
    step: Step<A, Change<T>>,
) -> Result<Done<T>, Fault> {
    let mut transaction = conn.begin_with(begin(how)).await?;
    let changed = step(&mut Connection::Postgres(&mut transaction), input).await;
    let Change { answer, fate, wake } = match changed {
        Ok(change) => change,
        Err(fault) => {
            // Now, so that nobody waits for what it held. It fails where the connection is lost, and then is done there.
            let _ = transaction.rollback().await;
            return Err(fault);
        }
    };
    let wrote = match fate {
        Fate::Keep => {
            transaction.commit().await?;
            true
        }
        Fate::Undo(record) => {
            transaction.rollback().await?;
            let wrote = record.is_some();
            if let Some(row) = record {
                audit::record(&mut Connection::Postgres(conn), row).await?;
            }
            wrote
        }
    };
    Ok(Done { answer, wrote, wake })
}

fn begin(how: How) -> &'static str {
    match (how.weight, how.view) {
        (Weight::Durable, View::EachStatement) => BEGIN,
        (Weight::Light, View::EachStatement) => BEGIN_LIGHT,
        (Weight::Durable, View::One) => BEGIN_VIEW,
        (Weight::Light, View::One) => BEGIN_LIGHT_VIEW,
    }
}

/// A deadlock, or a row that was changed after the transaction began: it was rolled back whole
/// (postgresql.org/docs/current/mvcc-serialization-failure-handling.html).
fn is_taken_back(fault: &Fault) -> bool {
    let Fault::Sql(sqlx::Error::Database(error)) = fault else { return false };
    matches!(error.code().as_deref(), Some("40001" | "40P01"))
}

/// A server that does not answer is not asked again on the same connection.
fn given_up(conn: PoolConnection<sqlx::Postgres>) -> Fault {
    drop(conn.detach());
    let silent = std::io::Error::new(std::io::ErrorKind::TimedOut, "the database does not answer");
    Fault::Sql(sqlx::Error::Io(silent))
}

impl Counters {
    fn count(&self, weight: Weight) {
        let counter = match weight {
            Weight::Durable => &self.durable,
            Weight::Light => &self.light,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
