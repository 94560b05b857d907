//! What can be made to go wrong with calls.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;

/// The next calls of a method are over the limit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateLimit {
    pub(crate) method: String,
    #[serde(default = "once")]
    pub(crate) times: u32,
    #[serde(default = "one_second")]
    pub(crate) retry_after: u64,
}

/// The next calls of a method fail.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fail {
    pub(crate) method: String,
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// Slack's error code.
    pub(crate) error: Option<String>,
    /// An HTTP status.
    pub(crate) http: Option<u16>,
}

/// Calls take longer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Latency {
    /// Only of this method.
    pub(crate) method: Option<String>,
    pub(crate) ms: u64,
}

fn once() -> u32 {
    1
}

fn one_second() -> u64 {
    1
}

/// What goes wrong with one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    RateLimited { retry_after: u64 },
    Error(String),
    Http(u16),
}

/// The faults of the Web API.
#[derive(Debug, Default)]
pub(crate) struct ApiFaults {
    /// Without faults nothing is locked.
    is_any: AtomicBool,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    rate_limits: Vec<RateLimit>,
    fails: Vec<Fail>,
    latencies: Vec<Latency>,
}

/// No call is made to wait longer than this.
const MAX_LATENCY_MS: u64 = 600_000;

impl ApiFaults {
    pub(crate) fn rate_limit(&self, fault: RateLimit) {
        self.list().rate_limits.push(fault);
        self.is_any.store(true, Ordering::Release);
    }

    pub(crate) fn fail(&self, fault: Fail) {
        self.list().fails.push(fault);
        self.is_any.store(true, Ordering::Release);
    }

    pub(crate) fn latency(&self, fault: Latency) {
        self.list().latencies.push(fault);
        self.is_any.store(true, Ordering::Release);
    }

    pub(crate) fn clear(&self) {
        *self.list() = List::default();
        self.is_any.store(false, Ordering::Release);
    }

    /// How long a call is made to wait.
    pub(super) fn delay(&self, method: &str) -> Option<Duration> {
        if !self.is_any.load(Ordering::Acquire) {
            return None;
        }
        let list = self.list();
        let fits = |latency: &&Latency| latency.method.as_deref().is_none_or(|of| matches(of, method));
        let ms: u64 = list.latencies.iter().filter(fits).map(|latency| latency.ms.min(MAX_LATENCY_MS)).sum();
        (ms > 0).then(|| Duration::from_millis(ms.min(MAX_LATENCY_MS)))
    }

    /// What goes wrong with this call; each fault is used up as often as it says.
    pub(super) fn failure(&self, method: &str) -> Option<Failure> {
        if !self.is_any.load(Ordering::Acquire) {
            return None;
        }
        let mut list = self.list();
        if let Some(limit) = list.rate_limits.iter_mut().find(|fault| fault.times > 0 && matches(&fault.method, method))
        {
            limit.times -= 1;
            return Some(Failure::RateLimited { retry_after: limit.retry_after });
        }
        let fail = list.fails.iter_mut().find(|fault| fault.times > 0 && matches(&fault.method, method))?;
        fail.times -= 1;
        match fail.http {
            Some(status) => Some(Failure::Http(status)),
            None => Some(Failure::Error(fail.error.clone().unwrap_or_else(|| "internal_error".to_owned()))),
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fault's method: an exact name, or `*` for all.
fn matches(pattern: &str, method: &str) -> bool {
    pattern == "*" || pattern == method
}
