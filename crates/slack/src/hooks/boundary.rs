//! The boundary that stands around a response.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use thiserror::Error;

/// The length of a boundary: a SHA-256, in hexadecimal.
const LENGTH: usize = 64;

/// 64 lower-case hexadecimal digits that nobody writes by chance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Boundary(String);

/// Why a text is no boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BoundaryError {
    /// It is shorter or longer.
    #[error("a boundary has 64 characters, not {0}")]
    Length(usize),
    /// It has a character that is no lower-case hexadecimal digit.
    #[error("a boundary consists of the digits 0-9 and a-f")]
    Character,
    /// The system has no randomness.
    #[error("the system gave no random bytes")]
    Entropy,
}

impl Boundary {
    /// A new one, which nobody can guess.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn random() -> Result<Self, BoundaryError> {
        let mut bytes = [0; LENGTH / 2];
        getrandom::fill(&mut bytes).map_err(|_| BoundaryError::Entropy)?;
        let mut text = String::with_capacity(LENGTH);
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Boundary {
    type Err = BoundaryError;

    fn from_str(text: &str) -> Result<Self, BoundaryError> {
        if text.len() != LENGTH {
            return Err(BoundaryError::Length(text.chars().count()));
        }
        if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(BoundaryError::Character);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn random_boundaries_are_boundaries_and_differ() {
        let (one, other) = (Boundary::random().unwrap(), Boundary::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.as_str().parse(), Ok(one.clone()));
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!("".parse::<Boundary>(), Err(BoundaryError::Length(0)));
        assert_eq!("a".repeat(63).parse::<Boundary>(), Err(BoundaryError::Length(63)));
        assert_eq!("A".repeat(64).parse::<Boundary>(), Err(BoundaryError::Character));
        assert_eq!("g".repeat(64).parse::<Boundary>(), Err(BoundaryError::Character));
        assert_eq!("é".repeat(32).parse::<Boundary>(), Err(BoundaryError::Character));
    }

    proptest! {
        #[test]
        fn exactly_the_hexadecimal_texts_are_taken(text in ".{0,80}|[0-9a-f]{62,66}|[0-9a-fA-F]{64}") {
            let fits = text.len() == 64 && text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
            prop_assert_eq!(text.parse::<Boundary>().is_ok(), fits);
        }
    }
}
