//! The one writer: takes the changes that wait, does them in one transaction, and commits once.
//!
//! Each change runs in a savepoint of its own, so that one that fails takes back only itself. Nobody is answered before
//! the commit, and if that fails everybody is told so. A change that was handed over is done even when whoever asked for
//! it has gone. Nothing is delayed to make a group larger: a group is what has gathered during the commit before.
//!
//! A commit is flushed to the disk when any of its changes has to outlive a power cut. A group of light ones is not: the
//! system has it, so that it outlives this process, and the next flush takes it along. What a power cut leaves is always a
//! beginning of the commits, never one without those before it (sqlite.org/wal.html; sqlite.org/pragma.html,
//! `synchronous`).

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use countersign_approval::{Hints, StoreError};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    fault::Fault,
    records::{
        Connection, Step, audit,
        change::{Change, Fate, How, Wake, Weight},
    },
};

/// Changes that may wait. Beyond that, whoever asks waits for a place.
const QUEUE: usize = 1024;

/// Most changes in one commit: keeps the answer of the first from waiting long for the last.
const GROUP: usize = 128;

const BEGIN: &str = "BEGIN IMMEDIATE; SAVEPOINT change";
/// The first time, and when the group before was of the other weight: it cannot be said within a transaction.
const BEGIN_DURABLE: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE; SAVEPOINT change";
const BEGIN_LIGHT: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE; SAVEPOINT change";
const NEXT: &str = "RELEASE change; SAVEPOINT change";
const UNDO: &str = "ROLLBACK TO change";
const COMMIT: &str = "RELEASE change; COMMIT";
const ROLLBACK: &str = "ROLLBACK";

/// Commits that wrote something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commits {
    /// Those flushed to the disk before anybody was answered.
    pub durable: u64,
    /// Those left to the system until the next flush.
    pub light: u64,
}

#[derive(Debug, Default)]
struct Counters {
    durable: AtomicU64,
    light: AtomicU64,
}

/// Hands changes to the writer's task.
#[derive(Debug)]
pub(super) struct Writer {
    changes: mpsc::Sender<Box<dyn Waiting>>,
    counters: Arc<Counters>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// A change under way.
type Running<'c> = Pin<Box<dyn Future<Output = Fate> + Send + 'c>>;

/// A change that waits for its turn, then for the commit.
trait Waiting: Send {
    /// What it has to outlive.
    fn weight(&self) -> Weight;

    /// Does it.
    fn run<'c>(&'c mut self, conn: &'c mut SqliteConnection) -> Running<'c>;

