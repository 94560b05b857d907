//! Channels, direct messages and groups, with their messages in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Bookmark, ChannelId, ChannelKind, Message, Pin, TeamId, Ts, UserId};

/// How many of the newest messages are kept open: pages and apps read those.
const OPEN: usize = 256;

/// The `channel_type` that message events of such a conversation carry.
pub(crate) fn event_name(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Public => "channel",
        ChannelKind::Private => "group",
        ChannelKind::Im => "im",
        ChannelKind::Mpim => "mpim",
    }
}

/// The topic or the purpose of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Caption {
    /// The text.
    pub value: String,
    /// Who set it.
    pub creator: Option<UserId>,
    /// Seconds since the epoch.
    pub last_set: u64,
}

impl Caption {
    fn to_json(&self) -> Value {
        let creator = self.creator.as_ref().map_or("", UserId::as_str);
        json!({"value": self.value, "creator": creator, "last_set": self.last_set})
    }
}

/// A conversation and its messages.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Channel {
    /// `C…`, `D…` or `G…`.
    pub id: ChannelId,
    /// Name without `#`; empty for direct messages.
    pub name: String,
    /// What sort of conversation it is.
    pub kind: ChannelKind,
    /// Who made it.
    pub creator: UserId,
    /// Seconds since the epoch.
    pub created: u64,
    /// Nobody may post any more.
    pub is_archived: bool,
    /// Who takes part.
    pub members: BTreeSet<UserId>,
    /// What it is about at the moment.
    pub topic: Caption,
    /// What it is for.
    pub purpose: Caption,
    /// Names it had before, the latest first.
    pub previous_names: Vec<String>,
    /// Pinned messages, the latest first.
    pub pins: Vec<Pin>,
    /// The links below its name.
    pub bookmarks: Vec<Bookmark>,
    /// How far each member has read.
    pub last_read: BTreeMap<UserId, Ts>,
    /// Who closed this direct message; it opens again with the next message.
    pub closed_for: BTreeSet<UserId>,
    /// Oldest first; replies to threads are among them. Shared with whoever writes them down meanwhile.
    #[serde(with = "super::saved::arcs")]
    messages: Vec<Arc<Message>>,
    /// The last timestamp given out, also to ephemeral messages.
    last_ts: Ts,
}

impl Channel {
    /// A conversation without messages.
    pub fn new(id: ChannelId, name: &str, kind: ChannelKind, creator: UserId, created: u64) -> Self {
        Self {
            id,
            name: name.to_owned(),
            kind,
            creator,
            created,
            is_archived: false,
            members: BTreeSet::new(),
            topic: Caption::default(),
            purpose: Caption::default(),
            previous_names: Vec::new(),
            pins: Vec::new(),
            bookmarks: Vec::new(),
            last_read: BTreeMap::new(),
            closed_for: BTreeSet::new(),
            messages: Vec::new(),
            last_ts: Ts::default(),
        }
    }

    /// Every message, oldest first, thread replies included.
    pub fn messages(&self) -> &[Arc<Message>] {
        &self.messages
    }

    pub(crate) fn messages_mut(&mut self) -> impl Iterator<Item = &mut Message> {
        self.messages.iter_mut().map(Arc::make_mut)
    }

    /// The message with this timestamp.
    pub fn message(&self, ts: Ts) -> Option<&Message> {
        self.messages.get(self.position(ts)?).map(Arc::as_ref)
    }

    /// The messages of a thread: its parent, then the replies, oldest first.
    pub fn thread(&self, parent: Ts) -> impl Iterator<Item = &Message> {
        let parent = self.message(parent);
        let replies = parent.map_or(&[][..], |message| &message.replies);
        parent.into_iter().chain(replies.iter().filter_map(|ts| self.message(*ts)))
    }

    /// Messages with `after < ts < before` shown in the channel itself, newest first.
    pub fn shown_between(&self, after: Ts, before: Ts) -> impl Iterator<Item = &Message> {
        let last = Ts::from_micros(before.micros().saturating_sub(1));
        self.shown(after.next(), last)
    }

    /// Messages from `first` to `last`, both included, shown in the channel itself, newest first.
    pub fn shown(&self, first: Ts, last: Ts) -> impl Iterator<Item = &Message> {
        let from = self.messages.partition_point(|message| message.ts < first);
        let to = self.messages.partition_point(|message| message.ts <= last);
        let range = self.messages.get(from..to.max(from)).unwrap_or_default();
        range.iter().rev().map(Arc::as_ref).filter(|message| message.is_shown_in_channel())
    }

