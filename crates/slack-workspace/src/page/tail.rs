//! The end of the journal, followed while a page is open.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use super::json::{number, string};
use super::place::Filter;
use crate::journal::JournalEntry;

/// Entries that the developer pane shows.
const SHOWN: usize = 300;

/// The newest entries of the journal.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail {
    entries: VecDeque<JournalEntry>,
    last: u64,
    oldest: u64,
}

/// What became of an envelope.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Acked {
    After {
        ms: i64,
        payload: Value,
    },
    /// There is still time.
    NotYet,
    /// The three seconds are over.
    Late,
}

/// How long an app has to acknowledge; docs.slack.dev, "Using Socket Mode".
pub(super) const DEADLINE_MS: i64 = 3_000;

impl Tail {
    /// The number of the newest entry known.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Takes note of the oldest entry that the journal still has: older ones are shown, but cannot be done again.
    pub(super) fn forget_before(&mut self, oldest: u64) {
        self.oldest = oldest;
    }

    /// Whether the journal still has an entry.
    pub(super) fn has(&self, seq: u64) -> bool {
        seq >= self.oldest
    }

    /// Adds newer entries.
    pub(super) fn extend(&mut self, entries: impl IntoIterator<Item = JournalEntry>) {
        for entry in entries {
            if entry.seq > self.last {
                self.last = entry.seq;
                self.entries.push_back(entry);
            }
            if self.entries.len() > SHOWN {
                self.entries.pop_front();
            }
        }
    }

    /// The entries a filter lets through, oldest first; an acknowledgement is told with its envelope.
    pub(super) fn shown(&self, filter: Filter, now_ms: i64) -> Vec<(&JournalEntry, Option<Acked>)> {
        let of_kind = |kind: &'static str| self.entries.iter().filter(move |entry| entry.kind == kind);
        let id = |entry: &JournalEntry| string(&entry.value, "envelope_id").to_owned();
        let acks: HashMap<String, &Value> = of_kind("ack").map(|entry| (id(entry), &entry.value)).collect();
        let envelopes: HashSet<String> = of_kind("envelope").map(id).collect();
        self.entries
            .iter()
            .filter(|entry| entry.kind != "ack" || !envelopes.contains(&id(entry)))
            .map(|entry| (entry, acked(entry, acks.get(&id(entry)).copied(), now_ms)))
            .filter(|(entry, acked)| passes(filter, entry, acked.as_ref()))
            .collect()
    }
}

fn acked(entry: &JournalEntry, ack: Option<&Value>, now_ms: i64) -> Option<Acked> {
    if entry.kind != "envelope" {
        return None;
    }
    let is_late = now_ms - number(&entry.value, "at_ms").unwrap_or(now_ms) > DEADLINE_MS;
    Some(match ack {
        Some(ack) => Acked::After {
            ms: number(ack, "ms").unwrap_or(0),
            payload: ack.get("payload").cloned().unwrap_or(Value::Null),
        },
        None if is_late => Acked::Late,
        None => Acked::NotYet,
    })
}

fn passes(filter: Filter, entry: &JournalEntry, acked: Option<&Acked>) -> bool {
    match filter {
        Filter::All => true,
        Filter::Api => entry.kind == "api" || entry.kind == "http",
        Filter::Events => matches!(entry.kind.as_str(), "envelope" | "ack" | "connection" | "http"),
        Filter::Problems => is_problem(entry, acked),
    }
}

fn is_problem(entry: &JournalEntry, acked: Option<&Acked>) -> bool {
    let is_again = number(&entry.value, "retry_attempt").unwrap_or(0) > 0;
    let has_failed = !matches!(string(&entry.value, "outcome"), "" | "ok");
    acked == Some(&Acked::Late) || is_again || has_failed || entry.kind == "fault" || error_of(&entry.value).is_some()
}

/// The error that a call was answered with.
pub(super) fn error_of(entry: &Value) -> Option<&str> {
    entry.get("response")?.get("error")?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(seq: u64, kind: &str, mut value: Value) -> JournalEntry {
        value["seq"] = seq.into();
        JournalEntry { seq, kind: kind.to_owned(), value }
    }

    #[test]
    fn an_acknowledgement_is_told_with_its_envelope() {
        let mut tail = Tail::default();
        tail.extend([
            entry(1, "envelope", json!({"envelope_id": "e1", "at_ms": 1})),
            entry(2, "ack", json!({"envelope_id": "e1", "ms": 12, "payload": null})),
            entry(3, "envelope", json!({"envelope_id": "e2", "at_ms": 2, "retry_attempt": 1})),
        ]);
        let shown = tail.shown(Filter::All, 1_000);
        assert_eq!(shown.len(), 2);
        assert_eq!(shown[0].1, Some(Acked::After { ms: 12, payload: Value::Null }));
        assert_eq!(shown[1].1, Some(Acked::NotYet));
        assert_eq!(tail.shown(Filter::All, 9_000)[1].1, Some(Acked::Late));
        assert_eq!(tail.shown(Filter::Problems, 1_000).len(), 1);
    }

    #[test]
    fn the_tail_is_bounded_and_takes_no_entry_twice() {
        let mut tail = Tail::default();
        tail.extend((1..=1_000).map(|seq| entry(seq, "api", json!({}))));
        tail.extend([entry(999, "api", json!({}))]);
        assert_eq!((tail.shown(Filter::All, 0).len(), tail.last()), (SHOWN, 1_000));
    }
}
