//! Names that people give to connections and agents.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest name, in bytes: it stands in messages, file names and command lines.
pub(crate) const MAX_NAME_BYTES: usize = 64;

/// A text that cannot be a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a name for {what}: it takes 1 to 64 letters, digits, '.', '_' and '-', and begins with a letter or digit"
)]
pub struct InvalidName {
    /// What it should have named, e.g. `a connection`.
    pub what: &'static str,
    /// What was given, at most its first 80 characters.
    pub text: String,
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    text.len() <= MAX_NAME_BYTES
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && text.bytes().all(fits)
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
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

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if is_name(&text) {
                    return Ok(Self(text));
                }
                Err(InvalidName { what: $what, text: text.chars().take(80).collect() })
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name!(
    /// The name of a connection. What people type after `exec`, so it is plain.
    ConnectionName,
    "a connection"
);
name!(
    /// The name of an agent.
    AgentName,
    "an agent"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_taken() {
        for text in ["bash", "bash-jit", "pg.prod_1", "9", &"a".repeat(64)] {
            assert_eq!(text.parse::<ConnectionName>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_not() {
        for text in ["", "-x", ".", "..", "a b", "a/b", "a:b", "ä", "a\n", "a\u{202e}b", &"a".repeat(65)] {
            assert!(text.parse::<AgentName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_error_names_what_and_shows_the_text() {
        let error = "a b".parse::<AgentName>().unwrap_err();
        assert!(error.to_string().starts_with("\"a b\" is not a name for an agent:"), "{error}");
    }
}
