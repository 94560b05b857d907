//! Which envelopes in the inbox are not left over: those that this process has taken on itself.
//!
//! While what was left over is handled page by page, envelopes come in and are kept in the same inbox. Each is to be handled
//! once, whether it is read there or came in, or both: Slack delivers again what was left over.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use countersign_slack::ids::EnvelopeId;

use crate::StoredEnvelope;

/// How many that are left over are read at once.
const PAGE: usize = 500;

/// What this process does with envelopes, while some are left over.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    // A std lock: held for a look-up or the sorting of a page, never while waiting.
    known: Mutex<Option<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// Begun here; whether they have ended matters only when the inbox is read again.
    begun: HashSet<EnvelopeId>,
    /// Of those, marked as handled: the inbox has them no more the next time it is asked.
    ended: Vec<EnvelopeId>,
    /// Came in, and are being kept: whether they are new, or left over, is not known yet.
    arriving: HashMap<EnvelopeId, usize>,
}

/// A page, without what is not left over.
#[derive(Debug)]
pub(super) struct Sorted {
    /// To be begun, and known as begun from now on.
    pub(super) left: Vec<StoredEnvelope<'static>>,
    /// Of some it cannot be said yet.
    pub(super) is_unsure: bool,
}

impl Ledger {
    /// From now on it is written down what is begun.
    pub(super) fn open(&self) {
        self.with(|known| {
            known.get_or_insert_default();
        });
    }

    /// Nothing is left over.
    pub(super) fn close(&self) {
        self.with(|known| *known = None);
    }

    /// How much to ask the inbox for now, so that a page of what is left over is among it.
    pub(super) fn page(&self) -> usize {
        self.with(|known| {
            let Some(known) = known else { return PAGE };
            for id in known.ended.drain(..) {
                known.begun.remove(&id);
            }
            PAGE.saturating_add(known.begun.len()).saturating_add(known.arriving.len())
        })
    }

    /// What of a page is left over.
    pub(super) fn sort(&self, page: Vec<StoredEnvelope<'static>>) -> Sorted {
        self.with(|known| {
            let known = known.get_or_insert_default();
            let mut sorted = Sorted { left: Vec::new(), is_unsure: false };
            for envelope in page {
                if known.begun.contains(envelope.envelope_id.as_ref()) {
                    continue;
                }
                if known.arriving.contains_key(envelope.envelope_id.as_ref()) {
                    sorted.is_unsure = true;
                    continue;
                }
                known.begun.insert(envelope.envelope_id.clone().into_owned());
                sorted.left.push(envelope);
            }
            sorted
        })
    }

    /// An envelope came in and is about to be kept.
    pub(super) fn arrives(&self, id: &EnvelopeId) {
        self.with(|known| {
            if let Some(known) = known {
                *known.arriving.entry(id.clone()).or_default() += 1;
            }
        });
    }

    /// It was kept, and is handled here because it was new; or it was not.
    pub(super) fn arrived(&self, id: &EnvelopeId, is_new: bool) {
        self.with(|known| {
            let Some(known) = known else { return };
            if is_new {
                known.begun.insert(id.clone());
            }
            if let Some(count) = known.arriving.get_mut(id) {
                *count -= 1;
                if *count == 0 {
                    known.arriving.remove(id);
                }
            }
        });
    }

    /// It was marked as handled in the inbox.
    pub(super) fn ended(&self, id: &EnvelopeId) {
        self.with(|known| {
            if let Some(known) = known {
                known.ended.push(id.clone());
            }
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut Option<Known>) -> T) -> T {
        look(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use countersign_slack::socket_mode::EnvelopeKind;
    use serde_json::value::RawValue;

    use super::*;

    fn page(ids: &[&str]) -> Vec<StoredEnvelope<'static>> {
        let read = |id: &&str| StoredEnvelope::new((*id).into(), EnvelopeKind::EventsApi, RawValue::NULL.to_owned());
        ids.iter().map(read).collect()
    }

    fn left(ledger: &Ledger, ids: &[&str]) -> (Vec<String>, bool) {
        let sorted = ledger.sort(page(ids));
        let ids = sorted.left.iter().map(|envelope| envelope.envelope_id.as_str().to_owned());
        (ids.collect(), sorted.is_unsure)
    }

    fn opened() -> Ledger {
        let ledger = Ledger::default();
        ledger.open();
        ledger
    }

    #[test]
    fn each_is_left_over_once() {
        let ledger = opened();
        assert_eq!(left(&ledger, &["a", "b"]), (vec!["a".to_owned(), "b".to_owned()], false));
        assert_eq!(left(&ledger, &["a", "b", "c"]), (vec!["c".to_owned()], false));
    }

    #[test]
    fn what_came_in_is_not_left_over() {
        let ledger = opened();
        ledger.arrives(&"new".into());
        assert_eq!(left(&ledger, &["new"]), (vec![], true), "not known yet");
        ledger.arrived(&"new".into(), true);
        assert_eq!(left(&ledger, &["new"]), (vec![], false));
    }

    #[test]
    fn what_was_left_over_and_comes_again_is_left_over_still() {
        let ledger = opened();
        for _ in 0..2 {
            ledger.arrives(&"old".into());
        }
        ledger.arrived(&"old".into(), false);
        assert_eq!(left(&ledger, &["old"]), (vec![], true));
        ledger.arrived(&"old".into(), false);
        assert_eq!(left(&ledger, &["old"]), (vec!["old".to_owned()], false));
    }

    #[test]
    fn what_ends_while_a_page_is_read_is_not_begun_again() {
        let ledger = opened();
        assert_eq!(left(&ledger, &["a"]).0.len(), 1);
        assert_eq!(ledger.page(), PAGE + 1);
        // The page was read before this, and still has it.
        ledger.ended(&"a".into());
        assert_eq!(left(&ledger, &["a"]), (vec![], false));
        // The next one cannot have it any more.
        assert_eq!(ledger.page(), PAGE);
    }
}
