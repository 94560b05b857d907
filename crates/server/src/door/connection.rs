//! One client's connection: lines with limits, both ways.

use std::{sync::Arc, time::Duration};

use countersign_hook::wire::{FIRST_LINE_MAX_BYTES, Final, INPUT_MAX_BYTES, LineError, LineSplitter};
use nix::unistd::geteuid;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};

use crate::personal::Limits;

/// A client that does not take its answer within this time has gone.
const WRITE_WITHIN: Duration = Duration::from_secs(5);

/// From here on an input is large, and only so many are read at the same time.
const LARGE_BYTES: usize = 64 * 1024;

/// Read at once; a hook's input is a few kilobytes.
const CHUNK_BYTES: usize = 16 * 1024;

/// Why a conversation ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    /// Another user's process.
    #[error("the peer is user {peer}, not {own}")]
    Stranger {
        /// The peer's user id.
        peer: u32,
        /// Ours.
        own: u32,
    },
    /// No complete line came in time.
    #[error("no complete line came in time")]
    Silent,
    /// Too many large inputs are on their way already.
    #[error("too many large inputs are on their way already: try again")]
    Crowded,
    /// A line was too long, or cut off.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The client left between lines.
    #[error("the client left")]
    Left,
    /// The transport failed.
    #[error("the connection failed")]
    Io(#[from] std::io::Error),
}

/// A client's connection whose peer is the daemon's own user.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    splitter: LineSplitter,
    bulk: Arc<Semaphore>,
    bulk_within: Duration,
}

/// A line that came.
#[derive(Debug)]
pub(super) struct Line {
    /// What it says, without its line break.
    pub(super) bytes: Vec<u8>,
    /// The right to hold it in memory, when it is large: kept until its content has been stored or forgotten.
    pub(super) weight: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Checks the peer before anything is read.
    pub(super) fn open(stream: UnixStream, bulk: Arc<Semaphore>, limits: Limits) -> Result<Self, ConnectionError> {
        let peer = stream.peer_cred()?.uid();
        let own = geteuid().as_raw();
        if peer != own {
            return Err(ConnectionError::Stranger { peer, own });
        }
        Ok(Self { stream, splitter: LineSplitter::new(), bulk, bulk_within: limits.large_input_within })
    }

    /// The first line, which may be a bare host input.
    pub(super) async fn first_line(&mut self) -> Result<Line, ConnectionError> {
        self.line_in_time(FIRST_LINE_MAX_BYTES).await
    }

    /// The host's input, the second line.
    pub(super) async fn input_line(&mut self) -> Result<Line, ConnectionError> {
        self.line_in_time(INPUT_MAX_BYTES).await
    }

    async fn line_in_time(&mut self, cap: usize) -> Result<Line, ConnectionError> {
        let line = self.line(cap);
        tokio::time::timeout(super::LINE_WITHIN, line).await.map_err(|_| ConnectionError::Silent)?
    }

    async fn line(&mut self, cap: usize) -> Result<Line, ConnectionError> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut buffered = 0;
        let mut weight = None;
        loop {
            if let Some(bytes) = self.splitter.next_line(cap)? {
                return Ok(Line { bytes, weight });
            }
            let read = self.stream.read(&mut chunk).await?;
            if read == 0 {
                self.splitter.finish()?;
                return Err(ConnectionError::Left);
            }
            self.splitter.push(chunk.get(..read).unwrap_or_default());
            buffered += read;
            if buffered > LARGE_BYTES && weight.is_none() {
                // Whoever sends much waits here for those who sent much before.
                weight = Some(self.turn().await?);
            }
        }
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, ConnectionError> {
        let turn = Arc::clone(&self.bulk).acquire_owned();
        match tokio::time::timeout(self.bulk_within, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(ConnectionError::Crowded),
        }
    }

    /// Completes when the client has gone. What it sends meanwhile is read and dropped.
    pub(super) async fn gone(&mut self) {
        let mut scrap = [0; 256];
        while matches!(self.stream.read(&mut scrap).await, Ok(read) if read > 0) {}
    }

    /// Sends bytes that end a line.
    pub(super) async fn send(&mut self, line: &[u8]) -> Result<(), ConnectionError> {
        let write = self.stream.write_all(line);
        match tokio::time::timeout(WRITE_WITHIN, write).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(ConnectionError::Left),
        }
    }

    /// Sends the last line.
    pub(super) async fn end(&mut self, answer: &Final) -> Result<(), ConnectionError> {
        self.send(&answer.to_line()).await
    }
}
