//! Things that happen when their time has come: scheduled messages are posted, streams end.

use super::{Author, ChannelId, Draft, ModelError, ScheduledMessageId, State};

/// How far ahead a message can be scheduled, in seconds; docs.slack.dev, "chat.scheduleMessage".
const FARTHEST_S: u64 = 120 * 24 * 3600;
/// How many messages a channel can get within [`WINDOW_S`].
const MAX_IN_WINDOW: usize = 30;
const WINDOW_S: u64 = 300;

/// A message that waits for its time.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Scheduled {
    /// `Q…`.
    pub id: ScheduledMessageId,
    /// Where it will be posted.
    pub channel: ChannelId,
    /// Who posts it.
    pub author: Author,
    /// What is posted.
    pub draft: Draft,
    /// When, in seconds since the epoch.
    pub post_at: u64,
    /// When it was scheduled, in seconds since the epoch.
    pub created: u64,
}

impl State {
    /// Keeps a message until its time.
    pub(crate) fn schedule(
        &mut self,
        channel: &ChannelId,
        author: Author,
        draft: Draft,
        post_at: u64,
        now_ms: u64,
    ) -> Result<Scheduled, ModelError> {
        let now = now_ms / 1000;
        if post_at <= now {
            return Err(ModelError::new("time_in_past"));
        }
        if post_at > now.saturating_add(FARTHEST_S) {
            return Err(ModelError::new("time_too_far"));
        }
        let is_near = |other: &&Scheduled| other.channel == *channel && other.post_at.abs_diff(post_at) < WINDOW_S;
        if self.scheduled.values().filter(is_near).count() >= MAX_IN_WINDOW {
            return Err(ModelError::new("restricted_too_many"));
        }
        let id = ScheduledMessageId::from(self.mint.id('Q'));
        let scheduled = Scheduled { id: id.clone(), channel: channel.clone(), author, draft, post_at, created: now };
        self.scheduled.insert(id, scheduled.clone());
        self.effects.push(super::Effect::Due);
        Ok(scheduled)
    }

    /// When the next thing happens by itself, milliseconds since the epoch.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let messages = self.scheduled.values().map(|scheduled| scheduled.post_at.saturating_mul(1000));
        let streams = self.streams.values().map(|stream| stream.expires_at);
        messages.chain(streams).chain(self.next_scheduled()).min()
    }

    /// Does what has fallen due, in the order of its times.
    pub(crate) fn fall_due(&mut self, now_ms: u64) {
        if self.scheduled.is_empty() && self.streams.is_empty() && self.platform.workflow_triggers.is_empty() {
            return;
        }
        while let Some(due) = self.next_due().filter(|due| *due <= now_ms) {
            let message = self.scheduled.values().find(|scheduled| scheduled.post_at.saturating_mul(1000) <= due);
            if let Some(id) = message.map(|scheduled| scheduled.id.clone()) {
                self.post_scheduled(&id, due);
            }
            let stream = self.streams.iter().find(|(_, stream)| stream.expires_at <= due);
            if let Some((channel, ts)) = stream.map(|(key, _)| key.clone()) {
                self.expire_stream(&channel, ts, due);
            }
            self.run_scheduled(due, now_ms);
        }
    }

    fn post_scheduled(&mut self, id: &ScheduledMessageId, now_ms: u64) {
        let Some(Scheduled { channel, author, draft, .. }) = self.scheduled.remove(id) else { return };
        let is_possible = self.channels.get(&channel).is_some_and(|room| !room.is_archived);
        if is_possible {
            // A thread that is gone meanwhile takes no message, as in Slack; nobody is there to be told.
            let _ = self.post(&channel, &author, draft, now_ms);
        }
    }
}
