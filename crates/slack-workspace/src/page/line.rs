//! Messages as they are to be drawn, copied out of the workspace.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::json::{items, string};
use super::rooms::shown_name;
use crate::model::{Channel, File, Message, State, Ts, User, UserId};

/// Characters of a text file shown below a message.
const PREVIEW: usize = 2_000;
/// Names that are told of those who replied or reacted.
const NAMES: usize = 30;

/// A message as it is to be drawn.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) ts: Ts,
    pub(super) body: Arc<Value>,
    pub(super) user: UserId,
    pub(super) author: String,
    pub(super) is_app: bool,
    pub(super) is_ephemeral: bool,
    /// The reader wrote it and may change it.
    pub(super) is_mine: bool,
    pub(super) kind: Kind,
    pub(super) growth: Growth,
    pub(super) replies: Replies,
    pub(super) reactions: Vec<Reaction>,
    pub(super) pinned_by: Option<String>,
    /// What an agent says it is doing in the message's thread.
    pub(super) status: String,
    pub(super) inputs: Map<String, Value>,
    pub(super) files: Vec<Attached>,
}

/// What sort of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// Slack's own words, such as "has joined the channel".
    Notice,
    /// What stands in the place of a message with replies that was deleted.
    Tombstone,
    /// A reply that the channel sees too.
    Broadcast(Ts),
    /// The beginning of a conversation with an agent.
    Agent,
}

/// Whether a message still grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    Done,
    Growing,
    /// It ended before its end.
    Broken,
}

/// The replies of a thread.
#[derive(Clone, Debug, Default)]
pub(super) struct Replies {
    pub(super) count: usize,
    pub(super) latest: Option<Ts>,
    pub(super) names: Vec<String>,
}

/// One emoji below a message.
#[derive(Clone, Debug)]
pub(super) struct Reaction {
    pub(super) name: String,
    pub(super) count: usize,
    pub(super) names: Vec<String>,
    pub(super) is_mine: bool,
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
    pub(super) is_picture: bool,
    /// It was deleted.
    pub(super) is_gone: bool,
}

/// A message as one person sees it.
pub(super) fn line(state: &State, channel: &Channel, message: &Message, reader: &UserId) -> Line {
    let author = state.user(message.user.as_str());
    let custom = message.field("username").and_then(Value::as_str);
    let name = custom.or(author.map(shown_name)).unwrap_or(message.user.as_str());
    let is_ephemeral = message.field("is_ephemeral").and_then(Value::as_bool).unwrap_or_default();
    let kind = kind(message);
    let is_changeable = matches!(kind, Kind::Plain | Kind::Broadcast(_));
    let pinned = message.field("pinned_info").map(|info| name_of(state, string(info, "pinned_by")));
    let status = state.assistant_thread(&channel.id, message.ts).map(|agent| agent.status.clone());
    Line {
        ts: message.ts,
        body: Arc::clone(message.body()),
        user: message.user.clone(),
        author: name.to_owned(),
        is_app: custom.is_some() || author.is_some_and(User::is_bot),
        is_ephemeral,
        is_mine: message.user == *reader && message.app.is_none() && is_changeable,
        kind,
        growth: growth(message),
        replies: replies(state, message),
        reactions: reactions(state, message, reader),
        pinned_by: pinned,
        status: status.unwrap_or_default(),
        inputs: state.inputs(reader, &channel.id, message.ts).cloned().unwrap_or_default(),
        files: items(message.body(), "files").iter().map(|file| attached(state, file)).collect(),
    }
}

fn kind(message: &Message) -> Kind {
    match message.field("subtype").and_then(Value::as_str) {
        Some("tombstone") => Kind::Tombstone,
        Some("assistant_app_thread") => Kind::Agent,
        Some("thread_broadcast") => message.thread_ts.map_or(Kind::Plain, Kind::Broadcast),
        _ if message.is_notice() => Kind::Notice,
        _ => Kind::Plain,
    }
}

fn growth(message: &Message) -> Growth {
    match message.field("streaming_state").and_then(Value::as_str) {
        Some("in_progress") => Growth::Growing,
        Some("errored") => Growth::Broken,
        _ => Growth::Done,
    }
}

fn name_of(state: &State, id: &str) -> String {
    state.user(id).map_or_else(|| id.to_owned(), |user| shown_name(user).to_owned())
}

fn names(state: &State, ids: &[Value]) -> Vec<String> {
    ids.iter().filter_map(Value::as_str).take(NAMES).map(|id| name_of(state, id)).collect()
}

fn replies(state: &State, message: &Message) -> Replies {
    Replies {
        count: message.replies.len(),
        latest: message.replies.last().copied(),
        names: names(state, items(message.body(), "reply_users")),
    }
}

fn reactions(state: &State, message: &Message, reader: &UserId) -> Vec<Reaction> {
    let one = |reaction: &Value| {
        let users = items(reaction, "users");
        Reaction {
            name: string(reaction, "name").to_owned(),
            count: users.len(),
            names: names(state, users),
            is_mine: users.iter().any(|id| id == reader.as_str()),
        }
    };
    items(message.body(), "reactions").iter().map(one).collect()
}

fn attached(state: &State, object: &Value) -> Attached {
    let id = string(object, "id");
    match state.file(id) {
        Some(file) => of_file(file),
        None => Attached {
            id: id.to_owned(),
            name: String::new(),
            title: String::new(),
            size: 0,
            preview: None,
            left_out: 0,
            is_picture: false,
            is_gone: true,
        },
    }
}

fn of_file(file: &File) -> Attached {
    let content = file.content.as_deref().unwrap_or_default();
    let is_picture = super::files::picture_type(content).is_some();
    let whole =
        std::str::from_utf8(content).ok().filter(|text| !text.is_empty() && !text.contains('\0') && !is_picture);
    let preview = whole.map(|text| text.chars().take(PREVIEW).collect::<String>());
    let left_out = whole.map_or(0, |text| text.chars().skip(PREVIEW).count());
    Attached {
        id: file.id.to_string(),
        name: file.name.clone(),
        title: file.title.clone(),
        size: content.len() as u64,
        preview,
        left_out,
        is_picture,
        is_gone: false,
    }
}
