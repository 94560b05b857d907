//! The `state`: what proves that an installation was begun here.
//!
//! Beginning an installation costs a stranger nothing, so nothing is kept of one that was begun: ten thousand visits to
//! `/slack/install` push nobody out, and keep nobody from beginning. The state says by itself until when it is good and for
//! which browser's cookie, and is signed with a key that only the app has. What is kept is which states were used, and only
//! those that the app signed come that far.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac::{self, HMAC_SHA256, Key};
use secrecy::{ExposeSecret as _, SecretString};

use super::OAuthError;
use super::secret::{random_bytes, sha256};

/// How many used states are remembered.
///
/// Whoever uses more of their own within ten minutes lets the oldest be forgotten. Such a state is good again only in the
/// browser that it was made for, and only with a code that Slack has not yet seen: Slack takes a code once.
const MAX_USED: usize = 10_000;
/// The shortest secret that states may be signed with.
const MIN_SECRET: usize = 32;

/// Bytes of a nonce, a time and a digest, as they stand in a state; a signature follows them.
const NONCE: usize = 16;
const TIME: usize = 8;
const DIGEST: usize = 32;

/// Signs states, and takes each once.
pub(super) struct States {
    key: Key,
    /// Until when, and which. A std lock: it is held for one lookup, never while waiting.
    used: Mutex<BTreeSet<(u64, [u8; NONCE])>>,
}

impl States {
    /// States that only this process takes back.
    pub(super) fn random() -> Result<Self, OAuthError> {
        Ok(Self::of(&random_bytes::<DIGEST>()?))
    }

    /// States that every process with this secret takes back.
    pub(super) fn signed_with(secret: &SecretString) -> Result<Self, OAuthError> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < MIN_SECRET { Err(OAuthError::ShortSecret(MIN_SECRET)) } else { Ok(Self::of(secret)) }
    }

    fn of(secret: &[u8]) -> Self {
        Self { key: Key::new(HMAC_SHA256, secret), used: Mutex::default() }
    }

    /// A state for the browser that has a cookie.
    pub(super) fn issue(&self, cookie: &str, expires_at: u64) -> Result<String, OAuthError> {
        let mut state = random_bytes::<NONCE>()?.to_vec();
        state.extend(expires_at.to_be_bytes());
        state.extend(sha256(cookie));
        let signature = self.sign("state", &state);
        state.extend(signature.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(state))
    }

    /// Takes a state that is good, which it then is no more; says for which cookie it is, by its digest.
    pub(super) fn take(&self, state: &str, now: u64) -> Result<[u8; DIGEST], OAuthError> {
        let bytes = URL_SAFE_NO_PAD.decode(state).map_err(|_| OAuthError::UnknownState)?;
        let (said, signature) = bytes.split_at_checked(NONCE + TIME + DIGEST).ok_or(OAuthError::UnknownState)?;
        hmac::verify(&self.key, &domain("state", said), signature).map_err(|_| OAuthError::UnknownState)?;
        let (nonce, rest) = said.split_first_chunk::<NONCE>().ok_or(OAuthError::UnknownState)?;
        let (time, rest) = rest.split_first_chunk::<TIME>().ok_or(OAuthError::UnknownState)?;
        let browser = rest.first_chunk::<DIGEST>().ok_or(OAuthError::UnknownState)?;
        let expires_at = u64::from_be_bytes(*time);
        if expires_at <= now {
            return Err(OAuthError::Expired);
        }
        if self.is_first((expires_at, *nonce), now) { Ok(*browser) } else { Err(OAuthError::UnknownState) }
    }

    fn is_first(&self, state: (u64, [u8; NONCE]), now: u64) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MAX_USED {
            // Those that have ended need not be remembered: their time is signed.
            *used = used.split_off(&(now.saturating_add(1), [0; NONCE]));
        }
        while used.len() >= MAX_USED {
            used.pop_first();
        }
        used.insert(state)
    }

    /// The secret of a state's code challenge (PKCE): nobody has both the cookie and the key but the app.
    pub(super) fn verifier(&self, state: &str, cookie: &str) -> String {
        let what = format!("{state} {cookie}");
        URL_SAFE_NO_PAD.encode(self.sign("verifier", what.as_bytes()))
    }

    fn sign(&self, purpose: &str, what: &[u8]) -> hmac::Tag {
        hmac::sign(&self.key, &domain(purpose, what))
    }
}

