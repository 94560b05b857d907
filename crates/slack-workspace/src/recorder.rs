//! Writing down what happens, with the time, and telling those who watch.

use crate::change::Changes;
use crate::clock::Clock;
use crate::journal::{Field, Journal};
use crate::model::ChangeKind;

/// Clock, journal and announcements, which most parts need together.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) clock: Clock,
    pub(crate) journal: Journal,
    pub(crate) changes: Changes,
}

impl Recorder {
    pub(crate) fn new(journal_bytes: usize) -> Self {
        Self { clock: Clock::new(), journal: Journal::new(journal_bytes), changes: Changes::new() }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Writes a line into the journal.
    pub(crate) fn write(&self, kind: &'static str, fields: &[(&str, Field<'_>)]) {
        self.journal.write(self.now_ms(), kind, fields);
        self.changes.announce(ChangeKind::Journal);
    }
}
