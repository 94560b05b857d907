//! Message timestamps, which are also the identity of a message in its channel.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A message's timestamp: `<10 digits>.<6 digits>`, unique in a channel.
///
/// Kept as microseconds, so that it compares and sorts as the decimal number it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ts(u64);

const MICROS: u64 = 1_000_000;
/// The largest time that still has ten digits of seconds.
const MAX: u64 = 9_999_999_999 * MICROS + (MICROS - 1);

impl Ts {
    /// The timestamp of a moment in microseconds since the epoch.
    pub fn from_micros(micros: u64) -> Self {
        Self(micros.min(MAX))
    }

    /// Microseconds since the epoch.
    pub fn micros(self) -> u64 {
        self.0
    }

    /// Reads a message's identity: seconds, a dot and six digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (seconds, fraction) = text.split_once('.')?;
        if fraction.len() != 6 {
            return None;
        }
        Self::combine(seconds, fraction)
    }

    /// Reads a bound such as `oldest`: like a timestamp, but the fraction may be shorter or absent.
    pub fn parse_bound(text: &str) -> Option<Self> {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
        Self::combine(seconds, fraction.get(..6).unwrap_or(fraction))
    }

    /// The next possible timestamp.
    #[must_use]
    pub fn next(self) -> Self {
        Self::from_micros(self.0.saturating_add(1))
    }

    fn combine(seconds: &str, fraction: &str) -> Option<Self> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if seconds.is_empty() || seconds.len() > 10 || !digits(seconds) || !digits(fraction) {
            return None;
        }
        let whole: u64 = seconds.parse().ok()?;
        let part: u64 = format!("{fraction:0<6}").parse().ok()?;
        Some(Self(whole * MICROS + part))
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}.{:06}", self.0 / MICROS, self.0 % MICROS)
    }
}

impl Serialize for Ts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no timestamp")))
    }
}

impl From<Ts> for serde_json::Value {
    fn from(ts: Ts) -> Self {
        Self::String(ts.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_back_as_it_was_written() {
        let ts = Ts::parse("1712345678.000200").unwrap();
        assert_eq!(ts.to_string(), "1712345678.000200");
        assert_eq!(ts.next().to_string(), "1712345678.000201");
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for text in ["", ".", "1.2", "x.000000", "99999999999.000000", "1.00000é", "-1.000000", "1712345678.0000001"] {
            assert_eq!(Ts::parse(text), None, "{text:?}");
        }
        assert_eq!(Ts::parse_bound("é"), None);
        assert_eq!(Ts::parse_bound("12"), Some(Ts(12 * MICROS)));
        assert_eq!(Ts::parse_bound("1.5"), Some(Ts(1_500_000)));
    }
}
