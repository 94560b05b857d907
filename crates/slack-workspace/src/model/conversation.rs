//! Opening and making conversations.

use std::collections::BTreeSet;

use serde_json::json;

use super::settings::check_name;
use super::state::im_key;
use super::{ChangeKind, Channel, ChannelId, ChannelKind, ModelError, State, UserId};
use crate::events::{self, Audience};

impl State {
    /// The direct message between two users, opened when there is none yet; true if it was there.
    pub(crate) fn open_im(
        &mut self,
        opener: &UserId,
        other: &UserId,
        now_ms: u64,
    ) -> Result<(ChannelId, bool), ModelError> {
        if let Some(id) = self.ims.get(&im_key(opener, other)).cloned() {
            let closed = self.channels.get_mut(&id).is_some_and(|room| room.closed_for.remove(opener));
            if closed {
                self.tell_im("im_open", &id, opener, now_ms);
            }
            return Ok((id, !closed));
        }
        if !self.users.contains_key(other) {
            return Err(ModelError::new("user_not_found"));
        }
        let members = BTreeSet::from([opener.clone(), other.clone()]);
        let id = self.add_channel("", ChannelKind::Im, members, opener, now_ms);
        self.ims.insert(im_key(opener, other), id.clone());
        let object = json!({
            "id": id, "created": now_ms / 1000, "is_im": true, "is_org_shared": false, "user": other,
            "is_open": true, "context_team_id": self.team.id,
        });
        let event = json!({"type": "im_created", "user": opener, "channel": object});
        events::emit(self, Audience::Members(&id), event, now_ms);
        Ok((id, false))
    }

    /// Closes a conversation for one of its members; true if it was open.
    pub(crate) fn close_for(&mut self, channel: &ChannelId, user: &UserId, now_ms: u64) -> bool {
        let Some(room) = self.channels.get_mut(channel) else { return false };
        let is_im = room.kind == ChannelKind::Im;
        let closes = room.closed_for.insert(user.clone());
        if closes && is_im {
            self.tell_im("im_close", channel, user, now_ms);
        }
        closes
    }

    fn tell_im(&mut self, kind: &str, channel: &ChannelId, user: &UserId, now_ms: u64) {
        let event = json!({"type": kind, "user": user, "channel": channel});
        events::emit(self, Audience::Members(channel), event, now_ms);
    }

    /// The group of exactly these people, opened when there is none yet; true if it was there.
    pub(crate) fn open_mpim(
        &mut self,
        opener: &UserId,
        members: BTreeSet<UserId>,
        now_ms: u64,
    ) -> Result<(ChannelId, bool), ModelError> {
        let same = |room: &&Channel| room.kind == ChannelKind::Mpim && room.members == members;
        if let Some(open) = self.channels.values().find(same) {
            return Ok((open.id.clone(), true));
        }
        if members.iter().any(|member| !self.users.contains_key(member)) {
            return Err(ModelError::new("user_not_found"));
        }
        let names: Vec<&str> =
            members.iter().filter_map(|id| self.users.get(id)).map(|user| user.name.as_str()).collect();
        let name = format!("mpdm-{}-1", names.join("--"));
        Ok((self.add_channel(&name, ChannelKind::Mpim, members, opener, now_ms), false))
    }

    /// Makes a channel.
    pub(crate) fn create_channel(
        &mut self,
        name: &str,
        kind: ChannelKind,
        members: BTreeSet<UserId>,
        creator: &UserId,
        now_ms: u64,
    ) -> Result<ChannelId, ModelError> {
        check_name(name)?;
        if self.channel_named(name).is_some() {
            return Err(ModelError::new("name_taken"));
        }
        if members.iter().any(|member| !self.users.contains_key(member)) {
            return Err(ModelError::new("user_not_found"));
        }
        let id = self.add_channel(name, kind, members, creator, now_ms);
        self.tell_created(&id, now_ms);
        Ok(id)
    }

    fn add_channel(
        &mut self,
        name: &str,
        kind: ChannelKind,
        members: BTreeSet<UserId>,
        creator: &UserId,
        now_ms: u64,
    ) -> ChannelId {
        let letter = match kind {
            ChannelKind::Public | ChannelKind::Private => 'C',
            ChannelKind::Im => 'D',
            ChannelKind::Mpim => 'G',
        };
        let id = ChannelId::from(self.mint.id(letter));
        let mut channel = Channel::new(id.clone(), name, kind, creator.clone(), now_ms / 1000);
        channel.members = members;
        self.channels.insert(id.clone(), channel);
        self.changed(ChangeKind::Directory);
        id
    }
}
