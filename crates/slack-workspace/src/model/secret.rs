//! Tokens as keys of a map, without a way to print them.

use std::borrow::Borrow;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A token that can be looked up and is never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token(String);

impl From<&SecretString> for Token {
    fn from(secret: &SecretString) -> Self {
        Self(secret.expose_secret().to_owned())
    }
}

impl Token {
    /// The token itself, to be kept in the workspace's own file.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Token {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// Compares two secrets in a time that depends on their lengths only.
pub(crate) fn same_secret(left: &str, right: &str) -> bool {
    let difference = left.bytes().zip(right.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    left.len() == right.len() && std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_token() {
        let token = Token::from(&SecretString::from("xoxb-1-secret"));
        assert!(!format!("{token:?}").contains("secret"));
    }

    #[test]
    fn secrets_are_the_same_only_when_equal() {
        assert!(same_secret("abc", "abc"));
        assert!(!same_secret("abc", "abd"));
        assert!(!same_secret("abc", "abcd"));
        assert!(!same_secret("", "a"));
    }
}
