//! How many events an app gets: 30,000 an hour, workspace and app; docs.slack.dev, "Events API".

use std::collections::HashMap;

use crate::model::AppId;

const HOUR_MS: u64 = 3_600_000;
const MINUTE_MS: u64 = 60_000;
const LIMIT: u32 = 30_000;

/// The events of the hour, by app; without a limit nothing is counted.
#[derive(Debug, Default)]
pub(crate) struct EventCounts {
    limit: Option<u32>,
    windows: HashMap<AppId, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends_at: u64,
    events: u32,
    /// The minute in which the app was last told that it gets no more.
    told: Option<u64>,
}

/// Whether an event may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Free,
    /// It may not; the app is told once a minute.
    Full {
        is_told: bool,
    },
}

impl EventCounts {
    /// Slack's own limit, or none.
    pub(crate) fn with(is_limited: bool) -> Self {
        Self { limit: is_limited.then_some(LIMIT), windows: HashMap::new() }
    }

    /// Another limit.
    pub(crate) fn limited(limit: u32) -> Self {
        Self { limit: Some(limit), windows: HashMap::new() }
    }

    /// The same limit with nothing counted.
    pub(crate) fn fresh(&self) -> Self {
        Self { limit: self.limit, windows: HashMap::new() }
    }

    /// Counts an event.
    pub(super) fn count(&mut self, app: &AppId, now_ms: u64) -> Room {
        let Some(limit) = self.limit else { return Room::Free };
        let fresh = Window { ends_at: now_ms.saturating_add(HOUR_MS), events: 0, told: None };
        let window = self.windows.entry(app.clone()).or_insert(fresh);
        if window.ends_at <= now_ms {
            *window = fresh;
        }
        if window.events < limit {
            window.events += 1;
            return Room::Free;
        }
        let minute = now_ms / MINUTE_MS;
        let is_told = window.told.replace(minute) == Some(minute);
        Room::Full { is_told }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_takes_thirty_thousand_events_and_says_so_once_a_minute() {
        let mut counts = EventCounts::with(true);
        let app = AppId::from("A1".to_owned());
        for number in 0..30_000 {
            assert_eq!(counts.count(&app, 1_000), Room::Free, "{number}");
        }
        assert_eq!(counts.count(&app, 1_000), Room::Full { is_told: false });
        assert_eq!(counts.count(&app, 59_999), Room::Full { is_told: true });
        assert_eq!(counts.count(&app, 60_000), Room::Full { is_told: false });
        assert_eq!(counts.count(&AppId::from("A2".to_owned()), 60_000), Room::Free);
        assert_eq!(counts.count(&app, HOUR_MS + 1_000), Room::Free);
        assert_eq!(EventCounts::with(false).count(&app, 0), Room::Free);
    }
}
