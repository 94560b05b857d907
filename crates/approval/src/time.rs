//! Time as a parameter.

use std::{fmt, pin::Pin, time::Duration};

use serde::{Deserialize, Serialize};

/// A point in time: microseconds since the Unix epoch, UTC.
///
/// Microseconds in an `i64` last until the year 294,246 and are what every database stores the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// How long after `earlier` this is; zero when it is before.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// This time less `duration`, saturating at the beginning of time.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros))
    }

    /// This time and `duration` more, saturating at the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.as_secs(), self.0.rem_euclid(1_000_000))
    }
}

/// A pause under way.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time and waits for it to pass. The real one is in `cli`; tests bring their own.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now. It may be set back: whoever compares with a stored time has to bear that.
    fn now(&self) -> Timestamp;

    /// Completes when `duration` has passed, however the time was set meanwhile. It begins now, not when first polled.
    fn sleep(&self, duration: Duration) -> Sleep;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_never_goes_below_zero() {
        let early = Timestamp::from_micros(10);
        let late = Timestamp::from_micros(25);
        assert_eq!(late.since(early), Duration::from_micros(15));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn plus_saturates() {
        assert_eq!(Timestamp::from_micros(1).plus(Duration::MAX).as_micros(), i64::MAX);
    }
}
