//! The record of what was called, delivered and acknowledged, without a single token.

mod redact;

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;

pub(crate) use redact::Redactor;

/// The longest a field of a line may be, in bytes: more than the largest view.
const MAX_FIELD: usize = 512 * 1024;
/// How much is kept of one that is longer.
const CUT_TO: usize = 4096;
/// Says that a field was too long.
const CUT: &str = "truncated";

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
    /// Without their beginnings.
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

    /// Writes every line from now on to a file too, which is begun anew with a line of its own.
    pub(crate) fn record(&self, path: &Path, first: &Value) -> io::Result<()> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        // Messages are inside: nobody else's business.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        // The permissions above are a new file's.
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        let mut recording = Recording(file);
        recording.write(&first.to_string());
        self.ring().recording = Some(recording);
        Ok(())
    }

    /// Forgets the secrets of what is gone: whoever calls it teaches the journal those that are left.
    pub(crate) fn unlearn(&self) {
        *self.redactor.write().unwrap_or_else(PoisonError::into_inner) = Redactor::default();
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
        /// A buffer that had to grow beyond this is given back.
        const KEPT: usize = 64 * 1024;
        thread_local! {
            // Lines are written often, and most are about as long as the one before.
            static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
        }
        let mut line = LINE.take();
        line.clear();
        self.compose(&mut line, at_ms, kind, fields);
        self.ring().push(&line);
        if line.capacity() <= KEPT {
            LINE.set(line);
        }
    }

    /// Everything of a line but its beginning, which has its number.
    fn compose(&self, line: &mut Vec<u8>, at_ms: u64, kind: &'static str, fields: &[(&str, Field<'_>)]) {
        let redactor = self.redactor.read().unwrap_or_else(PoisonError::into_inner);
        append(&at_ms, line, b",\"at_ms\":");
        append(kind, line, b",\"kind\":");
        for (name, field) in fields {
            append(name, line, b",");
            field.append(&redactor, line);
        }
        line.push(b'}');
    }

    /// The lines after `since`.
    pub(crate) fn since(&self, since: u64) -> Page {
        let ring = self.ring();
        let next = since.saturating_add(1);
        let skip = usize::try_from(next.saturating_sub(ring.first)).unwrap_or(usize::MAX);
        let lines = ring.lines.iter().zip(ring.first..).skip(skip).map(|(rest, seq)| whole(seq, rest)).collect();
        Page { lines, is_truncated: ring.is_truncated && next < ring.first }
    }

    /// The line with this number, if it is still there.
    pub(crate) fn line(&self, seq: u64) -> Option<Box<str>> {
        let ring = self.ring();
        let position = usize::try_from(seq.checked_sub(ring.first)?).ok()?;
        ring.lines.get(position).map(|rest| whole(seq, rest))
    }

    /// The number of the oldest line that is still there, or of the next one.
    pub(crate) fn oldest(&self) -> u64 {
        self.ring().first
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
    fn push(&mut self, rest: &[u8]) {
        // JSON is written as UTF-8: nothing is replaced.
        let rest = String::from_utf8_lossy(rest);
        if let Some(recording) = &mut self.recording {
            recording.write(&whole(self.first + self.lines.len() as u64, &rest));
        }
        self.bytes += rest.len();
        self.lines.push_back(Box::from(rest));
        while self.bytes > self.capacity {
            let Some(line) = self.lines.pop_front() else { break };
            self.bytes -= line.len();
            self.first += 1;
            self.is_truncated = true;
        }
    }
}

/// A line with its number, which is not kept: it follows from the line's place.
fn whole(seq: u64, rest: &str) -> Box<str> {
    format!("{{\"seq\":{seq}{rest}").into_boxed_str()
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
    fn append(self, redactor: &Redactor, line: &mut Vec<u8>) {
        match self {
            Self::Null => append(&(), line, b":"),
            Self::Flag(flag) => append(&flag, line, b":"),
            Self::Number(number) => append(&number, line, b":"),
            Self::Text(text) => append(&redactor.text(text), line, b":"),
            Self::Json(value) => append(&redactor.value(value), line, b":"),
            Self::Body(body) => append(&body.redacted(redactor), line, b":"),
        }
    }
}

impl<'a> From<Option<&'a str>> for Field<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// Writes a value behind what stands before it; of one that is too long only how it begins.
fn append<T: Serialize + ?Sized>(value: &T, line: &mut Vec<u8>, before: &[u8]) {
    line.extend_from_slice(before);
    let begin = line.len();
    // Values have string keys: this fails at the bound only.
    if serde_json::to_writer(Bounded { line, end: begin.saturating_add(MAX_FIELD) }, value).is_err() {
        let begins = String::from_utf8_lossy(line.get(begin..begin.saturating_add(CUT_TO)).unwrap_or_default());
        let cut = serde_json::json!({CUT: true, "begins": begins}).to_string();
        line.truncate(begin);
        line.extend_from_slice(cut.as_bytes());
    }
}

/// Whether a field of a line was too long to be kept.
pub(crate) fn is_cut(field: &Value) -> bool {
    field.get(CUT) == Some(&Value::Bool(true)) && field.get("begins").is_some()
}

/// A line that grows to a certain length and no further.
struct Bounded<'a> {
    line: &'a mut Vec<u8>,
    end: usize,
}

impl io::Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.line.len().saturating_add(bytes.len()) > self.end {
            // What there is may be less than what is kept of it.
            let room = self.end.saturating_sub(self.line.len());
            self.line.extend_from_slice(bytes.get(..room).unwrap_or_default());
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
        assert!(journal.since(u64::MAX).entries().is_empty());
        assert!(journal.line(20).is_some_and(|line| line.starts_with("{\"seq\":20,")));
        assert!([0, 1, 21, u64::MAX].iter().all(|seq| journal.line(*seq).is_none()));
        journal.clear();
        journal.write(1, "api", &[]);
        assert_eq!(journal.since(0).entries().first().unwrap().seq, 21);
    }

    #[test]
    fn a_long_answer_leaves_the_other_lines_alone() {
        let journal = Journal::new(1024 * 1024);
        journal.write(1, "api", &[("method", Field::Text("auth.test"))]);
        let long = Value::String("é".repeat(MAX_FIELD));
        journal.write(2, "api", &[("response", Field::Json(&long)), ("ms", Field::Number(1))]);
        let entries = journal.since(0).entries();
        assert_eq!(entries.len(), 2);
        let cut = entries.last().unwrap();
        assert!(is_cut(&cut.value["response"]), "{:?}", cut.value);
        assert_eq!(cut.value["ms"], 1);
    }
}
