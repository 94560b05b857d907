//! How connections are kept.

use std::time::Duration;

/// How connections are kept; the default is right for Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Connections kept open, 1 to 10. Slack sends each envelope over any one of them.
    pub connections: usize,
    /// How long it may take to open one, until Slack said hello.
    pub connect_timeout: Duration,
    /// How often a connection is pinged.
    pub ping_interval: Duration,
    /// How long a connection may be silent before it counts as lost.
    pub silence: Duration,
    /// The first pause after a failure; it doubles from there, with jitter.
    pub first_pause: Duration,
    /// The longest pause after a failure.
    pub longest_pause: Duration,
}

/// More connections than this Slack closes.
const MAX_CONNECTIONS: usize = 10;

impl Default for Config {
    fn default() -> Self {
        Self {
            connections: 2,
            connect_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(30),
        }
    }
}

impl Config {
    pub(super) fn wanted(&self) -> usize {
        self.connections.clamp(1, MAX_CONNECTIONS)
    }
}
