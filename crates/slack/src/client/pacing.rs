//! Slows a channel down once Slack has asked for it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::ChannelId;

/// One message a second and channel is what Slack promises to take (docs.slack.dev, Rate limits).
const INTERVAL: Duration = Duration::from_secs(1);
/// How long after its last message a channel is free again; bursts are allowed.
const QUIET: Duration = Duration::from_secs(30);
/// Channels remembered at once.
const MAX_CHANNELS: usize = 10_000;

/// The channels that are being paced, each with the moment of its next free slot.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    // A std mutex: held for a look-up, never across an await.
    next: Mutex<HashMap<ChannelId, Instant>>,
}

impl Pacer {
    /// Begins to pace a channel: its next message goes after `retry_after`.
    pub(super) fn slow_down(&self, channel: &ChannelId, retry_after: Duration, now: Instant) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.retain(|_, at| now < *at + QUIET);
        if next.len() < MAX_CHANNELS {
            let slot = next.entry(channel.clone()).or_insert(now);
            *slot = (*slot).max(now + retry_after);
        }
    }

    /// Takes the channel's next slot and says how long it is until then; `Err` when that is longer than `patience`.
    pub(super) fn reserve(&self, channel: &ChannelId, patience: Duration, now: Instant) -> Result<Duration, Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = next.get_mut(channel) else { return Ok(Duration::ZERO) };
        if now >= *slot + QUIET {
            next.remove(channel);
            return Ok(Duration::ZERO);
        }
        let wait = slot.saturating_duration_since(now);
        if wait > patience {
            return Err(wait);
        }
        *slot = (*slot).max(now) + INTERVAL;
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_channel_is_free_until_slack_says_otherwise() {
        let (pacer, channel, now) = (Pacer::default(), ChannelId::from("C1"), Instant::now());
        for _ in 0..100 {
            assert_eq!(pacer.reserve(&channel, SECOND, now), Ok(Duration::ZERO));
        }
    }

    #[test]
    fn then_it_takes_one_message_a_second_in_turn() {
        let (pacer, channel, now) = (Pacer::default(), ChannelId::from("C1"), Instant::now());
        pacer.slow_down(&channel, 2 * SECOND, now);
        let waits: Vec<_> = (0..3).map(|_| pacer.reserve(&channel, 60 * SECOND, now).unwrap()).collect();
        assert_eq!(waits, [2 * SECOND, 3 * SECOND, 4 * SECOND]);
        assert_eq!(pacer.reserve(&ChannelId::from("C2"), SECOND, now), Ok(Duration::ZERO));
        assert_eq!(pacer.reserve(&channel, SECOND, now), Err(5 * SECOND));
    }

    #[test]
    fn and_is_free_again_when_it_was_quiet() {
        let (pacer, channel, now) = (Pacer::default(), ChannelId::from("C1"), Instant::now());
        pacer.slow_down(&channel, SECOND, now);
        assert_eq!(pacer.reserve(&channel, SECOND, now + 40 * SECOND), Ok(Duration::ZERO));
        assert_eq!(pacer.reserve(&channel, SECOND, now + 40 * SECOND), Ok(Duration::ZERO));
    }
}
