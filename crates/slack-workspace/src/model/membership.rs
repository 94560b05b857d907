//! Coming into a channel and going out of it.

use serde_json::json;

use super::notice::Notice;
use super::{AppId, ChangeKind, ChannelId, ChannelKind, ModelError, State, UserId};
use crate::events::{self, Audience};

impl State {
    /// Lets a user join a public channel; true if they were in it already.
    pub(crate) fn join(&mut self, channel: &str, user: &UserId, now_ms: u64) -> Result<bool, ModelError> {
        let room = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?;
        match room.kind {
            ChannelKind::Public if room.is_archived => Err(ModelError::new("is_archived")),
            ChannelKind::Public if room.members.contains(user) => Ok(true),
            ChannelKind::Public => {
                let id = room.id.clone();
                self.enter_channel(&id, user, None, now_ms);
                Ok(false)
            }
            ChannelKind::Private => Err(ModelError::new("channel_not_found")),
            ChannelKind::Im | ChannelKind::Mpim => Err(ModelError::new("method_not_supported_for_channel_type")),
        }
    }

    /// Whether someone can be brought into a channel.
    pub(crate) fn can_be_invited(&self, channel: &ChannelId, by: &UserId, user: &UserId) -> Result<(), ModelError> {
        let room = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?;
        match () {
            () if !self.users.contains_key(user) => Err(ModelError::new("user_not_found")),
            () if user == by => Err(ModelError::new("cant_invite_self")),
            () if room.members.contains(user) => Err(ModelError::new("already_in_channel")),
            () => Ok(()),
        }
    }

    /// Puts a user into a channel and tells the apps.
    pub(crate) fn enter_channel(&mut self, channel: &ChannelId, user: &UserId, inviter: Option<&UserId>, now_ms: u64) {
        let Some(room) = self.channels.get_mut(channel) else { return };
        room.members.insert(user.clone());
        let letter = channel_letter(room.kind);
        let mut notice = Notice::new("channel_join", "has joined the channel");
        let mut event = json!({
            "type": "member_joined_channel", "user": user, "channel": channel, "channel_type": letter,
            "team": self.team.id,
        });
        if let Some(inviter) = inviter {
            notice = notice.with("inviter", inviter.as_str());
            event["inviter"] = inviter.as_str().into();
        }
        self.notice(channel, user, notice, now_ms);
        events::emit(self, Audience::Members(channel), event, now_ms);
        self.changed(ChangeKind::Directory);
    }

    /// Takes a user out of a channel and tells the apps; `actor` is who removed them.
    pub(crate) fn exit_channel(&mut self, channel: &ChannelId, user: &UserId, actor: &UserId, now_ms: u64) {
        let Some(room) = self.channels.get_mut(channel) else { return };
        room.members.remove(user);
        let kind = room.kind;
        self.notice(channel, user, Notice::new("channel_leave", "has left the channel"), now_ms);
        let event = json!({
            "type": "member_left_channel", "user": user, "channel": channel,
            "channel_type": channel_letter(kind), "team": self.team.id,
        });
        events::emit(self, Audience::Members(channel), event, now_ms);
        if let Some(app) = self.app_of_bot(user) {
            let kind = if kind == ChannelKind::Public { "channel_left" } else { "group_left" };
            let event = json!({"type": kind, "channel": channel, "actor_id": actor});
            events::emit(self, Audience::App(&app), event, now_ms);
        }
        self.changed(ChangeKind::Directory);
    }

    fn app_of_bot(&self, user: &UserId) -> Option<AppId> {
        self.users.get(user)?.bot.as_ref().map(|(app, _)| app.clone())
    }
}

/// The `channel_type` of membership events; docs.slack.dev, "member_joined_channel".
fn channel_letter(kind: ChannelKind) -> &'static str {
    if kind == ChannelKind::Public { "C" } else { "G" }
}
