//! What a transaction leaves behind.

use countersign_approval::{Hints, RequestId, audit::AuditRow};

/// The answer of a change, and whether what it wrote stays.
#[derive(Debug)]
#[must_use]
pub(crate) struct Change<T> {
    pub(crate) answer: T,
    pub(crate) fate: Fate,
    pub(crate) wake: Wake,
}

/// Whether what was written stays.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It stays.
    Keep,
    /// It is rolled back; then this row, if any, is written in its place.
    Undo(Option<AuditRow>),
}

/// Who is to be woken after the commit.
#[derive(Debug)]
pub(crate) enum Wake {
    /// Nobody: nothing changed.
    Nobody,
    /// Whoever waits for one of these requests, the outbox and the chainer.
    Requests(Vec<RequestId>),
    /// The outbox.
    Outbox,
    /// The chainer.
    Chainer,
}

impl<T> Change<T> {
    /// What was written stays.
    pub(crate) fn keep(answer: T, wake: Wake) -> Self {
        Self { answer, fate: Fate::Keep, wake }
    }

    /// Nothing was to be written; what was is rolled back.
    pub(crate) fn nothing(answer: T) -> Self {
        Self { answer, fate: Fate::Undo(None), wake: Wake::Nobody }
    }

    /// What was written is rolled back, and that is recorded.
    pub(crate) fn refuse(answer: T, record: AuditRow) -> Self {
        Self { answer, fate: Fate::Undo(Some(record)), wake: Wake::Chainer }
    }
}

impl Wake {
    /// Wakes them.
    pub(crate) fn fire(self, hints: &Hints) {
        match self {
            Self::Nobody => {}
            Self::Requests(ids) => ids.into_iter().for_each(|id| hints.request_changed(id)),
            Self::Outbox => hints.work_waiting(),
            Self::Chainer => hints.audit_waiting(),
        }
    }
}

/// Whether a change has to outlive a power cut, or its process only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// Its process: what it says is found out again.
    Light,
    /// A power cut.
    Durable,
}

/// What the statements of one transaction see of others, on PostgreSQL. SQLite's see one state anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// Each what was committed when it began.
    EachStatement,
    /// All what was committed when the first one began. A row that was changed meanwhile has the transaction done once
    /// more.
    One,
}

/// How a change is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    /// What it does, for errors, e.g. `insert the request`.
    pub(crate) doing: &'static str,
    pub(crate) weight: Weight,
    pub(crate) view: View,
}
