//! Who and what stands in the sidebar: conversations, people, apps, with what is unread.

use super::place::word_of;
use crate::model::{AppId, Channel, ChannelId, ChannelKind, State, User, UserId};

/// How far back unread messages are counted.
const COUNTED: usize = 100;

/// What a person has not read of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Unread {
    /// Somebody else wrote since.
    pub(super) is_any: bool,
    /// Messages that are meant for the person: mentions, and all of a direct message.
    pub(super) count: usize,
}

/// A person or an app's bot.
#[derive(Clone, Debug)]
pub(super) struct Face {
    pub(super) id: UserId,
    /// The name in addresses.
    pub(super) word: String,
    pub(super) name: String,
    /// The conversation with the reader, when it was opened.
    pub(super) im: Option<ChannelId>,
    pub(super) unread: Unread,
    /// The app whose bot it is.
    pub(super) app: Option<AppId>,
}

/// A conversation.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) id: ChannelId,
    pub(super) name: String,
    pub(super) kind: ChannelKind,
    pub(super) members: usize,
    pub(super) topic: String,
    pub(super) pins: usize,
    pub(super) bookmarks: Vec<(String, String)>,
    pub(super) is_archived: bool,
    pub(super) is_member: bool,
    pub(super) unread: Unread,
}

/// People go by their handle, bots by the app's name.
pub(super) fn shown_name(user: &User) -> &str {
    if user.is_bot() && !user.real_name.is_empty() { &user.real_name } else { &user.name }
}

/// Everybody who is wanted, by name.
pub(super) fn faces(state: &State, reader: &UserId, wanted: impl Fn(&User) -> bool) -> Vec<Face> {
    let face = |user: &User| {
        let im = state.im_between(reader, &user.id);
        Face {
            id: user.id.clone(),
            word: word_of(state, user),
            name: shown_name(user).to_owned(),
            im: im.map(|im| im.id.clone()),
            unread: im.map_or_else(Unread::default, |im| unread(im, reader)),
            app: user.bot.as_ref().map(|(app, _)| app.clone()),
        }
    };
    let mut faces: Vec<Face> = state.users().filter(|user| wanted(user)).map(face).collect();
    faces.sort_by(|a, b| a.name.cmp(&b.name));
    faces
}

/// Channels and groups that the reader may see, by name.
pub(super) fn rooms(state: &State, reader: &UserId) -> Vec<Room> {
    let mut rooms: Vec<Room> = state
        .channels()
        .filter(|channel| channel.kind != ChannelKind::Im && state.can_read(reader, channel))
        .map(|channel| room(state, channel, reader))
        .collect();
    rooms.sort_by(|a, b| a.name.cmp(&b.name));
    rooms
}

/// One conversation.
pub(super) fn room(state: &State, channel: &Channel, reader: &UserId) -> Room {
    Room {
        id: channel.id.clone(),
        name: room_name(state, channel, reader),
        kind: channel.kind,
        members: channel.members.len(),
        topic: channel.topic.value.clone(),
        pins: channel.pins.len(),
        bookmarks: channel.bookmarks.iter().map(|of| (of.title.clone(), of.link.clone())).collect(),
        is_archived: channel.is_archived,
        is_member: channel.members.contains(reader),
        unread: unread(channel, reader),
    }
}

/// What a conversation is called: direct messages by the others in them.
pub(super) fn room_name(state: &State, channel: &Channel, reader: &UserId) -> String {
    let name_of = |id: &UserId| state.user(id.as_str()).map_or_else(String::new, |user| shown_name(user).to_owned());
    match channel.kind {
        ChannelKind::Im => channel.im_partner(reader).map(name_of).unwrap_or_default(),
        ChannelKind::Mpim => {
            let others = channel.members.iter().filter(|id| *id != reader);
            let mut names: Vec<String> = others.map(name_of).collect();
            names.sort();
            names.join(", ")
        }
        ChannelKind::Public | ChannelKind::Private => channel.name.clone(),
    }
}

fn unread(channel: &Channel, reader: &UserId) -> Unread {
    let is_direct = matches!(channel.kind, ChannelKind::Im | ChannelKind::Mpim);
    if !is_direct && !channel.members.contains(reader) {
        return Unread::default();
    }
    let read = channel.last_read.get(reader).copied().unwrap_or_default();
    let newer = channel.messages().iter().rev().take(COUNTED).take_while(|message| message.ts > read);
    let mention = format!("<@{reader}>");
    newer.filter(|message| message.is_shown_in_channel() && message.user != *reader && !message.is_notice()).fold(
        Unread::default(),
        |so_far, message| {
            let is_meant = is_direct || message.text().contains(&mention);
            Unread { is_any: true, count: so_far.count + usize::from(is_meant) }
        },
    )
}
