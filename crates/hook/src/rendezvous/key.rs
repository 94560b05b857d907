//! Which daemon: one per API address and Slack app.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Separates this hash from every other one made with SHA-256.
const DOMAIN: &[u8] = b"countersign/daemon-key/v1";

/// Names a daemon: 64 bits of a hash, 16 hex digits in file names.
///
/// Two Slack apps, or the same app at two addresses, are two daemons. Two tokens of one app are one
/// daemon, because Slack hands an app's events to any one of its connections.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DaemonKey([u8; 8]);

impl DaemonKey {
    /// Derives the key from the API's base address and the app-level token.
    pub fn derive(api_url: &str, app_token: &str) -> Self {
        let (kind, app): (&[u8], Vec<u8>) = match app_id(app_token) {
            Some(id) => (b"app", id.as_bytes().to_vec()),
            None => (b"token", Sha256::digest(app_token.as_bytes()).to_vec()),
        };
        let base = api_url.trim_end_matches('/').as_bytes();
        let mut hash = Sha256::new();
        for part in [DOMAIN, base, kind, app.as_slice()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut key = [0; 8];
        for (to, from) in key.iter_mut().zip(digest) {
            *to = from;
        }
        Self(key)
    }
}

/// The app id inside an app-level token: `xapp-1-A0123-456-…`.
fn app_id(token: &str) -> Option<&str> {
    let mut parts = token.strip_prefix("xapp-")?.split('-');
    let (_version, id) = (parts.next()?, parts.next()?);
    let well_formed = id.len() >= 2
        && id.starts_with('A')
        && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && parts.next().is_some();
    well_formed.then_some(id)
}

impl fmt::Display for DaemonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DaemonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DaemonKey({self})")
    }
}

impl Serialize for DaemonKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DaemonKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that names no daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("daemon key is not 16 hex digits")]
pub struct DaemonKeyError;

impl std::str::FromStr for DaemonKey {
    type Err = DaemonKeyError;

    fn from_str(text: &str) -> Result<Self, DaemonKeyError> {
        let well_formed = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let number = u64::from_str_radix(text, 16).ok().filter(|_| well_formed).ok_or(DaemonKeyError)?;
        Ok(Self(number.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const API: &str = "https://slack.com/api/";

    #[test]
    fn two_tokens_of_one_app_are_one_daemon() {
        let a = DaemonKey::derive(API, "xapp-1-A0123456789-111-aaaa");
        let b = DaemonKey::derive("https://slack.com/api", "xapp-1-A0123456789-222-bbbb");
        assert_eq!(a, b);
        assert_eq!(a.to_string().len(), 16);
    }

    #[rstest]
    #[case::other_app(API, "xapp-1-A0123456780-111-aaaa")]
    #[case::other_address("http://127.0.0.1:4100/api/", "xapp-1-A0123456789-111-aaaa")]
    #[case::no_app_id(API, "A0123456789")]
    #[case::bot_token(API, "xoxb-1-A0123456789-111-aaaa")]
    #[case::lower_case(API, "xapp-1-a0123456789-111-aaaa")]
    fn anything_else_is_another_daemon(#[case] api: &str, #[case] token: &str) {
        let one = DaemonKey::derive(API, "xapp-1-A0123456789-111-aaaa");
        assert_ne!(one, DaemonKey::derive(api, token));
    }

    #[test]
    fn a_key_survives_its_json() {
        let key = DaemonKey::derive(API, "xapp-1-A0123456789-111-aaaa");
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<DaemonKey>(&json).unwrap(), key);
        assert!(serde_json::from_str::<DaemonKey>("\"../../../../x/\"").is_err());
        assert!(serde_json::from_str::<DaemonKey>("\"+123456789abcdef\"").is_err());
    }
}
