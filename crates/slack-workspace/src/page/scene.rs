//! What a page shows, copied out of the workspace so that nothing is locked while it is drawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::place::{Beside, Place, word_of};
use super::reader::Reader;
use crate::model::{Channel, ChannelId, ChannelKind, Message, State, Ts, User, UserId, View};

/// Messages on one page; older ones are a link away.
const PAGE: usize = 200;
/// Characters of a text file shown below a message.
const PREVIEW: usize = 2_000;

/// Everything a page shows.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) place: Place,
    pub(super) reader: Reader,
    pub(super) team: String,
    pub(super) people: Vec<Face>,
    pub(super) apps: Vec<Face>,
    pub(super) rooms: Vec<Room>,
    pub(super) room: Room,
    pub(super) lines: Vec<Line>,
    /// The address of older messages.
    pub(super) earlier: Option<String>,
    pub(super) thread: Vec<Line>,
    /// The modal on top, and the app it belongs to.
    pub(super) view: Option<(View, String)>,
    /// How many modals lie below it.
    pub(super) views_below: usize,
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
    pub(super) latest: Option<Ts>,
}

/// A conversation.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) id: ChannelId,
    pub(super) name: String,
    pub(super) kind: ChannelKind,
    pub(super) members: usize,
    pub(super) is_archived: bool,
    pub(super) is_member: bool,
    /// The newest message that somebody else wrote.
    pub(super) latest: Option<Ts>,
}

/// A message as it is to be drawn.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) ts: Ts,
    pub(super) body: Arc<Value>,
    pub(super) user: UserId,
    pub(super) author: String,
    pub(super) is_app: bool,
    pub(super) is_ephemeral: bool,
    pub(super) replies: usize,
    pub(super) inputs: Map<String, Value>,
    pub(super) files: Vec<Attached>,
}

/// A file below a message.
#[derive(Clone, Debug)]
pub(super) struct Attached {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) size: u64,
    pub(super) preview: Option<String>,
    /// Characters the preview leaves out.
    pub(super) left_out: usize,
}

impl Scene {
    /// What somebody sees at a place; `None` when the conversation is gone.
    pub(super) fn of(state: &State, place: Place, now_ms: u64) -> Option<Self> {
        let channel = state.channel(place.channel.as_str())?;
        let reader = reader(state, &place, now_ms);
        let (lines, earlier) = conversation(state, channel, &place);
        let thread = match place.beside {
            Beside::Thread(ts) => thread(state, channel, &place.user, ts),
            Beside::Nothing | Beside::Developer(_) => Vec::new(),
        };
        let views = state.views(&place.user);
        Some(Self {
            team: state.team().name.clone(),
            people: faces(state, &place.user, |user| !user.is_bot()),
            apps: faces(state, &place.user, User::is_bot),
            rooms: rooms(state, &place.user),
            room: room(state, channel, &place.user),
            lines,
            earlier,
            thread,
            view: views.last().map(|view| (view.clone(), app_name(state, view))),
            views_below: views.len().saturating_sub(1),
            place,
            reader,
        })
    }
}

fn reader(state: &State, place: &Place, now_ms: u64) -> Reader {
    let channels = state
        .channels()
        .filter(|room| room.kind != ChannelKind::Im && state.can_read(&place.user, room))
        .map(|room| (room.id.to_string(), room.name.clone()))
        .collect();
    let users: BTreeMap<_, _> = state.users().map(|user| (user.id.to_string(), shown_name(user).to_owned())).collect();
    Reader {
        id: place.user.to_string(),
        base: format!("/u/{}", place.user_word),
        users,
        channels,
        zone: TimeZone::system(),
        now_ms: i64::try_from(now_ms).unwrap_or(i64::MAX),
    }
}

/// People go by their handle, bots by the app's name.
fn shown_name(user: &User) -> &str {
    if user.is_bot() && !user.real_name.is_empty() { &user.real_name } else { &user.name }
}

fn app_name(state: &State, view: &View) -> String {
    state.app(view.app.as_str()).map_or_else(|| view.app.to_string(), |app| app.name.clone())
}

fn faces(state: &State, reader: &UserId, wanted: impl Fn(&User) -> bool) -> Vec<Face> {
    let face = |user: &User| {
        let im = state.im_between(reader, &user.id);
        Face {
            id: user.id.clone(),
            word: word_of(state, user),
            name: shown_name(user).to_owned(),
            im: im.map(|im| im.id.clone()),
            latest: im.and_then(|im| latest(im, reader)),
        }
    };
    let mut faces: Vec<Face> = state.users().filter(|user| wanted(user)).map(face).collect();
    faces.sort_by(|a, b| a.name.cmp(&b.name));
    faces
}