    /// A timestamp that no message of this channel has, not before `now`.
    pub(crate) fn next_ts(&mut self, now: Ts) -> Ts {
        self.last_ts = now.max(self.last_ts.next());
        self.last_ts
    }

    pub(crate) fn message_mut(&mut self, ts: Ts) -> Option<&mut Message> {
        let position = self.position(ts)?;
        self.messages.get_mut(position).map(Arc::make_mut)
    }

    /// Appends a message whose timestamp came from [`Channel::next_ts`].
    ///
    /// The one that is no longer among the newest is put away.
    pub(crate) fn push(&mut self, message: Message) {
        self.messages.push(Arc::new(message));
        let oldest_open = self.messages.len().checked_sub(OPEN + 1);
        if let Some(message) = oldest_open.and_then(|at| self.messages.get_mut(at)) {
            put_away(message);
        }
    }

    /// Puts away all but the newest messages, whoever has looked at them.
    pub(crate) fn pack(&mut self) {
        let packed = self.messages.len().saturating_sub(OPEN);
        self.messages.iter_mut().take(packed).for_each(put_away);
    }

    pub(crate) fn remove(&mut self, ts: Ts) -> Option<Arc<Message>> {
        let position = self.position(ts)?;
        self.pins.retain(|pin| pin.ts != ts);
        Some(self.messages.remove(position))
    }

    /// The other person of a direct message, seen from `user`.
    pub fn im_partner(&self, user: &UserId) -> Option<&UserId> {
        self.members.iter().find(|member| *member != user).or_else(|| self.members.get(user))
    }

    /// The name that interaction payloads and commands carry.
    pub fn payload_name(&self) -> &str {
        match self.kind {
            ChannelKind::Public => &self.name,
            ChannelKind::Private | ChannelKind::Mpim => "privategroup",
            ChannelKind::Im => "directmessage",
        }
    }

    /// The channel object as `viewer` gets it from `conversations.info`.
    pub fn to_json(&self, team: &TeamId, viewer: Option<&UserId>) -> Value {
        if self.kind == ChannelKind::Im {
            let partner = viewer.and_then(|viewer| self.im_partner(viewer));
            let partner = partner.or_else(|| self.members.first());
            let is_open = viewer.is_none_or(|viewer| !self.closed_for.contains(viewer));
            let last_read = viewer.and_then(|viewer| self.last_read.get(viewer).copied()).unwrap_or_default();
            return json!({
                "is_open": is_open, "last_read": last_read,
                "id": self.id, "created": self.created, "is_archived": false, "is_im": true,
                "is_org_shared": false, "context_team_id": team, "updated": self.created * 1000,
                "user": partner, "is_user_deleted": false, "priority": 0,
            });
        }
        let is_member = viewer.is_some_and(|viewer| self.members.contains(viewer));
        let mut channel = json!({
            "id": self.id, "name": self.name, "name_normalized": self.name,
            "is_channel": self.kind == ChannelKind::Public, "is_group": self.kind == ChannelKind::Private,
            "is_im": false, "is_mpim": self.kind == ChannelKind::Mpim,
            "is_private": self.kind != ChannelKind::Public, "created": self.created,
            "is_archived": self.is_archived, "is_general": self.name == "general", "unlinked": 0,
            "is_shared": false, "is_org_shared": false, "is_pending_ext_shared": false,
            "pending_shared": [], "context_team_id": team, "updated": self.created * 1000,
            "parent_conversation": null, "creator": self.creator, "is_ext_shared": false,
            "shared_team_ids": [team], "pending_connected_team_ids": [], "is_member": is_member,
            "topic": self.topic.to_json(), "purpose": self.purpose.to_json(),
            "previous_names": self.previous_names, "num_members": self.members.len(),
        });
        if let Some(viewer) = viewer.filter(|_| is_member) {
            channel["last_read"] = self.last_read.get(viewer).copied().unwrap_or_default().into();
        }
        channel
    }

    fn position(&self, ts: Ts) -> Option<usize> {
        self.messages.binary_search_by_key(&ts, |message| message.ts).ok()
    }
}

/// Packs a message; one that is packed already is not touched, for others may share it.
fn put_away(message: &mut Arc<Message>) {
    if message.is_open() {
        Arc::make_mut(message).pack();
    }
}
