//! Removing a channel, and custom emoji.

use serde_json::json;

use super::{ChangeKind, ChannelId, ChannelKind, ModelError, State};
use crate::events::{self, Audience};

/// The longest name of an emoji.
const MAX_EMOJI: usize = 100;

impl State {
    /// Deletes a channel with everything in it, and tells the apps that knew it.
    pub(crate) fn delete_channel(&mut self, channel: &ChannelId, now_ms: u64) -> Result<(), ModelError> {
        let room = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?;
        let kind = match room.kind {
            ChannelKind::Public => "channel_deleted",
            ChannelKind::Private => "group_deleted",
            ChannelKind::Im | ChannelKind::Mpim => {
                return Err(ModelError::new("method_not_supported_for_channel_type"));
            }
        };
        events::emit(self, Audience::Readers(channel), json!({"type": kind, "channel": channel}), now_ms);
        self.channels.remove(channel);
        self.ephemerals.retain(|(of, _), _| of != channel);
        self.inputs.retain(|(_, of, _), _| of != channel);
        self.streams.retain(|(of, _), _| of != channel);
        self.assistants.retain(|(of, _), _| of != channel);
        self.scheduled.retain(|_, scheduled| scheduled.channel != *channel);
        self.unfurls.retain(|_, (of, _)| of != channel);
        for file in self.files.values_mut() {
            file.shares.remove(channel);
        }
        self.changed(ChangeKind::Directory);
        Ok(())
    }

    /// Adds a custom emoji, or removes it when it has no address; the apps hear of it.
    pub(crate) fn set_emoji(&mut self, name: &str, url: Option<&str>, now_ms: u64) -> Result<(), ModelError> {
        let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '+' | '\'');
        if name.is_empty() || name.len() > MAX_EMOJI || !name.chars().all(is_fine) {
            return Err(ModelError::new("invalid_name"));
        }
        let event = if let Some(url) = url {
            self.emoji.insert(name.to_owned(), url.to_owned());
            json!({"type": "emoji_changed", "subtype": "add", "name": name, "value": url})
        } else {
            self.emoji.remove(name).ok_or(ModelError::new("emoji_not_found"))?;
            json!({"type": "emoji_changed", "subtype": "remove", "names": [name]})
        };
        events::emit(self, Audience::Everyone, event, now_ms);
        self.changed(ChangeKind::Directory);
        Ok(())
    }
}