/// What is signed: a signature for one purpose is none for another.
fn domain(purpose: &str, what: &[u8]) -> Vec<u8> {
    [purpose.as_bytes(), b"\0", what].concat()
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("States")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_taken_once_and_names_its_browser() {
        let states = States::random().unwrap();
        let state = states.issue("cookie", 600).unwrap();
        assert_eq!(states.take(&state, 599).unwrap(), sha256("cookie"));
        assert!(matches!(states.take(&state, 599), Err(OAuthError::UnknownState)));
        let late = states.issue("cookie", 600).unwrap();
        assert!(matches!(states.take(&late, 600), Err(OAuthError::Expired)));
    }

    #[test]
    fn whoever_begins_many_pushes_nobody_out() {
        let states = States::random().unwrap();
        let first = states.issue("mine", 600).unwrap();
        for _ in 0..2 * MAX_USED {
            states.issue("a stranger's", 600).unwrap();
        }
        assert!(states.used.lock().unwrap().is_empty(), "what was only begun is not kept");
        assert!(states.take(&first, 0).is_ok());
    }

    #[test]
    fn what_was_used_is_remembered_within_a_bound() {
        let states = States::random().unwrap();
        let ended = states.issue("c", 10).unwrap();
        states.take(&ended, 0).unwrap();
        for _ in 1..MAX_USED {
            states.take(&states.issue("c", 600).unwrap(), 0).unwrap();
        }
        let last = states.issue("c", 601).unwrap();
        states.take(&last, 10).unwrap();
        assert_eq!(states.used.lock().unwrap().len(), MAX_USED, "the one that has ended made room");
        states.take(&states.issue("c", 602).unwrap(), 10).unwrap();
        assert_eq!(states.used.lock().unwrap().len(), MAX_USED);
        assert!(states.take(&last, 10).is_err());
        assert!(matches!(states.take(&ended, 10), Err(OAuthError::Expired)));
    }

    #[test]
    fn a_state_that_was_changed_in_any_place_is_none() {
        let states = States::random().unwrap();
        let state = states.issue("cookie", 600).unwrap();
        for at in 0..state.len() - 1 {
            let mut forged = state.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(matches!(states.take(&forged, 0), Err(OAuthError::UnknownState)), "{at}");
        }
        for forged in ["", "A", "forged", &state[1..], &format!("{state}AAAA"), &"A".repeat(100_000)] {
            assert!(matches!(states.take(forged, 0), Err(OAuthError::UnknownState)), "{forged}");
        }
        assert!(matches!(States::random().unwrap().take(&state, 0), Err(OAuthError::UnknownState)));
        assert!(states.take(&state, 0).is_ok());
    }

    #[test]
    fn processes_with_the_same_secret_take_each_others_states() {
        let secret = SecretString::from("0123456789abcdef0123456789abcdef");
        let (one, other) = (States::signed_with(&secret).unwrap(), States::signed_with(&secret).unwrap());
        let state = one.issue("cookie", 600).unwrap();
        assert!(other.take(&state, 0).is_ok());
        assert_eq!(one.verifier(&state, "cookie"), other.verifier(&state, "cookie"));
        assert_ne!(one.verifier(&state, "cookie"), one.verifier(&state, "other"));
        assert!(matches!(States::signed_with(&"short".into()), Err(OAuthError::ShortSecret(_))));
    }
}
