//! What of a hook's stdout is its response, and what are diagnostics.

use countersign_slack::hooks::{Boundary, HookName, Protocol};
use memchr::memrchr;
use serde::de::IgnoredAny;

use super::boundary::{Piece, Scanner};

/// The longest response, in bytes. More than this comes from a hook that has gone wild.
const RESPONSE_LIMIT: usize = 128 << 20;
/// How much of what stands outside boundaries is kept, in bytes, in case that no boundary comes at all.
const UNBOUNDED_LIMIT: usize = 16 << 20;

/// Takes a hook's stdout as it comes: keeps its response, gives its diagnostics on.
#[derive(Debug)]
pub(super) enum Collector {
    /// All of it is the response.
    Whole(Vec<u8>),
    /// Its last line is the response.
    LastLine(LastLine),
    /// What stands between two boundaries is the response.
    Bounded(Box<Bounded>),
}

/// A response, and what was odd about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) bytes: Vec<u8>,
    pub(super) oddity: Option<&'static str>,
}

/// Why there is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoResponse {
    TooLarge,
    NoBoundary,
    NotClosed,
    Several,
}

impl Collector {
    /// The one for a hook that answers by a protocol.
    pub(super) fn of(hook: HookName, protocol: &Protocol) -> Self {
        match protocol {
            Protocol::MessageBoundaries(boundary) => Self::Bounded(Box::new(Bounded::new(boundary))),
            Protocol::Default if hook == HookName::Start => Self::LastLine(LastLine::default()),
            Protocol::Default => Self::Whole(Vec::new()),
        }
    }

    /// Takes what was read.
    pub(super) fn push(&mut self, chunk: &[u8], show: &mut dyn FnMut(&[u8])) -> Result<(), NoResponse> {
        match self {
            Self::Whole(bytes) => keep(bytes, chunk),
            Self::LastLine(last) => last.push(chunk, show),
            Self::Bounded(bounded) => bounded.push(chunk, show),
        }
    }

    /// The response, now that nothing more comes.
    pub(super) fn finish(self, show: &mut dyn FnMut(&[u8])) -> Result<Response, NoResponse> {
        match self {
            Self::Whole(bytes) | Self::LastLine(LastLine { bytes, .. }) => Ok(Response { bytes, oddity: None }),
            Self::Bounded(bounded) => bounded.finish(show),
        }
    }

    /// What was kept and nobody has seen yet.
    pub(super) fn unseen(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) | Self::LastLine(LastLine { bytes, .. }) => bytes,
            Self::Bounded(_) => &[],
        }
    }
}

fn keep(bytes: &mut Vec<u8>, chunk: &[u8]) -> Result<(), NoResponse> {
    if bytes.len() + chunk.len() > RESPONSE_LIMIT {
        return Err(NoResponse::TooLarge);
    }
    bytes.extend_from_slice(chunk);
    Ok(())
}

/// Keeps the last line that is not blank.
#[derive(Debug, Default)]
pub(super) struct LastLine {
    bytes: Vec<u8>,
    /// Where in them the line has ended, once it has.
    end: Option<usize>,
}

impl LastLine {
    fn push(&mut self, chunk: &[u8], show: &mut dyn FnMut(&[u8])) -> Result<(), NoResponse> {
        let Some(content) = chunk.iter().rposition(|byte| !byte.is_ascii_whitespace()) else {
            return self.extend(chunk);
        };
        if let Some(newline) = memrchr(b'\n', chunk.split_at(content).0) {
            let (earlier, last) = chunk.split_at(newline + 1);
            show(&self.bytes);
            show(earlier);
            *self = Self::default();
            return self.extend(last);
        }
        // The chunk belongs to one line, and what was kept up to its end to earlier ones.
        if let Some(end) = self.end.take() {
            show(self.bytes.split_at(end).0);
            self.bytes.drain(..end);
        }
        self.extend(chunk)
    }

    fn extend(&mut self, chunk: &[u8]) -> Result<(), NoResponse> {
        let newline = memrchr(b'\n', chunk).map(|at| self.bytes.len() + at + 1);
        self.end = newline.or(self.end);
        keep(&mut self.bytes, chunk)
    }
}

/// Keeps what stands between two boundaries.
#[derive(Debug)]
pub(super) struct Bounded {
    scanner: Scanner,
    message: Message,
}

#[derive(Debug)]
enum Message {
    /// No boundary yet; this is what came, unless it was too much.
    Before(Option<Vec<u8>>),
    Inside(Vec<u8>),
    After(Vec<u8>),
    Wrong(NoResponse),
}

impl Bounded {
    fn new(boundary: &Boundary) -> Self {
        Self { scanner: Scanner::new(boundary), message: Message::Before(Some(Vec::new())) }
    }

    fn push(&mut self, chunk: &[u8], show: &mut dyn FnMut(&[u8])) -> Result<(), NoResponse> {
        let Self { scanner, message } = self;
        scanner.push(chunk, &mut |piece| message.take(piece, show));
        match self.message {
            // The rest of the diagnostics is to be seen: only what is too large ends the hook.
            Message::Wrong(NoResponse::TooLarge) => Err(NoResponse::TooLarge),
            _ => Ok(()),
        }
    }

    fn finish(mut self, show: &mut dyn FnMut(&[u8])) -> Result<Response, NoResponse> {
        let Self { scanner, message } = &mut self;
        scanner.finish(&mut |piece| message.take(piece, show));
        match self.message {
            Message::After(bytes) => Ok(Response { bytes, oddity: None }),
            Message::Wrong(wrong) => Err(wrong),
            Message::Inside(bytes) if is_json(&bytes) => Ok(Response {
                bytes,
                oddity: Some("its message has no closing boundary; all that follows the opening one was taken"),
            }),
            Message::Inside(_) => Err(NoResponse::NotClosed),
            Message::Before(Some(bytes)) if bytes.trim_ascii().is_empty() => Ok(Response { bytes, oddity: None }),
            Message::Before(Some(bytes)) if is_json(&bytes) => Ok(Response {
                bytes,
                oddity: Some("its response has no boundary around it; all that it wrote was taken"),
            }),
            Message::Before(_) => Err(NoResponse::NoBoundary),
        }
    }
}

impl Message {
    fn take(&mut self, piece: Piece<'_>, show: &mut dyn FnMut(&[u8])) {
        match piece {
            Piece::Text(text) => self.take_text(text, show),
            Piece::Boundary => {
                *self = match std::mem::replace(self, Self::Wrong(NoResponse::Several)) {
                    Self::Before(_) => Self::Inside(Vec::new()),
                    Self::Inside(bytes) => Self::After(bytes),
                    Self::After(_) => Self::Wrong(NoResponse::Several),
                    wrong @ Self::Wrong(_) => wrong,
                }
            }
        }
    }

    fn take_text(&mut self, text: &[u8], show: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Inside(bytes) => {
                if let Err(wrong) = keep(bytes, text) {
                    *self = Self::Wrong(wrong);
                }
            }
            Self::Before(kept) => {
                *kept = kept.take().filter(|bytes| bytes.len() + text.len() <= UNBOUNDED_LIMIT).map(|mut bytes| {
                    bytes.extend_from_slice(text);
                    bytes
                });
                show(text);
            }
            Self::After(_) | Self::Wrong(_) => show(text),
        }
    }
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

#[cfg(test)]
#[path = "collect_tests.rs"]
mod tests;
