//! The record of what was called, delivered and acknowledged, without a single token.

mod redact;

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;

pub(crate) use redact::Redactor;

/// A line of the journal, as it is read back.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalEntry {
    /// Counts up from one, over the workspace's whole life.
    pub seq: u64,
    /// `api`, `envelope`, `ack`, `connection`, `http`, `person` or `fault`.
    pub kind: String,
    /// Everything, `seq`, `at_ms` and `kind` included.
    pub value: Value,
}

/// A ring of lines, bounded by bytes.
pub(crate) struct Journal {
    // Held for one append or one copy; never across an await, never while another lock is taken.
    ring: Mutex<Ring>,
    redactor: std::sync::RwLock<Redactor>,
}

/// A file that gets every line.
struct Recording(File);

impl Recording {
    fn write(&mut self, line: &str) {
        if let Err(error) = self.0.write_all(format!("{line}\n").as_bytes()) {
            tracing::warn!(%error, "a line of the journal could not be recorded");
        }
    }
}

struct Ring {
    lines: VecDeque<Box<str>>,
    /// The number of the first line that is kept.
    first: u64,
    bytes: usize,
    capacity: usize,
    is_truncated: bool,
    recording: Option<Recording>,
}

/// What one page of the journal says.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) lines: Vec<Box<str>>,
    pub(crate) is_truncated: bool,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").finish_non_exhaustive()
    }
}

impl Journal {
    pub(crate) fn new(capacity: usize) -> Self {
        let ring = Ring { lines: VecDeque::new(), first: 1, bytes: 0, capacity, is_truncated: false, recording: None };
        Self { ring: Mutex::new(ring), redactor: std::sync::RwLock::default() }
    }

    /// Writes every line from now on to a file too, which is begun anew.
    pub(crate) fn record(&self, path: &Path) -> io::Result<()> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        // Messages are inside: nobody else's business.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        self.ring().recording = Some(Recording(options.open(path)?));
        Ok(())
    }

    /// Adds secrets that must never be written.
    pub(crate) fn learn<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) {
        let mut redactor = self.redactor.write().unwrap_or_else(PoisonError::into_inner);
        for secret in secrets {
            redactor.learn(secret);
        }
    }

    /// Writes a line: an object with these fields, tokens taken out.
    pub(crate) fn write(&self, at_ms: u64, kind: &'static str, fields: &[(&str, Field<'_>)]) {
        let redactor = self.redactor.read().unwrap_or_else(PoisonError::into_inner);
        let mut line = String::with_capacity(256);
        line.push_str(",\"at_ms\":");
        line.push_str(&at_ms.to_string());
        line.push_str(",\"kind\":\"");
        line.push_str(kind);
        line.push('"');
        for (name, field) in fields {
            line.push_str(",\"");
            line.push_str(name);
            line.push_str("\":");
            field.append(&redactor, &mut line);
        }
        line.push('}');
        drop(redactor);
        self.ring().push(&line);
    }

    /// The lines after `since`.
    pub(crate) fn since(&self, since: u64) -> Page {
        let ring = self.ring();
        let skip = usize::try_from((since + 1).saturating_sub(ring.first)).unwrap_or(usize::MAX);
        let lines = ring.lines.iter().skip(skip).cloned().collect();
        Page { lines, is_truncated: ring.is_truncated && since + 1 < ring.first }
    }

    /// Forgets every line; numbers go on.
    pub(crate) fn clear(&self) {
        let mut ring = self.ring();
        ring.first += ring.lines.len() as u64;
        ring.lines.clear();
        ring.bytes = 0;
        ring.is_truncated = false;
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn push(&mut self, rest: &str) {
        let seq = self.first + self.lines.len() as u64;
        let line = format!("{{\"seq\":{seq}{rest}").into_boxed_str();
        if let Some(recording) = &mut self.recording {
            recording.write(&line);
        }
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.bytes > self.capacity {
            let Some(line) = self.lines.pop_front() else { break };
            self.bytes -= line.len();
            self.first += 1;
            self.is_truncated = true;
        }
    }
}

impl Page {
    /// The lines, read back.
    pub(crate) fn entries(&self) -> Vec<JournalEntry> {
        self.lines.iter().filter_map(|line| serde_json::from_str(line).ok()).filter_map(entry).collect()
    }

    /// The page as JSON: `{"entries":[…],"truncated":…}`.
    pub(crate) fn to_json(&self) -> String {
        format!("{{\"entries\":[{}],\"truncated\":{}}}", self.lines.join(","), self.is_truncated)
    }
}

fn entry(value: Value) -> Option<JournalEntry> {
    let seq = value.get("seq")?.as_u64()?;
    let kind = value.get("kind")?.as_str()?.to_owned();
    Some(JournalEntry { seq, kind, value })
}

/// The value of a field of a line.
#[derive(Clone, Copy)]
pub(crate) enum Field<'a> {
    Null,
    Flag(bool),
    Number(u64),
    Text(&'a str),
    Json(&'a Value),
    /// An object whose fields are shared with the state.
    Body(&'a crate::api::Body),
}

impl Field<'_> {
    fn append(self, redactor: &Redactor, line: &mut String) {
        match self {
            Self::Null => line.push_str("null"),
            Self::Flag(flag) => line.push_str(if flag { "true" } else { "false" }),
            Self::Number(number) => line.push_str(&number.to_string()),
            Self::Text(text) => append(&redactor.text(text), line),
            Self::Json(value) => append(&redactor.value(value), line),
            Self::Body(body) => append(&body.redacted(redactor), line),
        }
    }
}

impl<'a> From<Option<&'a str>> for Field<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

fn append<T: Serialize + ?Sized>(value: &T, line: &mut String) {
    // Values have string keys: serialising them cannot fail.
    line.push_str(&serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_forgets_the_oldest_and_says_so() {
        let journal = Journal::new(400);
        for number in 0..20 {
            journal.write(number, "api", &[("method", Field::Text("auth.test"))]);
        }
        let page = journal.since(0);
        assert!(page.is_truncated);
        let entries = page.entries();
        assert!(entries.len() < 10, "{}", entries.len());
        assert_eq!(entries.last().unwrap().seq, 20);
        assert!(!journal.since(19).is_truncated);
        assert_eq!(journal.since(19).entries().len(), 1);
        journal.clear();
        journal.write(1, "api", &[]);
        assert_eq!(journal.since(0).entries().first().unwrap().seq, 21);
    }
}
