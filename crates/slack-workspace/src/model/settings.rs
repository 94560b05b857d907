//! A channel's name, topic, purpose and archive.

use serde_json::{Value, json};

use super::channel::Caption;
use super::notice::Notice;
use super::{ChangeKind, Channel, ChannelId, ChannelKind, ModelError, State, UserId};
use crate::events::{self, Audience};

/// The longest name of a channel.
const MAX_NAME: usize = 80;
/// The longest topic or purpose.
const MAX_CAPTION: usize = 250;

/// Which line of a channel is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaptionKind {
    Topic,
    Purpose,
}

/// Whether a channel can be called that; docs.slack.dev, "conversations.create".
pub(super) fn check_name(name: &str) -> Result<(), ModelError> {
    let is_fine = |c: char| c.is_alphanumeric() && !c.is_uppercase() || matches!(c, '-' | '_');
    match () {
        () if name.is_empty() => Err(ModelError::new("invalid_name_required")),
        () if name.chars().count() > MAX_NAME => Err(ModelError::new("invalid_name_maxlength")),
        () if !name.chars().any(char::is_alphanumeric) => Err(ModelError::new("invalid_name_punctuation")),
        () if !name.chars().all(is_fine) => Err(ModelError::new("invalid_name_specials")),
        () => Ok(()),
    }
}

impl State {
    /// Gives a channel another name.
    pub(crate) fn rename(
        &mut self,
        channel: &ChannelId,
        by: &UserId,
        name: &str,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        check_name(name)?;
        if self.channel_named(name).is_some_and(|other| other.id != *channel) {
            return Err(ModelError::new("name_taken"));
        }
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let old = std::mem::replace(&mut room.name, name.to_owned());
        room.previous_names.insert(0, old.clone());
        let event = json!({"type": prefixed(room, "rename"), "channel": brief(room, self.team.id.as_str())});
        let text = format!("has renamed the channel from \"{old}\" to \"{name}\"");
        let notice = Notice::new("channel_name", text).with("old_name", old).with("name", name);
        self.notice(channel, by, notice, now_ms);
        events::emit(self, Audience::Readers(channel), event, now_ms);
        self.changed(ChangeKind::Directory);
        Ok(())
    }

    /// Sets a channel's topic or purpose.
    pub(crate) fn set_caption(
        &mut self,
        channel: &ChannelId,
        by: &UserId,
        kind: CaptionKind,
        value: &str,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        if value.chars().count() > MAX_CAPTION {
            return Err(ModelError::new("too_long"));
        }
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let caption = Caption { value: value.to_owned(), creator: Some(by.clone()), last_set: now_ms / 1000 };
        let (subtype, name) = match kind {
            CaptionKind::Topic => ("channel_topic", "topic"),
            CaptionKind::Purpose => ("channel_purpose", "purpose"),
        };
        *(if kind == CaptionKind::Topic { &mut room.topic } else { &mut room.purpose }) = caption;
        let text = format!("set the channel {name}: {value}");
        self.notice(channel, by, Notice::new(subtype, text).with(name, value), now_ms);
        self.changed(ChangeKind::Directory);
        Ok(())
    }

    /// Archives a channel.
    pub(crate) fn archive(&mut self, channel: &ChannelId, by: &UserId, now_ms: u64) -> Result<(), ModelError> {
        self.set_archived(channel, by, true, now_ms)
    }

    /// Opens an archived channel again.
    pub(crate) fn unarchive(&mut self, channel: &ChannelId, by: &UserId, now_ms: u64) -> Result<(), ModelError> {
        self.set_archived(channel, by, false, now_ms)
    }

    fn set_archived(
        &mut self,
        channel: &ChannelId,
        by: &UserId,
        is_archived: bool,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        room.is_archived = is_archived;
        let event = if is_archived { "archive" } else { "unarchive" };
        let event = json!({"type": prefixed(room, event), "channel": channel, "user": by, "is_moved": 0});
        let notice = if is_archived {
            Notice::new("channel_archive", "archived the channel")
        } else {
            Notice::new("channel_unarchive", "un-archived the channel")
        };
        self.notice(channel, by, notice, now_ms);
        events::emit(self, Audience::Readers(channel), event, now_ms);
        self.changed(ChangeKind::Directory);
        Ok(())
    }

    /// Tells the apps of a new public channel.
    pub(super) fn tell_created(&mut self, channel: &ChannelId, now_ms: u64) {
        let Some(room) = self.channels.get(channel).filter(|room| room.kind == ChannelKind::Public) else { return };
        let mut object = brief(room, self.team.id.as_str());
        object["creator"] = room.creator.as_str().into();
        let event = json!({"type": "channel_created", "channel": object});
        events::emit(self, Audience::Everyone, event, now_ms);
    }
}

/// `channel_…` for a public channel, `group_…` for a private one.
fn prefixed(room: &Channel, name: &str) -> String {
    format!("{}_{name}", if room.kind == ChannelKind::Public { "channel" } else { "group" })
}

/// The few fields of a channel that events carry.
fn brief(room: &Channel, team: &str) -> Value {
    json!({
        "id": room.id, "name": room.name, "name_normalized": room.name, "created": room.created,
        "is_channel": room.kind == ChannelKind::Public, "is_group": room.kind == ChannelKind::Private,
        "is_mpim": room.kind == ChannelKind::Mpim, "is_private": room.kind != ChannelKind::Public,
        "is_archived": room.is_archived, "context_team_id": team,
    })
}
