//! Opening, making and joining conversations.

use std::collections::BTreeSet;

use super::state::im_key;
use super::{ChangeKind, Channel, ChannelId, ChannelKind, ModelError, State, UserId};

impl State {
    /// The direct message between two users, opened when there is none yet; true if it was there.
    pub(crate) fn open_im(
        &mut self,
        opener: &UserId,
        other: &UserId,
        now_ms: u64,
    ) -> Result<(ChannelId, bool), ModelError> {
        if let Some(open) = self.im_between(opener, other) {
            return Ok((open.id.clone(), true));
        }
        if !self.users.contains_key(other) {
            return Err(ModelError::new("user_not_found"));
        }
        let members = BTreeSet::from([opener.clone(), other.clone()]);
        let id = self.add_channel("", ChannelKind::Im, members, opener, now_ms);
        self.ims.insert(im_key(opener, other), id.clone());
        Ok((id, false))
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
        let is_fine = |c: char| c.is_lowercase() || c.is_numeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.chars().count() > 80 || !name.chars().all(is_fine) {
            return Err(ModelError::new("invalid_name"));
        }
        if self.channel_named(name).is_some() {
            return Err(ModelError::new("name_taken"));
        }
        if members.iter().any(|member| !self.users.contains_key(member)) {
            return Err(ModelError::new("user_not_found"));
        }
        Ok(self.add_channel(name, kind, members, creator, now_ms))
    }

    /// Lets a user join a public channel; true if they were in it already.
    pub(crate) fn join(&mut self, channel: &str, user: &UserId) -> Result<bool, ModelError> {
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        match room.kind {
            ChannelKind::Public if room.is_archived => Err(ModelError::new("is_archived")),
            ChannelKind::Public => {
                let was_member = !room.members.insert(user.clone());
                self.changed(ChangeKind::Directory);
                Ok(was_member)
            }
            ChannelKind::Private => Err(ModelError::new("channel_not_found")),
            ChannelKind::Im | ChannelKind::Mpim => Err(ModelError::new("method_not_supported_for_channel_type")),
        }
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
