//! What a page shows, copied out of the workspace so that nothing is locked while it is drawn.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::agent::{Agent, agent};
use super::line::{Line, line};
use super::place::{Beside, Place, Tab};
use super::reader::{Known, Reader};
use super::rooms::{Face, Room, faces, room, room_name, rooms, shown_name};
use crate::model::{AppId, Channel, ChannelKind, Message, State, Ts, User, UserId, View};

/// Messages on one page; older ones are a link away.
const PAGE: usize = 200;

/// Everything a page shows.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) place: Place,
    pub(super) reader: Reader,
    pub(super) team: String,
    /// The other teams: name, and the address of somebody there.
    pub(super) teams: Vec<(String, String)>,
    pub(super) people: Vec<Face>,
    pub(super) apps: Vec<Face>,
    pub(super) rooms: Vec<Room>,
    pub(super) room: Room,
    /// The app whose bot one talks with here.
    pub(super) app: Option<Partner>,
    pub(super) lines: Vec<Line>,
    /// How far the reader had read when the page was opened.
    pub(super) read: Ts,
    /// The address of older messages.
    pub(super) earlier: Option<String>,
    pub(super) thread: Vec<Line>,
    /// What an agent shows beside the thread.
    pub(super) agent: Option<Agent>,
    /// The modal on top, and the app it belongs to.
    pub(super) view: Option<(View, String)>,
    /// How many modals lie below it.
    pub(super) views_below: usize,
}

/// An app one has a direct message with.
#[derive(Clone, Debug)]
pub(super) struct Partner {
    pub(super) id: AppId,
    pub(super) name: String,
    /// It takes conversations as an agent.
    pub(super) is_agent: bool,
    /// What it published for the reader.
    pub(super) home: Option<View>,
}

impl Scene {
    /// What somebody sees at a place; `None` when the conversation is gone, or no longer theirs to read.
    pub(super) fn of(state: &State, place: Place, now_ms: u64) -> Option<Self> {
        let mut scene = Self::without_messages(state, place, now_ms)?;
        let place = &scene.place;
        let channel = state.channel(place.channel.as_str())?;
        let (lines, earlier) = match place.tab {
            Tab::Home => (Vec::new(), None),
            Tab::Messages => conversation(state, channel, place),
        };
        let (thread, agent) = match place.beside {
            Beside::Thread(ts) => (thread(state, channel, &place.user, ts), agent(state, place, ts)),
            Beside::Nothing | Beside::Developer(_) => (Vec::new(), None),
        };
        (scene.lines, scene.earlier, scene.thread, scene.agent) = (lines, earlier, thread, agent);
        Some(scene)
    }

    /// The same without the messages.
    pub(super) fn without_messages(state: &State, place: Place, now_ms: u64) -> Option<Self> {
        let channel = state.channel(place.channel.as_str()).filter(|room| state.can_read(&place.user, room))?;
        let reader = reader(state, &place, now_ms);
        let views = state.views(&place.user);
        let read = channel.last_read.get(&place.user).copied().unwrap_or_default();
        Some(Self {
            team: state.team().name.clone(),
            teams: Vec::new(),
            people: faces(state, &place.user, |user| !user.is_bot()),
            apps: faces(state, &place.user, |user| {
                user.bot.as_ref().is_some_and(|(app, _)| state.app(app.as_str()).is_some())
            }),
            rooms: rooms(state, &place.user),
            room: room(state, channel, &place.user),
            app: partner(state, channel, &place.user),
            lines: Vec::new(),
            read: place.since.unwrap_or(read),
            earlier: None,
            thread: Vec::new(),
            agent: None,
            view: views.last().map(|view| (view.clone(), app_name(state, view))),
            views_below: views.len().saturating_sub(1),
            place,
            reader,
        })
    }
}

fn reader(state: &State, place: &Place, now_ms: u64) -> Reader {
    let seen = || state.channels().filter(|room| state.can_read(&place.user, room));
    let named = seen().filter(|room| matches!(room.kind, ChannelKind::Public | ChannelKind::Private));
    let users: BTreeMap<_, _> = state.users().map(|user| (user.id.to_string(), shown_name(user).to_owned())).collect();
    let is_bot = |id: &UserId| state.user(id.as_str()).is_some_and(User::is_bot);
    let known = |room: &Channel| Known {
        id: room.id.to_string(),
        name: room_name(state, room, &place.user),
        kind: room.kind,
        is_with_bot: room.kind == ChannelKind::Im && room.members.iter().any(is_bot),
    };
    Reader {
        id: place.user.to_string(),
        base: format!("/u/{}", place.user_word),
        users,
        channels: named.map(|room| (room.id.to_string(), room.name.clone())).collect(),
        conversations: seen().map(known).collect(),
        zone: TimeZone::system(),
        now_ms: i64::try_from(now_ms).unwrap_or(i64::MAX),
    }
}

fn app_name(state: &State, view: &View) -> String {
    state.app(view.app.as_str()).map_or_else(|| view.app.to_string(), |app| app.name.clone())
}

fn partner(state: &State, channel: &Channel, reader: &UserId) -> Option<Partner> {
    if channel.kind != ChannelKind::Im {
        return None;
    }
    let (app, _) = state.user(channel.im_partner(reader)?.as_str())?.bot.as_ref()?;
    let app = state.app(app.as_str())?;
    Some(Partner {
        id: app.id.clone(),
        name: app.name.clone(),
        is_agent: app.events.contains("assistant_thread_started"),
        home: state.home(&app.id, reader).cloned(),
    })
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
