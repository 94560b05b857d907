//! Between the stream and its recording.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use countersign_gateway::SessionEnd;
use tokio::{
    fs::File,
    io::AsyncWriteExt as _,
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tokio_util::task::TaskTracker;

use super::{
    format::{Head, Kind, Lines, Size},
    merge::{Merge, Piece},
    redact::Patterns,
};

/// Frames on their way to the recorder. When it is behind, whoever copies frames waits: a recording is whole.
const QUEUE: usize = 16;

/// Bytes that are written in one go.
const BATCH: usize = 256 * 1024;

/// What was recorded is in the file after this long.
const FLUSH_AFTER: Duration = Duration::from_secs(1);

/// The recording cannot be written; the log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session cannot be recorded")]
pub(crate) struct NotRecorded;

#[derive(Debug)]
enum Note {
    Data { at: Instant, kind: Kind, data: Bytes },
    Resize { at: Instant, size: Size },
    End { at: Instant, end: SessionEnd, done: oneshot::Sender<Result<PathBuf, NotRecorded>> },
}

/// Takes what is to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Tap {
    notes: mpsc::Sender<Note>,
    full: Arc<AtomicBool>,
    name: String,
}

/// Begins a recording in `spool`, which is made if need be.
pub(crate) fn begin(head: Head, patterns: Patterns, cap: u64, spool: &Path, tasks: &TaskTracker) -> Tap {
    let (notes, queue) = mpsc::channel(QUEUE);
    let (full, name) = (Arc::new(AtomicBool::new(false)), head.name());
    let path = spool.join(&name);
    let recorder =
        Recorder { begun: Instant::now(), cap, written: 0, full: Arc::clone(&full), buffer: Vec::new(), path };
    tasks.spawn(async move {
        let session = head.session.id;
        if let Err(error) = recorder.record(&head, &patterns, queue).await {
            tracing::error!(session.id = %session, error = &error as &dyn std::error::Error, "the recording of session {session} cannot be written");
        }
    });
    Tap { notes, full, name }
}

impl Tap {
    /// Records what passed on a channel.
    pub(crate) async fn data(&self, kind: Kind, data: &Bytes) -> Result<(), NotRecorded> {
        if data.is_empty() || self.full.load(Ordering::Relaxed) {
            return Ok(());
        }
        let note = Note::Data { at: Instant::now(), kind, data: data.clone() };
        self.notes.send(note).await.map_err(|_| NotRecorded)
    }

    /// Records a new size.
    pub(crate) async fn resize(&self, size: Size) -> Result<(), NotRecorded> {
        self.notes.send(Note::Resize { at: Instant::now(), size }).await.map_err(|_| NotRecorded)
    }

    /// Ends the recording; answers the file that holds it.
    pub(crate) async fn end(&self, end: SessionEnd) -> Result<PathBuf, NotRecorded> {
        let (done, ended) = oneshot::channel();
        self.notes.send(Note::End { at: Instant::now(), end, done }).await.map_err(|_| NotRecorded)?;
        ended.await.unwrap_or(Err(NotRecorded))
    }

    /// The recording's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// Writes one recording, in a task of its own.
struct Recorder {
    begun: Instant,
    cap: u64,
    written: u64,
    full: Arc<AtomicBool>,
    buffer: Vec<u8>,
    path: PathBuf,
}

impl Recorder {
    async fn record(
        mut self,
        head: &Head,
        patterns: &Patterns,
        mut queue: mpsc::Receiver<Note>,
    ) -> std::io::Result<()> {
        let (mut lines, header) = Lines::begin(head, patterns);
        let mut merge = Merge::new(patterns);
        let mut file = create(&self.path).await?;
        self.add(header);
        let mut flush_at = Instant::now() + FLUSH_AFTER;
        loop {
            let note = tokio::select! {
                note = queue.recv() => note,
                () = sleep_until(flush_at), if !self.buffer.is_empty() => {
                    self.flush(&mut file).await?;
                    continue;
                }
            };
            if self.buffer.is_empty() {
                flush_at = Instant::now() + FLUSH_AFTER;
            }
            match note {
                Some(Note::Data { at, kind, data }) => {
                    let pieces = merge.push(self.micros(at), kind, &data);
                    self.pieces(&mut lines, &pieces);
                }
                Some(Note::Resize { at, size }) => {
                    let line = lines.resize(self.micros(at), size);
                    self.line(&mut lines, at, line);
                }
                Some(Note::End { at, end, done }) => {
                    self.pieces(&mut lines, &merge.finish());
                    let last = lines.end(self.micros(at), &end);
                    self.line(&mut lines, at, last);
                    self.flush(&mut file).await?;
                    file.sync_all().await?;
                    // Nobody has to be there to hear it.
                    let _ = done.send(Ok(self.path));
                    return Ok(());
                }
                None => {
                    self.pieces(&mut lines, &merge.finish());
                    return self.flush(&mut file).await;
                }
            }
            if self.buffer.len() >= BATCH {
                self.flush(&mut file).await?;
            }
        }
    }

    fn pieces(&mut self, lines: &mut Lines, pieces: &[Piece]) {
        for piece in pieces {
            let line = lines.piece(piece);
            let at = self.begun + Duration::from_micros(piece.at);
            self.line(lines, at, line);
        }
    }

    /// Adds a line, or the one that says that there is no room for it.
    fn line(&mut self, lines: &mut Lines, at: Instant, line: Vec<u8>) {
        if self.full.load(Ordering::Relaxed) {
            return;
        }
        if self.written + line.len() as u64 > self.cap {
            self.full.store(true, Ordering::Relaxed);
            let cap = lines.cap(self.micros(at), self.cap);
            self.add(cap);
            return;
        }
        self.add(line);
    }

    fn add(&mut self, line: Vec<u8>) {
        self.written += line.len() as u64;
        if self.buffer.is_empty() {
            self.buffer = line;
        } else {
            self.buffer.extend_from_slice(&line);
        }
    }

    async fn flush(&mut self, file: &mut File) -> std::io::Result<()> {
        file.write_all(&self.buffer).await?;
        file.flush().await?;
        self.buffer.clear();
        Ok(())
    }

    fn micros(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.begun).as_micros()).unwrap_or(u64::MAX)
    }
}

async fn create(path: &Path) -> std::io::Result<File> {
    if let Some(directory) = path.parent() {
        tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).await?;
    }
    tokio::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).await
}
