//! One connection to the daemon.

use std::io::{self, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::wire::{ANSWER_MAX_BYTES, AnswerError, LineError, ServerLine, read_line_capped};

/// Largest input that is put behind the hello, in bytes; a socket's buffer holds some hundred kilobytes.
const ONE_WRITE_MAX_BYTES: usize = 64 * 1024;

/// A connection on which the first message was sent.
#[derive(Debug)]
pub(super) struct Connection {
    reader: BufReader<UnixStream>,
    /// The beginning of a line whose rest has not come yet.
    partial: Vec<u8>,
}

/// Why there is no next line.
#[derive(Debug, thiserror::Error)]
pub(super) enum Interrupted {
    /// Nothing came until the deadline.
    #[error("no answer in time")]
    Late,
    /// The daemon went away; asking again may help.
    #[error("the connection to the daemon ended")]
    Gone,
    /// What came is not an answer; asking again would not help.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// A line larger than an answer can be.
    #[error("the daemon's answer is longer than {ANSWER_MAX_BYTES} bytes")]
    TooLong,
}

impl Connection {
    /// Sends the first message: the hello, then the input's line if there is one.
    pub(super) fn open(
        mut stream: UnixStream,
        hello: Vec<u8>,
        line: &[u8],
        deadline: Instant,
    ) -> Result<Self, Interrupted> {
        let sent = stream.set_write_timeout(Some(left(deadline))).and_then(|()| send(&mut stream, hello, line));
        match sent {
            Ok(()) => {}
            Err(error) if is_timeout(&error) => return Err(Interrupted::Late),
            // A daemon that refuses may not read it all: its answer is still to be read. What of ours it has not read when it
            // closes makes the difference between the two.
            Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {}
            Err(_) => return Err(Interrupted::Gone),
        }
        Ok(Self { reader: BufReader::new(stream), partial: Vec::new() })
    }

    /// Waits for the next line until `deadline`, however it is cut into pieces.
    pub(super) fn next(&mut self, deadline: Instant) -> Result<ServerLine, Interrupted> {
        loop {
            let wait = Some(left(deadline));
            if self.reader.get_ref().set_read_timeout(wait).is_err() {
                return Err(Interrupted::Gone);
            }
            match read_line_capped(&mut self.reader, &mut self.partial, ANSWER_MAX_BYTES) {
                Ok(Some(line)) => return Ok(ServerLine::parse(&line)?),
                Err(LineError::TooLong { .. }) => return Err(Interrupted::TooLong),
                Err(LineError::Io(error)) if is_timeout(&error) => {
                    if Instant::now() >= deadline {
                        return Err(Interrupted::Late);
                    }
                }
                Ok(None) | Err(LineError::Truncated | LineError::Io(_)) => {
                    return Err(Interrupted::Gone);
                }
            }
        }
    }
}

/// Sends hello and input, in one write where the socket's buffer takes it: one wake-up of the daemon.
///
/// A large input needs several writes anyway and is not copied for it.
pub(super) fn send(stream: &mut UnixStream, mut hello: Vec<u8>, line: &[u8]) -> io::Result<()> {
    if line.len() <= ONE_WRITE_MAX_BYTES {
        hello.extend_from_slice(line);
        stream.write_all(&hello)
    } else {
        stream.write_all(&hello)?;
        stream.write_all(line)
    }
}

/// A timeout of zero means "for ever" to the socket, so there is always a little left.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
