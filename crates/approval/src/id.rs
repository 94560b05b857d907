//! Ids as types: none is a bare string, and none can stand in for another.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    blob::{from_hex, to_hex},
    entropy::Entropy,
    time::Timestamp,
};

/// A text that is not the id it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is not a {kind}: {expected}")]
pub struct ParseIdError {
    /// What it should have been.
    pub kind: &'static str,
    /// The form that was expected.
    pub expected: &'static str,
    /// What was given (at most its first 80 characters).
    pub text: String,
}

impl ParseIdError {
    fn new(kind: &'static str, expected: &'static str, text: &str) -> Self {
        Self { kind, expected, text: text.chars().take(80).collect() }
    }
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 16]);

        impl $name {
            /// The sixteen bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_hex(&self.0))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                from_hex(text)
                    .and_then(|bytes| bytes.try_into().ok())
                    .map(Self)
                    .ok_or_else(|| ParseIdError::new($kind, "32 lower-case hex digits", text))
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

random_id!(
    /// A request's id: 48 bits of milliseconds, then 80 random bits, so that ids sort by age. Public.
    RequestId,
    "request id"
);
random_id!(
    /// What the asking client calls its request, so that asking again is the same request. Chosen by the client.
    RequestKey,
    "request key"
);
random_id!(
    /// The secret in a message's buttons: 128 random bits. Knowing it is necessary for a vote, never sufficient.
    RequestToken,
    "request token"
);

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestKey(…)")
    }
}

impl fmt::Debug for RequestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestToken(…)")
    }
}

impl RequestId {
    /// A new id for a request asked at `now`.
    pub fn generate(now: Timestamp, entropy: &dyn Entropy) -> Self {
        let mut bytes = entropy.bytes16();
        let millis = (now.as_micros() / 1000).to_be_bytes();
        for (to, from) in bytes.iter_mut().zip(millis.iter().skip(2)) {
            *to = *from;
        }
        Self(bytes)
    }

    /// The end of the id, enough for a person to tell requests apart in one list.
    pub fn short(&self) -> String {
        self.to_string().chars().skip(20).collect()
    }
}

impl RequestKey {
    /// A key for a client that brought none.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(entropy.bytes16())
    }
}

impl RequestToken {
    /// A new token.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(entropy.bytes16())
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A person, as this installation knows them.
    PersonId
);
text_id!(
    /// A group of people, by its name.
    GroupName
);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Ones;
    impl Entropy for Ones {
        fn bytes16(&self) -> [u8; 16] {
            [0xff; 16]
        }
    }

    #[test]
    fn request_ids_sort_by_age() {
        let older = RequestId::generate(Timestamp::from_micros(1_700_000_000_000_000), &Ones);
        let newer = RequestId::generate(Timestamp::from_micros(1_700_000_000_001_000), &Ones);
        assert!(older.to_string() < newer.to_string());
    }

    #[test]
    fn ids_survive_text() {
        let id = RequestId::generate(Timestamp::from_micros(5_000), &Ones);
        assert_eq!(id.to_string().parse::<RequestId>(), Ok(id));
    }

    #[test]
    fn a_foreign_text_is_named_in_the_error() {
        let error = "XYZ".parse::<RequestToken>().unwrap_err();
        assert_eq!(error.to_string(), "\"XYZ\" is not a request token: 32 lower-case hex digits");
    }

    #[test]
    fn debug_never_shows_a_token() {
        let token = RequestToken::generate(&Ones);
        assert!(!format!("{token:?}").contains("ff"));
    }
}
