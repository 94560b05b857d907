//! How often methods may be called; docs.slack.dev, "Rate limits".
//!
//! Windows begin with the first call and last a minute of the workspace's clock: a tier's promise and not a call more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use countersign_slack::method::Method;

use crate::model::{AppId, TeamId};

const MINUTE_MS: u64 = 60_000;
const SECOND_MS: u64 = 1_000;
/// One message a second and channel.
const PACED: [&str; 1] = ["chat.postMessage"];
/// With more windows than this, those that ended are thrown away.
const MANY: usize = 4096;

/// What a response URL is counted as.
const RESPONSE: &str = "response_url";

/// Who calls what, and for `chat.postMessage` and response URLs where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    team: TeamId,
    app: AppId,
    method: &'static str,
    channel: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends_at: u64,
    calls: u32,
}

/// The windows of every app and method.
#[derive(Debug, Default)]
pub(crate) struct RateLimits {
    // Held for one look-up; taken while the state's lock is held, never the other way round.
    windows: Mutex<HashMap<Key, Window>>,
}

impl RateLimits {
    /// Counts a call; when it is one too many, says for how many seconds to wait.
    pub(super) fn count(
        &self,
        (team, app): (&TeamId, &AppId),
        method: &'static Method,
        channel: Option<&str>,
        now: u64,
    ) -> Option<u64> {
        let is_paced = PACED.contains(&method.name());
        let (calls, length) = match method.tier().per_minute() {
            _ if is_paced => (1, SECOND_MS),
            Some(calls) => (calls, MINUTE_MS),
            None => return None,
        };
        let channel = channel.filter(|_| is_paced).map(str::to_owned);
        let key = Key { team: team.clone(), app: app.clone(), method: method.name(), channel };
        self.take(key, (calls, length), now)
    }

    /// Counts an answer to a response URL: each takes one a second.
    pub(super) fn count_response(&self, (team, app): (&TeamId, &AppId), secret: &str, now: u64) -> Option<u64> {
        let key = Key { team: team.clone(), app: app.clone(), method: RESPONSE, channel: Some(secret.to_owned()) };
        self.take(key, (1, SECOND_MS), now)
    }

    fn take(&self, key: Key, (calls, length): (u32, u64), now: u64) -> Option<u64> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() > MANY {
            windows.retain(|_, window| window.ends_at > now);
        }
        let fresh = Window { ends_at: now.saturating_add(length), calls: 0 };
        let window = windows.entry(key).or_insert(fresh);
        if window.ends_at <= now {
            *window = fresh;
        }
        if window.calls >= calls {
            return Some(window.ends_at.saturating_sub(now).div_ceil(1000).max(1));
        }
        window.calls += 1;
        None
    }

    /// Forgets every call.
    pub(crate) fn reset(&self) {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_takes_as_many_calls_as_the_tier_promises() {
        let limits = RateLimits::default();
        let (team, app) = (TeamId::from("T1".to_owned()), AppId::from("A1".to_owned()));
        let method = Method::find("conversations.list").unwrap();
        let promised = method.tier().per_minute().unwrap();
        for _ in 0..promised {
            assert_eq!(limits.count((&team, &app), method, None, 1_000), None);
        }
        assert_eq!(limits.count((&team, &app), method, None, 1_001), Some(60));
        assert_eq!(limits.count((&team, &app), method, None, 60_500), Some(1));
        assert_eq!(limits.count((&team, &AppId::from("A2".to_owned())), method, None, 1_001), None);
        assert_eq!(limits.count((&team, &app), method, None, 61_000), None);
    }

    #[test]
    fn messages_go_once_a_second_into_each_channel() {
        let limits = RateLimits::default();
        let (team, app) = (TeamId::from("T1".to_owned()), AppId::from("A1".to_owned()));
        let method = Method::find("chat.postMessage").unwrap();
        assert_eq!(limits.count((&team, &app), method, Some("C1"), 0), None);
        assert_eq!(limits.count((&team, &app), method, Some("C1"), 999), Some(1));
        assert_eq!(limits.count((&team, &app), method, Some("C2"), 999), None);
        assert_eq!(limits.count((&team, &app), method, Some("C1"), 1_000), None);
        assert_eq!(limits.count((&team, &app), Method::find("auth.test").unwrap(), None, 0), None);
    }
}
