//! When a call is tried again.

use std::time::Duration;

use super::Error;

/// How often, how long and how patiently a failed call is tried again.
///
/// - *429*: Slack did nothing; any method is tried again after `Retry-After`, as long as the budget lasts.
/// - *Not sent* (no connection): any method is tried again, with growing pauses and jitter.
/// - *Broken off, or a server error*: whether Slack acted is not known. Only methods that are the same when repeated are
///   tried again; `chat.postMessage` is not, for people would see two messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all; 1 never tries again.
    pub attempts: u32,
    /// All pauses of one call together.
    pub budget: Duration,
    /// The first pause after a failed connection; it doubles from there.
    pub first_pause: Duration,
    /// The longest pause after a failed connection.
    pub longest_pause: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            budget: Duration::from_secs(30),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
        }
    }
}

impl RetryPolicy {
    /// Every failure is the caller's at once.
    pub const NEVER: Self =
        Self { attempts: 1, budget: Duration::ZERO, first_pause: Duration::ZERO, longest_pause: Duration::ZERO };
}

/// The attempts of one call.
#[derive(Debug)]
pub(super) struct Attempts<'p> {
    policy: &'p RetryPolicy,
    made: u32,
    waited: Duration,
}

impl<'p> Attempts<'p> {
    pub(super) fn new(policy: &'p RetryPolicy) -> Self {
        Self { policy, made: 0, waited: Duration::ZERO }
    }

    /// The pause before the next attempt, or `None` where the failure stands.
    pub(super) fn after(&mut self, error: &Error, repeatable: bool) -> Option<Duration> {
        self.made += 1;
        let pause = match error {
            Error::RateLimited { retry_after, .. } => *retry_after,
            Error::Transport { source, .. } if repeatable || source.is_connect() => self.back_off(),
            Error::Http { status: 500.., .. } if repeatable => self.back_off(),
            _ => return None,
        };
        self.grant(pause)
    }

    /// Takes a pause from the budget, if it lasts.
    fn grant(&mut self, pause: Duration) -> Option<Duration> {
        if self.made >= self.policy.attempts || pause > self.policy.budget.saturating_sub(self.waited) {
            return None;
        }
        self.waited += pause;
        Some(pause)
    }

    fn back_off(&self) -> Duration {
        back_off(self.policy.first_pause, self.policy.longest_pause, self.made.saturating_sub(1))
    }
}

/// A pause that doubles with every failure, between half of it and the whole.
///
/// Without the jitter, clients that lost the same server would all come back in the same moment.
pub(crate) fn back_off(first: Duration, longest: Duration, failures: u32) -> Duration {
    let whole = first.saturating_mul(1_u32.checked_shl(failures.min(31)).unwrap_or(u32::MAX)).min(longest);
    let jitter = getrandom::u32().unwrap_or(u32::MAX / 2);
    whole / 2 + (whole / 2).mul_f64(f64::from(jitter) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(seconds: u64) -> Error {
        Error::RateLimited { method: "m".to_owned(), retry_after: Duration::from_secs(seconds) }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pause = |failures| back_off(Duration::from_millis(100), Duration::from_secs(1), failures);
        for _ in 0..100 {
            assert!((50..=100).contains(&pause(0).as_millis()));
            assert!((200..=400).contains(&pause(2).as_millis()));
            assert!((500..=1000).contains(&pause(40).as_millis()));
        }
    }

    #[test]
    fn retry_after_is_honoured_while_the_budget_lasts() {
        let policy = RetryPolicy::default();
        let mut attempts = Attempts::new(&policy);
        assert_eq!(attempts.after(&limited(20), false), Some(Duration::from_secs(20)));
        assert_eq!(attempts.after(&limited(20), false), None);
        assert_eq!(Attempts::new(&RetryPolicy::NEVER).after(&limited(0), true), None);
    }

    #[test]
    fn attempts_come_to_an_end() {
        let policy = RetryPolicy::default();
        let mut attempts = Attempts::new(&policy);
        let granted = std::iter::from_fn(|| attempts.after(&limited(0), true)).count();
        assert_eq!(granted, 4);
    }

    #[test]
    fn a_post_is_not_repeated_after_a_server_error() {
        let policy = RetryPolicy::default();
        let broken = Error::Http { method: "chat.postMessage".to_owned(), status: 502 };
        assert_eq!(Attempts::new(&policy).after(&broken, false), None);
        assert!(Attempts::new(&policy).after(&broken, true).is_some());
    }
}
