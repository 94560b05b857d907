//! The workspace's time: the system's, plus what tests have added.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// A clock that can be moved forward.
///
/// Redelivery, ack deadlines and the expiry of triggers, tickets and response URLs use it.
#[derive(Debug)]
pub struct Clock {
    offset_ms: watch::Sender<u64>,
}

/// The clock cannot be moved further: timestamps have ten digits of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock cannot be moved beyond the year 2286")]
pub struct ClockError;

/// The last millisecond whose seconds have ten digits.
const LAST_MS: u64 = 9_999_999_999_000;

impl Clock {
    pub(crate) fn new() -> Self {
        Self { offset_ms: watch::Sender::new(0) }
    }

    /// Milliseconds since the epoch.
    pub fn now_ms(&self) -> u64 {
        system_ms().saturating_add(*self.offset_ms.borrow())
    }

    /// Seconds since the epoch as the system says, however far the clock was moved.
    #[expect(clippy::unused_self, reason = "the system's clock is reached through the workspace's")]
    pub(crate) fn real_s(&self) -> u64 {
        system_ms() / 1000
    }

    /// Moves the clock forward and returns the new time.
    pub fn advance(&self, by_ms: u64) -> Result<u64, ClockError> {
        let now = self.now_ms();
        if now.checked_add(by_ms).is_none_or(|then| then > LAST_MS) {
            return Err(ClockError);
        }
        self.offset_ms.send_modify(|offset| *offset += by_ms);
        Ok(self.now_ms())
    }

    /// Waits until the clock shows this time, by passing or by being moved.
    pub async fn sleep_until(&self, at_ms: u64) {
        let mut moved = self.offset_ms.subscribe();
        loop {
            moved.mark_unchanged();
            let left = at_ms.saturating_sub(self.now_ms());
            if left == 0 {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left)) => {}
                // The sender lives as long as `self`: this never fails.
                _ = moved.changed() => {}
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the workspace reads the system's clock")]
fn system_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn moving_the_clock_wakes_those_who_wait() {
        let clock = Clock::new();
        let at = clock.now_ms() + 3_600_000;
        let ((), moved) = tokio::join!(clock.sleep_until(at), async { clock.advance(3_600_000) });
        assert!(moved.unwrap() >= at);
    }

    #[test]
    fn the_clock_stops_where_timestamps_end() {
        let clock = Clock::new();
        assert_eq!(clock.advance(u64::MAX), Err(ClockError));
        assert!(clock.advance(1).is_ok());
    }
}
