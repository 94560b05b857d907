//! What an agent remembers of sessions, so that each begins at most once.
//!
//! An append-only file, `journal`: a line for each session that begins, on the disk before its command is started, and one for its end. A
//! torn last line (the power failed) is cut off: what it was about had not begun. Old entries are dropped in the order of
//! their ids, which is that of their age, and every id up to the last one dropped is refused for ever: no clock takes part.

mod file;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
};

use countersign_gateway::{SessionEnd, SessionId};
use tokio::sync::oneshot;

use crate::error::JournalError;
use file::{JournalFile, Line};

/// Entries that are kept when the file is written anew.
const KEPT: usize = 20_000;

/// What the journal says of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It began.
    Begun,
    /// It is over.
    Ended(SessionEnd),
}

/// Why a session may not begin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotBegun {
    /// It did before.
    Seen(Entry),
    /// It is older than what is remembered.
    Forgotten,
    /// The journal cannot be written.
    Unwritten(String),
}

/// The journal. Cheap to clone; a thread of its own writes, several lines with one flush.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    book: Arc<Mutex<Book>>,
    writer: mpsc::Sender<Order>,
}

/// What is known. The lock is held for look-ups only, never while the disk works.
#[derive(Debug, Default)]
struct Book {
    entries: BTreeMap<SessionId, Entry>,
    /// Every id up to here has been dropped.
    floor: Option<SessionId>,
}

/// What the writing thread is told.
#[derive(Debug)]
enum Order {
    Write(Write),
    /// Nothing comes any more: the directory is given back, and this is told so.
    Close(oneshot::Sender<()>),
}

#[derive(Debug)]
struct Write {
    line: Line,
    durable: bool,
    done: oneshot::Sender<Result<(), String>>,
}

impl Journal {
    /// Opens the journal in a directory, which is made if need be, and keeps others out of it.
    pub(crate) fn open(dir: &Path) -> Result<Self, JournalError> {
        Self::open_keeping(dir, KEPT)
    }

    fn open_keeping(dir: &Path, kept: usize) -> Result<Self, JournalError> {
        let (mut file, lines) = JournalFile::open(dir)?;
        let mut book = Book::default();
        for line in lines {
            book.take(line);
        }
        book.prune(kept);
        file.rewrite(&book.lines())?;
        let book = Arc::new(Mutex::new(book));
        let (writer, orders) = mpsc::channel();
        let shared = Arc::clone(&book);
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || keep(file, &orders, &shared, kept))
            .map_err(|source| JournalError::Io { path: dir.to_owned(), doing: "kept by a thread", source })?;
        Ok(Self { book, writer })
    }

    /// Notes that a session begins, durably; refuses one that began before.
    pub(crate) async fn begin(&self, session: SessionId) -> Result<(), NotBegun> {
        {
            let mut book = self.book();
            if let Some(entry) = book.entries.get(&session) {
                return Err(NotBegun::Seen(entry.clone()));
            }
            if book.floor.is_some_and(|floor| session <= floor) {
                return Err(NotBegun::Forgotten);
            }
            book.entries.insert(session, Entry::Begun);
        }
        self.write(Line::Begun(session), true).await.map_err(NotBegun::Unwritten)
    }

    /// Notes a session's end. It need not reach the disk at once: without it the session counts as lost.
    pub(crate) async fn end(&self, session: SessionId, end: &SessionEnd) {
        self.book().entries.insert(session, Entry::Ended(end.clone()));
        if let Err(why) = self.write(Line::Ended(session, end.clone()), false).await {
            tracing::error!(%session, why, "the end of session {session} could not be written to the journal");
        }
    }

    /// What is known of a session; `None` when it never began, an error when that is too long ago to say.
    pub(crate) fn recall(&self, session: SessionId) -> Result<Option<Entry>, NotBegun> {
        let book = self.book();
        match book.entries.get(&session) {
            None if book.floor.is_some_and(|floor| session <= floor) => Err(NotBegun::Forgotten),
            entry => Ok(entry.cloned()),
        }
    }

    /// Sessions that began and have no end.
    pub(crate) fn open_sessions(&self) -> Vec<SessionId> {
        let book = self.book();
        book.entries.iter().filter(|(_, entry)| **entry == Entry::Begun).map(|(session, _)| *session).collect()
    }

    /// Gives the directory back: another agent can have it once this has resolved. Nothing is written any more.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.writer.send(Order::Close(done)).is_ok() {
            // A thread that has gone has closed it.
            let _ = closed.await;
        }
    }

    async fn write(&self, line: Line, durable: bool) -> Result<(), String> {
        let gone = || "the journal is closed".to_owned();
        let (done, answer) = oneshot::channel();
        self.writer.send(Order::Write(Write { line, durable, done })).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn take(&mut self, line: Line) {
        match line {
            Line::Begun(session) => {
                self.entries.entry(session).or_insert(Entry::Begun);
            }
            Line::Ended(session, end) => {
                self.entries.insert(session, Entry::Ended(end));
            }
            Line::Floor(session) => self.floor = self.floor.max(Some(session)),
        }
    }

    /// Drops the oldest that are over, so that few enough are left. What has no end may still run, and stays.
    fn prune(&mut self, kept: usize) {
        let beyond = self.entries.len().saturating_sub(kept);
        let over = self.entries.iter().filter(|(_, entry)| **entry != Entry::Begun);
        let dropped: Vec<SessionId> = over.take(beyond).map(|(session, _)| *session).collect();
        for session in dropped {
            self.entries.remove(&session);
            self.floor = self.floor.max(Some(session));
        }
    }

    fn lines(&self) -> Vec<Line> {
        let floor = self.floor.map(Line::Floor);
        let entries = self.entries.iter().map(|(session, entry)| match entry {
            Entry::Begun => Line::Begun(*session),
            Entry::Ended(end) => Line::Ended(*session, end.clone()),
        });
        floor.into_iter().chain(entries).collect()
    }
}

/// The writer: takes what waits, writes it, flushes once if anything of it is to be durable, and tells everybody.
fn keep(mut file: JournalFile, orders: &mpsc::Receiver<Order>, book: &Mutex<Book>, kept: usize) {
    while let Ok(first) = orders.recv() {
        let (batch, closing) = sort(std::iter::once(first).chain(orders.try_iter()));
        let durable = batch.iter().any(|write| write.durable);
        let lines: Vec<&Line> = batch.iter().map(|write| &write.line).collect();
        let result = file.append(&lines, durable).map_err(|error| error.to_string());
        for write in batch {
            // Whoever asked may have gone; the line is written all the same.
            let _ = write.done.send(result.clone());
        }
        if file.lines() > 4 * kept {
            let lines = {
                let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
                book.prune(kept);
                book.lines()
            };
            if let Err(error) = file.rewrite(&lines) {
                tracing::error!(error = %error, "the journal could not be written anew");
            }
        }
        if let Some(closed) = closing {
            drop(file);
            // Whoever asked may have gone; it is closed all the same.
            let _ = closed.send(());
            return;
        }
    }
}

/// What is to be written, and who waits for the end of it all. What comes after that is not written, and is told so.
fn sort(orders: impl Iterator<Item = Order>) -> (Vec<Write>, Option<oneshot::Sender<()>>) {
    let mut batch = Vec::new();
    for order in orders {
        match order {
            Order::Write(write) => batch.push(write),
            Order::Close(done) => return (batch, Some(done)),
        }
    }
    (batch, None)
}

#[cfg(test)]
mod tests;
