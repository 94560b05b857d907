//! How well an app takes its events: who refuses nearly all of them gets no more; docs.slack.dev, "Events API".

use std::collections::VecDeque;

const MINUTE_MS: u64 = 60_000;
/// The minutes that count.
const WINDOW: u64 = 60;
/// An app with fewer events in the window is left alone.
const FEW_EVENTS: u64 = 1_000;
/// More failures than this, in per cent of the attempts, are too many.
const MAX_FAILURES: u64 = 95;

/// The attempts of the last hour, by minute.
#[derive(Debug, Default)]
pub(super) struct Health {
    minutes: VecDeque<Minute>,
    is_off: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Minute {
    number: u64,
    events: u64,
    attempts: u64,
    failures: u64,
}

impl Health {
    pub(super) fn is_off(&self) -> bool {
        self.is_off
    }

    /// Notes how an attempt ended; true when events are switched off by it.
    pub(super) fn note(&mut self, now_ms: u64, is_first: bool, is_taken: bool) -> bool {
        let number = now_ms / MINUTE_MS;
        while self.minutes.front().is_some_and(|minute| minute.number + WINDOW <= number) {
            self.minutes.pop_front();
        }
        if self.minutes.back().is_none_or(|minute| minute.number != number) {
            self.minutes.push_back(Minute { number, ..Minute::default() });
        }
        if let Some(minute) = self.minutes.back_mut() {
            minute.events += u64::from(is_first);
            minute.attempts += 1;
            minute.failures += u64::from(!is_taken);
        }
        let sum = |of: fn(&Minute) -> u64| self.minutes.iter().map(of).sum::<u64>();
        let is_busy = sum(|minute| minute.events) >= FEW_EVENTS;
        let fails = sum(|minute| minute.failures) * 100 > sum(|minute| minute.attempts) * MAX_FAILURES;
        let is_too_much = is_busy && fails && !self.is_off;
        self.is_off |= is_too_much;
        is_too_much
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_that_takes_nothing_is_switched_off_at_a_thousand_events() {
        let mut health = Health::default();
        for number in 0..999 {
            assert!(!health.note(number, true, false), "{number}");
        }
        assert!(health.note(1_000, true, false));
        assert!(health.is_off());
        assert!(!health.note(1_001, true, false));
    }

    #[test]
    fn one_in_twenty_is_enough_and_old_failures_are_forgotten() {
        let mut health = Health::default();
        for number in 0..5_000_u64 {
            assert!(!health.note(0, true, number % 20 == 0), "{number}");
        }
        let mut health = Health::default();
        for _ in 0..999 {
            health.note(0, true, false);
        }
        assert!(!health.note(WINDOW * MINUTE_MS, true, false));
    }
}
