//! When a change is told: after the last one of a burst, and not too often.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

/// When changes are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// So long nothing must have changed.
    pub quiet: Duration,
    /// So long after they were told last.
    pub rest: Duration,
}

impl Default for Pace {
    /// 200 ms after the last change, once a second.
    fn default() -> Self {
        Self { quiet: Duration::from_millis(200), rest: Duration::from_secs(1) }
    }
}

/// Changes that were not told yet.
#[derive(Debug)]
pub(super) struct Pending<K> {
    pace: Pace,
    /// Of each kind, the first that changed.
    changed: BTreeMap<K, PathBuf>,
    /// The directories have to be looked at again.
    is_stale: bool,
    last: Option<Instant>,
    told: Option<Instant>,
}

impl<K: Ord> Pending<K> {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, changed: BTreeMap::new(), is_stale: false, last: None, told: None }
    }

    /// Something has changed.
    pub(super) fn changed(&mut self, kind: K, path: PathBuf, now: Instant) {
        self.changed.entry(kind).or_insert(path);
        self.last = Some(now);
    }

    /// Directories came or went.
    pub(super) fn stale(&mut self, now: Instant) {
        self.is_stale = true;
        self.last = Some(now);
    }

    /// When something is to be done; `None` while nothing has changed.
    pub(super) fn due(&self) -> Option<Instant> {
        let quiet = self.last? + self.pace.quiet;
        let rested = self.told.map(|told| told + self.pace.rest);
        Some(rested.map_or(quiet, |rested| rested.max(quiet)))
    }

    /// Whether the directories have to be looked at again; from now on they do not.
    pub(super) fn take_stale(&mut self) -> bool {
        std::mem::take(&mut self.is_stale)
    }

    /// What is to be told now.
    pub(super) fn take(&mut self, now: Instant) -> BTreeMap<K, PathBuf> {
        self.last = None;
        if !self.changed.is_empty() {
            self.told = Some(now);
        }
        std::mem::take(&mut self.changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn nothing_is_due_while_nothing_changes() {
        assert_eq!(Pending::<u8>::new(Pace::default()).due(), None);
    }

    #[test]
    fn a_burst_is_told_once_after_its_last_change() {
        let (mut pending, start) = (Pending::new(Pace::default()), Instant::now());
        for step in 0..5 {
            pending.changed("app", PathBuf::from(format!("{step}")), start + ms(step * 100));
        }
        assert_eq!(pending.due(), Some(start + ms(600)));
        assert_eq!(pending.take(start + ms(600)), BTreeMap::from([("app", PathBuf::from("0"))]));
        assert_eq!(pending.due(), None);
    }

    #[test]
    fn changes_are_told_at_most_once_a_second() {
        let (mut pending, start) = (Pending::new(Pace::default()), Instant::now());
        pending.changed("app", PathBuf::new(), start);
        pending.take(start + ms(200));
        pending.changed("app", PathBuf::new(), start + ms(300));
        assert_eq!(pending.due(), Some(start + ms(1200)));
        pending.changed("app", PathBuf::new(), start + ms(1100));
        assert_eq!(pending.due(), Some(start + ms(1300)));
    }

    #[test]
    fn directories_that_held_nothing_do_not_delay_what_comes() {
        let (mut pending, start) = (Pending::<&str>::new(Pace::default()), Instant::now());
        pending.stale(start);
        assert_eq!(pending.due(), Some(start + ms(200)));
        assert!(pending.take_stale() && !pending.take_stale());
        assert!(pending.take(start + ms(200)).is_empty());
        pending.changed("app", PathBuf::new(), start + ms(250));
        assert_eq!(pending.due(), Some(start + ms(450)));
    }
}
