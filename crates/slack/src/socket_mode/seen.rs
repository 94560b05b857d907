//! What was delivered before.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// An envelope id or event id.
pub(super) type Key = String;

/// Keys remembered; at a few hundred a second these are the last seconds, in ordinary use the last days.
const CAPACITY: usize = 8192;

/// What is remembered of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing: it is new, and from now on pending.
    Never,
    /// It was delivered, and is not acknowledged yet.
    Pending,
    /// It was acknowledged.
    Done,
}

/// A bounded memory of deliveries, shared by all connections.
#[derive(Debug, Default)]
pub(super) struct Seen {
    // A std mutex: held for look-ups, never across an await.
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    state: HashMap<Key, bool>,
    order: VecDeque<Key>,
}

impl Seen {
    /// Looks a delivery up by all its keys, and remembers it as pending when it is new.
    pub(super) fn begin(&self, keys: &[Key]) -> Before {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let states = || keys.iter().filter_map(|key| memory.state.get(key));
        if states().any(|done| *done) {
            return Before::Done;
        }
        if states().next().is_some() {
            return Before::Pending;
        }
        for key in keys {
            memory.remember(key, false);
        }
        Before::Never
    }

    /// It was acknowledged.
    pub(super) fn done(&self, keys: &[Key]) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            memory.remember(key, true);
        }
    }

    /// It will not be acknowledged: the next delivery is as good as the first.
    pub(super) fn forget(&self, keys: &[Key]) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            memory.state.remove(key);
        }
    }
}

impl Memory {
    fn remember(&mut self, key: &Key, done: bool) {
        if self.state.insert(key.clone(), done).is_none() {
            self.order.push_back(key.clone());
        }
        while self.order.len() > CAPACITY {
            if let Some(oldest) = self.order.pop_front() {
                self.state.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> Vec<Key> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_acknowledged_event_is_known_under_either_key() {
        let seen = Seen::default();
        assert_eq!(seen.begin(&keys(&["e1", "Ev1"])), Before::Never);
        assert_eq!(seen.begin(&keys(&["e1", "Ev1"])), Before::Pending);
        seen.done(&keys(&["e1", "Ev1"]));
        assert_eq!(seen.begin(&keys(&["e2", "Ev1"])), Before::Done);
    }

    #[test]
    fn what_was_not_acknowledged_is_new_again() {
        let seen = Seen::default();
        seen.begin(&keys(&["e1"]));
        seen.forget(&keys(&["e1"]));
        assert_eq!(seen.begin(&keys(&["e1"])), Before::Never);
    }

    #[test]
    fn memory_is_bounded() {
        let seen = Seen::default();
        for n in 0..CAPACITY * 3 {
            seen.begin(&[n.to_string()]);
            if n % 2 == 0 {
                seen.forget(&[n.to_string()]);
            }
        }
        let memory = seen.memory.lock().unwrap();
        assert!(memory.order.len() <= CAPACITY && memory.state.len() <= CAPACITY);
    }
}
