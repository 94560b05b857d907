//! How records are written.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_approval::Timestamp;
use countersign_gateway::{Session, SessionEnd};
use serde_json::{Value, json};

use super::{merge::Piece, redact::Patterns};

/// A channel of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the person sent.
    In,
    /// Standard output; of a terminal, everything.
    Out,
    /// Standard error.
    Err,
}

/// A terminal's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Columns.
    pub(crate) cols: u16,
    /// Lines.
    pub(crate) rows: u16,
}

/// What stands at the beginning.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// The session that is recorded.
    pub(crate) session: Session,
    /// Its terminal, if it has one.
    pub(crate) terminal: Option<(String, Size)>,
}

impl Kind {
    pub(super) const fn lane(self) -> usize {
        match self {
            Self::In => 0,
            Self::Out => 1,
            Self::Err => 2,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Err => "err",
        }
    }

    const fn letter(self) -> &'static str {
        match self {
            Self::In => "i",
            Self::Out | Self::Err => "o",
        }
    }
}

impl Head {
    /// The recording's name in the object store.
    pub(super) fn name(&self) -> String {
        let extension = if self.terminal.is_some() { "cast" } else { "jsonl" };
        format!("{}.{extension}", self.session.id)
    }
}

/// Writes records as lines.
#[derive(Debug)]
pub(super) struct Lines {
    terminal: bool,
    /// Beginnings of characters whose end has not come, for each channel of a terminal.
    begun: [Vec<u8>; 3],
    /// A player expects times that never go back.
    last: u64,
}

impl Lines {
    /// A writer, and its first line.
    pub(super) fn begin(head: &Head, patterns: &Patterns) -> (Self, Vec<u8>) {
        let session = &head.session;
        let command: Vec<String> = session.command.iter().map(|arg| patterns.whole(arg)).collect();
        let started = seconds(session.opened_at);
        let header = match &head.terminal {
            Some((term, size)) => json!({
                "version": 2, "width": size.cols, "height": size.rows, "timestamp": started,
                "title": format!("{} on {}", session.person, session.connection), "env": { "TERM": term },
            }),
            None => json!({
                "version": 1, "session": session.id.to_string(), "connection": session.connection.as_str(),
                "person": session.person.as_str(), "verb": session.verb.as_str(), "command": command, "started": started,
            }),
        };
        let lines = Self { terminal: head.terminal.is_some(), begun: Default::default(), last: 0 };
        (lines, line(&header))
    }

    /// A piece of a channel.
    pub(super) fn piece(&mut self, piece: &Piece) -> Vec<u8> {
        if !self.terminal {
            // Written by hand: this is most of what a recording is.
            let mut line = format!("{{\"t\":{},\"ch\":\"{}\",\"data\":\"", time(piece.at), piece.kind.word());
            STANDARD.encode_string(&piece.data, &mut line);
            line.push_str("\"}\n");
            return line.into_bytes();
        }
        let Some(begun) = self.begun.get_mut(piece.kind.lane()) else { return Vec::new() };
        let text = text_of(begun, &piece.data);
        if text.is_empty() {
            return Vec::new();
        }
        self.event(piece.at, piece.kind.letter(), &text)
    }

    /// The terminal has another size.
    pub(super) fn resize(&mut self, at: u64, size: Size) -> Vec<u8> {
        if !self.terminal {
            return Vec::new();
        }
        self.event(at, "r", &format!("{}x{}", size.cols, size.rows))
    }

    /// The last record of one that is full.
    pub(super) fn cap(&mut self, at: u64, limit: u64) -> Vec<u8> {
        if self.terminal {
            return self.event(at, "m", &format!("the recording ends here: it has reached its cap of {limit} bytes"));
        }
        line(&json!({ "t": at_seconds(at), "ch": "cap", "limit": limit }))
    }

    /// The last record of one that is whole.
    pub(super) fn end(&mut self, at: u64, end: &SessionEnd) -> Vec<u8> {
        let end = serde_json::to_value(end).unwrap_or(Value::Null);
        if self.terminal {
            return self.event(at, "m", &format!("ended: {end}"));
        }
        line(&json!({ "t": at_seconds(at), "ch": "end", "end": end }))
    }

    fn event(&mut self, at: u64, letter: &str, text: &str) -> Vec<u8> {
        self.last = self.last.max(at);
        line(&json!([at_seconds(self.last), letter, text]))
    }
}

fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string();
    line.push('\n');
    line.into_bytes()
}

fn seconds(at: Timestamp) -> i64 {
    at.as_secs()
}

fn time(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn at_seconds(micros: u64) -> Value {
    serde_json::from_str(&time(micros)).unwrap_or(Value::Null)
}

/// The whole characters of what came so far; what is none of UTF-8 is shown as U+FFFD, and the beginning of a character
/// waits for its end.
fn text_of(begun: &mut Vec<u8>, data: &[u8]) -> String {
    begun.extend_from_slice(data);
    let mut text = String::with_capacity(begun.len());
    let mut rest = 0;
    for chunk in begun.utf8_chunks() {
        text.push_str(chunk.valid());
        rest += chunk.valid().len();
        let invalid = chunk.invalid();
        let is_last = rest + invalid.len() == begun.len();
        if invalid.is_empty() || (is_last && is_beginning(invalid)) {
            break;
        }
        text.push(char::REPLACEMENT_CHARACTER);
        rest += invalid.len();
    }
    begun.drain(..rest);
    text
}

/// Whether more bytes could make it a character.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_character_cut_in_two_is_whole_again() {
        let mut begun = Vec::new();
        assert_eq!(text_of(&mut begun, b"a\xe2\x82"), "a");
        assert_eq!(text_of(&mut begun, b"\xacb"), "€b");
        assert_eq!(text_of(&mut begun, b"\xff\xe2("), "\u{fffd}\u{fffd}(");
        assert!(begun.is_empty());
    }

    #[test]
    fn times_are_seconds() {
        assert_eq!(time(1_000_042), "1.000042");
        assert_eq!(at_seconds(500_000).to_string(), "0.5");
    }

    proptest! {
        #[test]
        fn text_survives_any_cut(text: String, cut in 0_usize..64) {
            let (one, two) = text.as_bytes().split_at(cut.min(text.len()));
            let mut begun = Vec::new();
            let whole = text_of(&mut begun, one) + &text_of(&mut begun, two);
            prop_assert_eq!(whole, text);
        }

        #[test]
        fn what_waits_is_less_than_a_character(bytes: Vec<u8>) {
            let mut begun = Vec::new();
            text_of(&mut begun, &bytes);
            prop_assert!(begun.len() < 4);
        }
    }
}
