//! Spans of time as people write them.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A span of time, written `90s`, `30m`, `1h30m`, `2d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HumanDuration(pub Duration);

/// A text that is no span of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a duration: write it as 90s, 30m, 1h30m or 2d")]
pub struct InvalidDuration {
    /// What was given, at most its first 40 characters.
    pub text: String,
}

/// Each unit with its seconds, the longest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl HumanDuration {
    /// Whole seconds.
    pub const fn as_secs(self) -> u64 {
        self.0.as_secs()
    }
}

impl From<Duration> for HumanDuration {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl FromStr for HumanDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        seconds(text)
            .map(|seconds| Self(Duration::from_secs(seconds)))
            .ok_or_else(|| InvalidDuration { text: text.chars().take(40).collect() })
    }
}

/// Numbers each with its unit, units from long to short, each at most once.
fn seconds(text: &str) -> Option<u64> {
    let mut units = UNITS.iter();
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(digits)?;
        let unit = after.chars().next()?;
        let (_, each) = units.by_ref().find(|(letter, _)| *letter == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*each)?)?;
        rest = after.strip_prefix(unit)?;
    }
    (!text.is_empty()).then_some(total)
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.as_secs();
        if left == 0 {
            return f.write_str("0s");
        }
        for (letter, each) in UNITS {
            if left >= each {
                write!(f, "{}{letter}", left / each)?;
                left %= each;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for HumanDuration {
    type Error = InvalidDuration;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<HumanDuration> for String {
    fn from(duration: HumanDuration) -> Self {
        duration.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("90s", 90)]
    #[case("30m", 1_800)]
    #[case("1h30m", 5_400)]
    #[case("2d", 172_800)]
    #[case("0s", 0)]
    fn people_write_spans(#[case] text: &str, #[case] seconds: u64) {
        assert_eq!(text.parse::<HumanDuration>().unwrap().as_secs(), seconds);
    }

    #[rstest]
    #[case("")]
    #[case("90")]
    #[case("m")]
    #[case("-1h")]
    #[case("1h 30m")]
    #[case("30m1h")]
    #[case("1h1h")]
    #[case("1y")]
    #[case("１h")]
    #[case("99999999999999999999d")]
    #[case("213503982334602d")]
    fn what_is_no_span_is_refused(#[case] text: &str) {
        assert!(text.parse::<HumanDuration>().is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(seconds in 0_u64..10_000_000) {
            let span = HumanDuration(Duration::from_secs(seconds));
            prop_assert_eq!(span.to_string().parse::<HumanDuration>().unwrap(), span);
        }

        #[test]
        fn any_text_is_a_span_or_an_error(text: String) {
            let _ = text.parse::<HumanDuration>();
        }
    }
}