fn rooms(state: &State, reader: &UserId) -> Vec<Room> {
    let mut rooms: Vec<Room> = state
        .channels()
        .filter(|channel| channel.kind != ChannelKind::Im && state.can_read(reader, channel))
        .map(|channel| room(state, channel, reader))
        .collect();
    rooms.sort_by(|a, b| a.name.cmp(&b.name));
    rooms
}

fn room(state: &State, channel: &Channel, reader: &UserId) -> Room {
    let name = match channel.kind {
        ChannelKind::Im => {
            let partner = channel.im_partner(reader).and_then(|id| state.user(id.as_str()));
            partner.map_or_else(String::new, |user| shown_name(user).to_owned())
        }
        ChannelKind::Public | ChannelKind::Private | ChannelKind::Mpim => channel.name.clone(),
    };
    Room {
        id: channel.id.clone(),
        name,
        kind: channel.kind,
        members: channel.members.len(),
        is_archived: channel.is_archived,
        is_member: channel.members.contains(reader),
        latest: latest(channel, reader),
    }
}

fn latest(channel: &Channel, reader: &UserId) -> Option<Ts> {
    let newest = channel.messages().iter().rev().take(PAGE);
    newest
        .filter(|message| message.is_shown_in_channel())
        .find(|message| message.user != *reader)
        .map(|message| message.ts)
}

fn conversation(state: &State, channel: &Channel, place: &Place) -> (Vec<Line>, Option<String>) {
    let before = place.before.unwrap_or(Ts::from_micros(u64::MAX));
    let mut newest = channel.shown_between(Ts::default(), before);
    let mut shown: Vec<&Message> = newest.by_ref().take(PAGE).collect();
    shown.reverse();
    let oldest = shown.first().map_or(Ts::default(), |message| message.ts);
    let earlier = newest.next().map(|_| format!("{}?before={oldest}", place.with(Beside::Nothing)));
    let from = if earlier.is_some() { oldest } else { Ts::default() };
    let alone = state.ephemerals(&channel.id, &place.user).iter();
    let alone = alone.filter(|message| message.thread_ts.is_none() && message.ts >= from && message.ts < before);
    let mut lines: Vec<Line> =
        shown.into_iter().chain(alone).map(|message| line(state, channel, message, &place.user)).collect();
    lines.sort_by_key(|line| line.ts);
    (lines, earlier)
}

fn thread(state: &State, channel: &Channel, user: &UserId, ts: Ts) -> Vec<Line> {
    let alone = state.ephemerals(&channel.id, user).iter();
    let alone = alone.filter(|message| message.thread_ts == Some(ts));
    let mut lines: Vec<Line> =
        channel.thread(ts).chain(alone).map(|message| line(state, channel, message, user)).collect();
    lines.sort_by_key(|line| line.ts);
    lines
}

fn line(state: &State, channel: &Channel, message: &Message, reader: &UserId) -> Line {
    let author = state.user(message.user.as_str());
    let custom = message.field("username").and_then(Value::as_str);
    let name = custom.or(author.map(shown_name)).unwrap_or(message.user.as_str());
    let is_ephemeral = message.field("is_ephemeral").and_then(Value::as_bool).unwrap_or_default();
    let files = message.field("files").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    Line {
        ts: message.ts,
        body: Arc::clone(message.body()),
        user: message.user.clone(),
        author: name.to_owned(),
        is_app: custom.is_some() || author.is_some_and(User::is_bot),
        is_ephemeral,
        replies: message.replies.len(),
        inputs: state.inputs(reader, &channel.id, message.ts).cloned().unwrap_or_default(),
        files: files.iter().filter_map(|file| attached(state, file)).collect(),
    }
}

fn attached(state: &State, file: &Value) -> Option<Attached> {
    let file = state.file(file.get("id")?.as_str()?)?;
    let content = file.content.as_deref().unwrap_or_default();
    let whole = std::str::from_utf8(content).ok().filter(|text| !text.is_empty() && !text.contains('\0'));
    let is_text = whole.is_some() && !file.mimetype.starts_with("image/");
    let preview = whole.filter(|_| is_text).map(|text| text.chars().take(PREVIEW).collect::<String>());
    let left_out = whole.filter(|_| is_text).map_or(0, |text| text.chars().skip(PREVIEW).count());
    Some(Attached {
        id: file.id.to_string(),
        name: file.name.clone(),
        title: file.title.clone(),
        size: content.len() as u64,
        preview,
        left_out,
    })
}
