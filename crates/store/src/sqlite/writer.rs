//! The one writer: takes the changes that wait, does them in one transaction, and commits once.
//!
//! Each change runs in a savepoint of its own, so that one that fails takes back only itself. Nobody is answered before
//! the commit, and if that fails everybody is told so. A change that was handed over is done even when whoever asked for
//! it has gone. Nothing is delayed to make a group larger: a group is what has gathered during the commit before.

use std::{pin::Pin, sync::Arc};

use countersign_approval::{Hints, StoreError};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    fault::Fault,
    records::{
        Work, audit,
        change::{Change, Fate, Wake},
    },
};

/// Changes that may wait. Beyond that, whoever asks waits for a place.
const QUEUE: usize = 1024;

/// Most changes in one commit: keeps the answer of the first from waiting long for the last.
const GROUP: usize = 128;

const BEGIN: &str = "BEGIN IMMEDIATE; SAVEPOINT change";
const NEXT: &str = "RELEASE change; SAVEPOINT change";
const UNDO: &str = "ROLLBACK TO change";
const COMMIT: &str = "RELEASE change; COMMIT";
const ROLLBACK: &str = "ROLLBACK";

/// Hands changes to the writer's task.
#[derive(Debug)]
pub(super) struct Writer {
    changes: mpsc::Sender<Box<dyn Waiting>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// A change under way.
type Running<'c> = Pin<Box<dyn Future<Output = Fate> + Send + 'c>>;

/// A change that waits for its turn, then for the commit.
trait Waiting: Send {
    /// Does it.
    fn run<'c>(&'c mut self, conn: &'c mut SqliteConnection) -> Running<'c>;

    /// Answers whoever asked, and says who is to be woken.
    fn answer(self: Box<Self>, committed: Result<(), &Arc<sqlx::Error>>) -> Wake;
}

struct Asked<T, W> {
    doing: &'static str,
    work: Option<W>,
    done: Option<Result<Change<T>, Fault>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl Writer {
    /// Starts the task that owns the connection. It ends with [`Writer::close`], or when the last handle is dropped.
    pub(super) fn start(conn: SqliteConnection, hints: Hints) -> Self {
        let (changes, waiting) = mpsc::channel(QUEUE);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(write(conn, waiting, stop.clone(), hints));
        Self { changes, stop, tasks }
    }

    /// Has a change done, and waits until it is committed.
    pub(super) async fn change<T, W>(&self, doing: &'static str, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, Change<T>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let asked = Asked { doing, work: Some(work), done: None, answer };
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

impl<T, W> Waiting for Asked<T, W>
where
    T: Send + 'static,
    W: for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, Change<T>> + Send + 'static,
{
    fn run<'c>(&'c mut self, conn: &'c mut SqliteConnection) -> Running<'c> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return Fate::Undo(None) };
            let mut done = work(conn).await;
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
            (Ok(()), Some(Err(fault))) => (Err(fault.while_doing(self.doing)), Wake::Nobody),
            (Ok(()), None) => (Err(StoreError::Closed), Wake::Nobody),
            (Err(error), _) => {
                let source = Box::new(Arc::clone(error));
                (Err(StoreError::Database { doing: self.doing, source }), Wake::Nobody)
            }
        };
        // Whoever asked may have gone; the change stands all the same.
        let _ = self.answer.send(answer);
        wake
    }
}

async fn write(
    mut conn: SqliteConnection,
    mut waiting: mpsc::Receiver<Box<dyn Waiting>>,
    stop: CancellationToken,
    hints: Hints,
) {
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
        let committed = commit(&mut conn, &mut group).await.map_err(Arc::new);
        if let Err(error) = &committed {
            tracing::error!(error = %error, changes = taken, "could not commit {taken} changes");
            // Fails where SQLite has rolled back by itself; either way no transaction is left open.
            let _ = control(&mut conn, ROLLBACK).await;
        }
        let wakes: Vec<Wake> = group.drain(..).map(|asked| asked.answer(committed.as_ref().copied())).collect();
        for wake in wakes {
            wake.fire(&hints);
        }
    }
    if let Err(error) = conn.close().await {
        tracing::error!(error = %error, "could not close the database");
    }
}

async fn commit(conn: &mut SqliteConnection, group: &mut [Box<dyn Waiting>]) -> Result<(), sqlx::Error> {
    control(conn, BEGIN).await?;
    let mut first = true;
    for asked in group {
        if !std::mem::take(&mut first) {
            control(conn, NEXT).await?;
        }
        if let Fate::Undo(record) = asked.run(conn).await {
            // Fails when an error has ended the whole transaction; then the whole group fails.
            control(conn, UNDO).await?;
            if let Some(row) = record {
                audit::record(conn, row).await?;
            }
        }
    }
    control(conn, COMMIT).await
}

async fn control(conn: &mut SqliteConnection, statement: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(conn).await.map(drop)
}