    /// Answers whoever asked, and says who is to be woken.
    fn answer(self: Box<Self>, committed: Result<(), &Arc<sqlx::Error>>) -> Wake;
}

struct Asked<A, T> {
    how: How,
    work: Option<(A, Step<A, Change<T>>)>,
    done: Option<Result<Change<T>, Fault>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl Writer {
    /// Starts the task that owns the connection. It ends with [`Writer::close`], or when the last handle is dropped.
    pub(super) fn start(conn: SqliteConnection, hints: Hints) -> Self {
        let (changes, waiting) = mpsc::channel(QUEUE);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let counters = Arc::new(Counters::default());
        let pen = Pen { conn, weight: None, counters: Arc::clone(&counters) };
        tasks.spawn(write(pen, waiting, stop.clone(), hints));
        Self { changes, counters, stop, tasks }
    }

    /// The commits so far.
    pub(super) fn commits(&self) -> Commits {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Commits { durable: read(&self.counters.durable), light: read(&self.counters.light) }
    }

    /// Has a change done, and waits until it is committed; and flushed, if it is to be durable.
    pub(super) async fn change<A, T>(&self, how: How, input: A, step: Step<A, Change<T>>) -> Result<T, StoreError>
    where
        A: Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let asked = Asked { how, work: Some((input, step)), done: None, answer };
        self.changes.send(Box::new(asked)).await.map_err(|_| StoreError::Closed)?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Takes no more, finishes what waits, and closes the connection.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl<A, T> Waiting for Asked<A, T>
where
    A: Send + 'static,
    T: Send + 'static,
{
    fn weight(&self) -> Weight {
        self.how.weight
    }

    fn run<'c>(&'c mut self, conn: &'c mut SqliteConnection) -> Running<'c> {
        Box::pin(async move {
            let Some((input, step)) = self.work.take() else { return Fate::Undo(None) };
            let mut done = step(&mut Connection::Sqlite(conn), input).await;
            let fate = match &mut done {
                Ok(change) => std::mem::replace(&mut change.fate, Fate::Keep),
                Err(_) => Fate::Undo(None),
            };
            self.done = Some(done);
            fate
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), &Arc<sqlx::Error>>) -> Wake {
        let (answer, wake) = match (committed, self.done) {
            (Ok(()), Some(Ok(change))) => (Ok(change.answer), change.wake),
            (Ok(()), Some(Err(fault))) => (Err(fault.while_doing(self.how.doing)), Wake::Nobody),
            (Ok(()), None) => (Err(StoreError::Closed), Wake::Nobody),
            (Err(error), _) => {
                let source = Box::new(Arc::clone(error));
                (Err(StoreError::Database { doing: self.how.doing, source }), Wake::Nobody)
            }
        };
        // Whoever asked may have gone; the change stands all the same.
        let _ = self.answer.send(answer);
        wake
    }
}

/// The connection that writes.
struct Pen {
    conn: SqliteConnection,
    /// The weight it is set to; `None` before the first group.
    weight: Option<Weight>,
    counters: Arc<Counters>,
}

async fn write(mut pen: Pen, mut waiting: mpsc::Receiver<Box<dyn Waiting>>, stop: CancellationToken, hints: Hints) {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        let taken = tokio::select! {
            biased;
            () = stop.cancelled(), if !waiting.is_closed() => {
                waiting.close();
                continue;
            }
            taken = waiting.recv_many(&mut group, GROUP) => taken,
        };
        if taken == 0 {
            break;
        }
        let committed = pen.commit(&mut group).await.map_err(Arc::new);
        if let Err(error) = &committed {
            tracing::error!(error = %error, changes = taken, "could not commit {taken} changes");
            // Fails where SQLite has rolled back by itself; either way no transaction is left open.
            let _ = control(&mut pen.conn, ROLLBACK).await;
        }
        let wakes: Vec<Wake> = group.drain(..).map(|asked| asked.answer(committed.as_ref().copied())).collect();
        for wake in wakes {
            wake.fire(&hints);
        }
    }
    if let Err(error) = pen.conn.close().await {
        tracing::error!(error = %error, "could not close the database");
    }
}

impl Pen {
    async fn commit(&mut self, group: &mut [Box<dyn Waiting>]) -> Result<(), sqlx::Error> {
        let weight = group.iter().map(|asked| asked.weight()).max().unwrap_or(Weight::Durable);
        self.begin(weight).await?;
        let conn = &mut self.conn;
        let (mut first, mut wrote) = (true, false);
        for asked in group {
            if !std::mem::take(&mut first) {
                control(conn, NEXT).await?;
            }
            match asked.run(conn).await {
                Fate::Keep => wrote = true,
                Fate::Undo(record) => {
                    // Fails when an error has ended the whole transaction; then the whole group fails.
                    control(conn, UNDO).await?;
                    if let Some(row) = record {
                        audit::record(&mut Connection::Sqlite(conn), row).await?;
                        wrote = true;
                    }
                }
            }
        }
        control(conn, COMMIT).await?;
        if wrote {
            self.counters.count(weight);
        }
        Ok(())
    }

    async fn begin(&mut self, weight: Weight) -> Result<(), sqlx::Error> {
        let statement = match weight {
            _ if self.weight == Some(weight) => BEGIN,
            Weight::Durable => BEGIN_DURABLE,
            Weight::Light => BEGIN_LIGHT,
        };
        // If it fails half-way, nobody knows: the next one says it again.
        self.weight = None;
        control(&mut self.conn, statement).await?;
        self.weight = Some(weight);
        Ok(())
    }
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

async fn control(conn: &mut SqliteConnection, statement: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(conn).await.map(drop)
}
