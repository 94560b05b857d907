//! Lines with a limit, read from a blocking reader or cut from chunks.

use std::io::BufRead;

/// Why a line could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The line is longer than the reader accepts; the connection cannot be used any further.
    #[error("line is longer than {cap} bytes")]
    TooLong {
        /// The limit, in bytes, without the line break.
        cap: usize,
    },
    /// The other side closed in the middle of a line.
    #[error("connection ended in the middle of a line")]
    Truncated,
    /// The transport failed; a read timeout is among these.
    #[error("could not read a line")]
    Io(#[from] std::io::Error),
}

/// Reads one line of at most `cap` bytes, without its line break.
///
/// `None` is a clean end. Never buffers more than `cap` bytes plus the reader's own buffer. `partial`
/// keeps what was read before an error, so that a caller may go on after a read timeout; it is empty
/// after a complete line.
pub fn read_line_capped<R: BufRead>(
    reader: &mut R,
    partial: &mut Vec<u8>,
    cap: usize,
) -> Result<Option<Vec<u8>>, LineError> {
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        if chunk.is_empty() {
            return end(partial);
        }
        let (text, ended) = match chunk.iter().position(|&byte| byte == b'\n') {
            Some(at) => (chunk.get(..at).unwrap_or(chunk), true),
            None => (chunk, false),
        };
        if partial.len().saturating_add(text.len()) > cap {
            return Err(LineError::TooLong { cap });
        }
        partial.extend_from_slice(text);
        let used = text.len() + usize::from(ended);
        reader.consume(used);
        if ended {
            return Ok(Some(std::mem::take(partial)));
        }
    }
}

/// The end of the stream: clean only between lines.
fn end(partial: &[u8]) -> Result<Option<Vec<u8>>, LineError> {
    if partial.is_empty() { Ok(None) } else { Err(LineError::Truncated) }
}

/// Cuts chunks into lines, for a reader that is not [`BufRead`] (an async socket).
///
/// Push what arrived, then take lines until there is none. The limit is given per line because the
/// first line and the input have different ones.
#[derive(Debug, Default)]
pub struct LineSplitter {
    buffer: Vec<u8>,
    /// Up to here there is no line break: keeps a long line linear.
    scanned: usize,
}

impl LineSplitter {
    /// Creates an empty splitter.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes that arrived.
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// Takes the next complete line, without its line break.
    ///
    /// `Ok(None)` means that more bytes are needed. Errs with [`LineError::TooLong`] as soon as the line
    /// is known to exceed `cap`, complete or not.
    pub fn next_line(&mut self, cap: usize) -> Result<Option<Vec<u8>>, LineError> {
        let fresh = self.buffer.get(self.scanned..).unwrap_or_default();
        let end = fresh.iter().position(|&byte| byte == b'\n');
        let length = end.map_or(self.buffer.len(), |at| self.scanned + at);
        if length > cap {
            return Err(LineError::TooLong { cap });
        }
        if end.is_none() {
            self.scanned = length;
            return Ok(None);
        }
        let rest = self.buffer.split_off(length + 1);
        let mut line = std::mem::replace(&mut self.buffer, rest);
        line.pop();
        self.scanned = 0;
        Ok(Some(line))
    }

    /// Says whether the stream may end here: errs when it ended in the middle of a line.
    pub fn finish(&self) -> Result<(), LineError> {
        end(&self.buffer).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Cursor, Read};

    /// Hands out one byte at a time, as a slow peer does.
    struct Dribble(Cursor<Vec<u8>>);

    impl Read for Dribble {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            let first = buf.get_mut(..1).unwrap();
            self.0.read(first)
        }
    }

    fn dribble(bytes: &[u8]) -> BufReader<Dribble> {
        BufReader::new(Dribble(Cursor::new(bytes.to_vec())))
    }

    fn read<R: BufRead>(reader: &mut R, cap: usize) -> Result<Option<Vec<u8>>, LineError> {
        read_line_capped(reader, &mut Vec::new(), cap)
    }

    #[test]
    fn a_line_in_pieces_is_put_together() {
        let mut reader = dribble(b"hello\nworld\n");
        assert_eq!(read(&mut reader, 5).unwrap().unwrap(), b"hello");
        assert_eq!(read(&mut reader, 5).unwrap().unwrap(), b"world");
        assert!(read(&mut reader, 5).unwrap().is_none());
    }

    #[test]
    fn two_lines_in_one_read_are_taken_apart() {
        let mut reader = BufReader::new(Cursor::new(b"a\n\nb\n".to_vec()));
        assert_eq!(read(&mut reader, 1).unwrap().unwrap(), b"a");
        assert_eq!(read(&mut reader, 1).unwrap().unwrap(), b"");
        assert_eq!(read(&mut reader, 1).unwrap().unwrap(), b"b");
    }

    #[test]
    fn an_end_within_a_line_is_not_a_line() {
        assert!(matches!(read(&mut dribble(b"half"), 10), Err(LineError::Truncated)));
    }

    #[test]
    fn a_line_over_the_limit_is_refused_before_it_is_buffered() {
        let mut endless = BufReader::new(std::io::repeat(b'x'));
        assert!(matches!(read(&mut endless, 100_000), Err(LineError::TooLong { cap: 100_000 })));
        assert!(matches!(read(&mut dribble(b"123456\n"), 5), Err(LineError::TooLong { cap: 5 })));
    }

    #[test]
    fn the_splitter_agrees_with_the_reader() {
        let mut splitter = LineSplitter::new();
        splitter.push(b"hel");
        assert!(splitter.next_line(5).unwrap().is_none());
        assert!(splitter.finish().is_err());
        splitter.push(b"lo\nworld\nx");
        assert_eq!(splitter.next_line(5).unwrap().unwrap(), b"hello");
        assert_eq!(splitter.next_line(5).unwrap().unwrap(), b"world");
        assert!(splitter.next_line(5).unwrap().is_none());
        splitter.push(b"12345");
        assert!(matches!(splitter.next_line(5), Err(LineError::TooLong { cap: 5 })));
    }

    #[test]
    fn the_splitter_allows_an_end_between_lines_only() {
        let mut splitter = LineSplitter::new();
        splitter.push(b"a\n");
        assert_eq!(splitter.next_line(1).unwrap().unwrap(), b"a");
        assert!(splitter.finish().is_ok());
    }
}
