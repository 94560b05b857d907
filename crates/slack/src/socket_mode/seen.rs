//! What was delivered before.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Deliveries remembered; at a few hundred a second these are the last seconds, in ordinary use the last days.
const CAPACITY: usize = 8192;
/// How long they are remembered: Slack's last ordinary attempt comes after six minutes, its delayed ones an hour apart.
const LIFETIME: Duration = Duration::from_hours(2);

/// What a delivery is recognised by: its envelope, and the event in it.
///
/// Fingerprints under a key of this process stand for the texts: two texts share one once in some 10^15 deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys {
    envelope: u64,
    event: Option<u64>,
}

/// What is remembered of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing: it is new, and from now on pending.
    Never,
    /// It was delivered, and is not acknowledged yet.
    Pending,
    /// It was acknowledged.
    Done,
}

/// A bounded memory of deliveries, shared by all connections.
#[derive(Debug, Default)]
pub struct Seen {
    fingerprints: RandomState,
    // A std mutex: held for look-ups, never across an await.
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    state: HashMap<u64, Mark>,
    order: VecDeque<(u64, Instant)>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    is_done: bool,
    /// When it was put into the order; an older entry there is of one that was forgotten meanwhile.
    at: Instant,
}

impl Seen {
    /// What a delivery is recognised by.
    pub fn keys(&self, envelope: &str, event: Option<&str>) -> Keys {
        // Envelopes and events have names of their own: one that is called like the other is another.
        let event = event.map(|event| self.fingerprints.hash_one(("event", event)));
        Keys { envelope: self.fingerprints.hash_one(envelope), event }
    }

    /// Looks a delivery up by all its keys, and remembers it as pending when it is new.
    pub fn begin(&self, keys: Keys) -> Before {
        self.begin_at(keys, Instant::now())
    }

    fn begin_at(&self, keys: Keys, now: Instant) -> Before {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.forget_old(now);
        let states = keys.each().filter_map(|key| memory.state.get(&key).map(|mark| mark.is_done));
        match states.reduce(|one, other| one || other) {
            Some(true) => Before::Done,
            Some(false) => Before::Pending,
            None => {
                keys.each().for_each(|key| memory.remember(key, false, now));
                Before::Never
            }
        }
    }

    /// It was acknowledged.
    pub fn done(&self, keys: Keys) {
        let now = Instant::now();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        keys.each().for_each(|key| memory.remember(key, true, now));
    }

    /// It will not be acknowledged: the next delivery is as good as the first.
    pub fn forget(&self, keys: Keys) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys.each() {
            memory.state.remove(&key);
        }
    }
}

impl Keys {
    fn each(self) -> impl Iterator<Item = u64> {
        std::iter::once(self.envelope).chain(self.event)
    }
}

impl Memory {
    fn remember(&mut self, key: u64, is_done: bool, now: Instant) {
        if let Some(mark) = self.state.get_mut(&key) {
            mark.is_done = is_done;
        } else {
            self.state.insert(key, Mark { is_done, at: now });
            self.order.push_back((key, now));
        }
        while self.order.len() > CAPACITY {
            self.forget_oldest();
        }
    }

    fn forget_old(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(_, at)| now.saturating_duration_since(*at) > LIFETIME) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((key, at)) = self.order.pop_front() else { return };
        if self.state.get(&key).is_some_and(|mark| mark.at == at) {
            self.state.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledged_event_is_known_under_either_key() {
        let seen = Seen::default();
        assert_eq!(seen.begin(seen.keys("e1", Some("Ev1"))), Before::Never);
        assert_eq!(seen.begin(seen.keys("e1", Some("Ev1"))), Before::Pending);
        seen.done(seen.keys("e1", Some("Ev1")));
        assert_eq!(seen.begin(seen.keys("e2", Some("Ev1"))), Before::Done);
    }

    #[test]
    fn an_envelope_is_never_taken_for_an_event() {
        let seen = Seen::default();
        seen.done(seen.keys("e1", Some("same")));
        assert_eq!(seen.begin(seen.keys("same", None)), Before::Never);
    }

    #[test]
    fn what_was_not_acknowledged_is_new_again() {
        let seen = Seen::default();
        let keys = seen.keys("e1", None);
        seen.begin(keys);
        seen.forget(keys);
        assert_eq!(seen.begin(keys), Before::Never);
    }

    #[test]
    fn memory_ends_with_time() {
        let (seen, now) = (Seen::default(), Instant::now());
        let keys = seen.keys("e1", None);
        seen.begin_at(keys, now);
        seen.done(keys);
        assert_eq!(seen.begin_at(keys, now + LIFETIME), Before::Done);
        assert_eq!(seen.begin_at(keys, now + LIFETIME + Duration::from_secs(1)), Before::Never);
    }

    #[test]
    fn memory_is_bounded() {
        let seen = Seen::default();
        for n in 0..CAPACITY * 3 {
            let keys = seen.keys(&n.to_string(), None);
            seen.begin(keys);
            if n % 2 == 0 {
                seen.forget(keys);
            }
        }
        let memory = seen.memory.lock().unwrap();
        assert!(memory.order.len() <= CAPACITY && memory.state.len() <= CAPACITY);
    }
}
