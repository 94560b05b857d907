//! What is handled next: several at once, but in order within a lane.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    num::NonZeroUsize,
};

/// Work that waits, in lanes. Within a lane one thing is done after the other, and of all lanes a limited number at once.
#[derive(Debug)]
pub(super) struct Lanes<L, T> {
    jobs: NonZeroUsize,
    running: usize,
    /// Lanes in which something is done, with what waits behind it.
    busy: HashMap<L, VecDeque<T>>,
    /// What could begin at once, in the order in which it came; what has no lane waits for nothing else.
    ready: VecDeque<(Option<L>, T)>,
}

impl<L: Clone + Eq + Hash, T> Lanes<L, T> {
    /// No work; so much is done at once.
    pub(super) fn new(jobs: NonZeroUsize) -> Self {
        Self { jobs, running: 0, busy: HashMap::new(), ready: VecDeque::new() }
    }

    /// More work, behind what is in its lane.
    pub(super) fn push(&mut self, lane: Option<L>, work: T) {
        if let Some(name) = &lane {
            if let Some(waiting) = self.busy.get_mut(name) {
                waiting.push_back(work);
                return;
            }
            self.busy.insert(name.clone(), VecDeque::new());
        }
        self.ready.push_back((lane, work));
    }

    /// What may begin now; it has to be [ended](Self::ended).
    pub(super) fn next(&mut self) -> Option<(Option<L>, T)> {
        if self.running >= self.jobs.get() {
            return None;
        }
        let next = self.ready.pop_front()?;
        self.running += 1;
        Some(next)
    }

    /// Something is done.
    pub(super) fn ended(&mut self, lane: Option<L>) {
        self.running = self.running.saturating_sub(1);
        let Some(lane) = lane else { return };
        match self.busy.get_mut(&lane).and_then(VecDeque::pop_front) {
            Some(work) => self.ready.push_back((Some(lane), work)),
            None => drop(self.busy.remove(&lane)),
        }
    }

    /// Takes out everything that has not begun.
    pub(super) fn take_waiting(&mut self) -> Vec<T> {
        let behind = self.busy.values_mut().flat_map(std::mem::take);
        let waiting: Vec<T> = self.ready.drain(..).map(|(_, work)| work).chain(behind).collect();
        waiting
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lanes(jobs: usize) -> Lanes<&'static str, u32> {
        Lanes::new(NonZeroUsize::new(jobs).unwrap())
    }

    #[test]
    fn lanes_do_not_wait_for_each_other() {
        let mut lanes = lanes(8);
        for (lane, work) in [("a", 1), ("a", 2), ("b", 3)] {
            lanes.push(Some(lane), work);
        }
        assert_eq!(lanes.next(), Some((Some("a"), 1)));
        assert_eq!(lanes.next(), Some((Some("b"), 3)));
        assert_eq!(lanes.next(), None);
        lanes.ended(Some("a"));
        assert_eq!(lanes.next(), Some((Some("a"), 2)));
    }

    #[test]
    fn no_more_is_done_at_once_than_allowed() {
        let mut lanes = lanes(2);
        for work in 0..3 {
            lanes.push(None, work);
        }
        assert!(lanes.next().is_some() && lanes.next().is_some());
        assert_eq!(lanes.next(), None);
        lanes.ended(None);
        assert_eq!(lanes.next(), Some((None, 2)));
    }

    #[test]
    fn what_has_not_begun_can_be_taken_out() {
        let mut lanes = lanes(1);
        for (lane, work) in [("a", 1), ("a", 2), ("b", 3)] {
            lanes.push(Some(lane), work);
        }
        lanes.next();
        let mut waiting = lanes.take_waiting();
        waiting.sort_unstable();
        assert_eq!(waiting, [2, 3]);
        lanes.ended(Some("a"));
        assert_eq!(lanes.next(), None);
    }

    proptest! {
        #[test]
        fn everything_is_done_once_and_in_the_order_of_its_lane(
            lanes_of in proptest::collection::vec(proptest::option::of(0_u8..4), 0..60),
            jobs in 1_usize..5,
            choices in proptest::collection::vec(any::<u8>(), 60),
        ) {
            let mut lanes = Lanes::new(NonZeroUsize::new(jobs).unwrap());
            let (mut running, mut done) = (Vec::new(), Vec::new());
            for (work, lane) in lanes_of.iter().enumerate() {
                lanes.push(*lane, work);
            }
            for choice in choices.into_iter().cycle() {
                running.extend(std::iter::from_fn(|| lanes.next()));
                prop_assert!(running.len() <= jobs);
                if running.is_empty() {
                    break;
                }
                let (lane, work) = running.swap_remove(usize::from(choice) % running.len());
                done.push((lane, work));
                lanes.ended(lane);
            }
            prop_assert_eq!(done.len(), lanes_of.len());
            for lane in 0..4 {
                let order: Vec<usize> = done.iter().filter(|(of, _)| *of == Some(lane)).map(|(_, work)| *work).collect();
                prop_assert!(order.is_sorted());
            }
        }
    }
}
