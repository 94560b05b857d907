//! Secrets in the configuration: given directly, or in a file of their own.

use std::{fmt, path::Path};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use super::ConfigError;

/// A secret text; what shows it says `…`.
#[derive(Clone)]
pub(crate) struct Secret(SecretString);

impl Secret {
    /// Takes a text as a secret.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text, for the one place that needs it.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The kind of token and nothing else, e.g. `xoxb-…`.
    pub(crate) fn redacted(&self) -> String {
        match self.expose().split_once('-') {
            Some((kind, _)) if kind.len() <= 5 => format!("{kind}-…"),
            _ => "…".to_owned(),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A secret that is given directly or in a file, not both.
pub(crate) fn read_secret(
    key: &'static str,
    direct: Option<&Secret>,
    file: Option<&Path>,
) -> Result<Option<Secret>, ConfigError> {
    match (direct, file) {
        (Some(_), Some(_)) => Err(ConfigError::Twice { key }),
        (Some(secret), None) => Ok(Some(secret.clone())),
        (None, None) => Ok(None),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path).map_err(|source| ConfigError::SecretFile {
                key,
                path: path.to_owned(),
                source,
            })?;
            let text = text.trim();
            if text.is_empty() {
                return Err(ConfigError::EmptySecret { key, path: path.to_owned() });
            }
            Ok(Some(Secret::new(text)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_kind_only() {
        assert_eq!(format!("{:?}", Secret::new("xoxb-123-abc")), "xoxb-…");
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "…");
    }

    #[test]
    fn a_secret_is_given_once() {
        let direct = Secret::new("a");
        let error = read_secret("slack.bot_token", Some(&direct), Some(Path::new("/x"))).unwrap_err();
        assert!(error.to_string().contains("slack.bot_token_file"));
    }
}
