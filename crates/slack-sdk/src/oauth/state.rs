//! Installations that were begun, until the person comes back.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use secrecy::SecretString;

use super::OAuthError;

/// How many installations may be under way at once. Beginning one costs nothing, so somebody will begin many.
const MAX: usize = 10_000;

/// An installation that was begun.
#[derive(Clone)]
pub struct Pending {
    /// The fingerprint of the browser's cookie.
    pub browser: String,
    /// What the challenge was made of, with PKCE.
    pub code_verifier: Option<SecretString>,
    /// Until when the person may come back, in seconds since 1970 (UTC).
    pub expires_at: u64,
}

/// Keeps installations that were begun. An app that runs on several machines needs one that they share.
#[async_trait]
pub trait StateStore: Send + Sync + 'static {
    /// Keeps one under its state, which is secret.
    async fn put(&self, state: &str, pending: Pending, now_s: u64) -> Result<(), OAuthError>;

    /// Takes one out. Of two that ask for the same, only one gets it.
    async fn take(&self, state: &str) -> Result<Option<Pending>, OAuthError>;
}

/// Installations that were begun, in memory.
#[derive(Default)]
pub struct MemoryStates {
    // A std lock: it is held for one lookup, never while waiting.
    kept: Mutex<HashMap<String, Pending>>,
}

impl MemoryStates {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl StateStore for MemoryStates {
    async fn put(&self, state: &str, pending: Pending, now_s: u64) -> Result<(), OAuthError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX {
            kept.retain(|_, pending| pending.expires_at > now_s);
        }
        while kept.len() >= MAX {
            let oldest = kept.iter().min_by_key(|(_, pending)| pending.expires_at).map(|(state, _)| state.clone());
            oldest.and_then(|state| kept.remove(&state));
        }
        kept.insert(state.to_owned(), pending);
        Ok(())
    }

    async fn take(&self, state: &str) -> Result<Option<Pending>, OAuthError> {
        Ok(self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(state))
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl fmt::Debug for MemoryStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStates")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(expires_at: u64) -> Pending {
        Pending { browser: "b".to_owned(), code_verifier: None, expires_at }
    }

    #[tokio::test]
    async fn a_state_is_taken_once() {
        let states = MemoryStates::new();
        states.put("s", pending(600), 0).await.unwrap();
        assert!(states.take("s").await.unwrap().is_some());
        assert!(states.take("s").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn whoever_begins_many_pushes_out_the_oldest() {
        let states = MemoryStates::new();
        states.put("first", pending(1), 0).await.unwrap();
        for index in 0..MAX {
            states.put(&index.to_string(), pending(600), 0).await.unwrap();
        }
        assert_eq!(states.kept.lock().unwrap().len(), MAX);
        assert!(states.take("first").await.unwrap().is_none());
        assert!(states.take("9999").await.unwrap().is_some());
    }
}
