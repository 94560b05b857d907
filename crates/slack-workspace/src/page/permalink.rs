//! Permalinks: the addresses that `chat.getPermalink` and file objects hand out.
//!
//! They name no person, so that they lead to the page of whoever followed them, where that can be told, else of the
//! owner, else of anybody who may see what is meant.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query as Parameters, State as Shared};
use axum::http::HeaderMap;
use axum::http::header::REFERER;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::place::{find_person, word_of};
use super::visit::{gone, theme};
use crate::Workspace;
use crate::model::{Channel, Message, State, Ts, User};

/// Messages that are shown after one that is jumped to, where it is not among the newest.
const AFTER: usize = 60;
/// One that has fewer after it is on the conversation's live page; less than a page has.
const NEWEST: usize = 150;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    thread_ts: Option<String>,
}

/// `GET /archives/{channel}/p{ts}`: the page, at the message.
pub(super) async fn message(
    Shared(workspace): Shared<Workspace>,
    Path((channel, name)): Path<(String, String)>,
    asked: Result<Parameters<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Parameters(Asked { thread_ts }) = asked.unwrap_or_default();
    let team = workspace.where_is(|state| state.channel(&channel).is_some());
    let address = team.read(|state| {
        let room = state.channel(&channel)?;
        let reader = reader(state, &headers, |user| state.can_read(&user.id, room))?;
        let message = room.message(parsed(&name)?)?;
        let thread = thread_ts.as_deref().and_then(Ts::parse).or(message.thread_ts);
        Some(at_message(&format!("/u/{}", word_of(state, reader)), room, message, thread))
    });
    address.map_or_else(|| gone(theme(&headers)), |address| Redirect::to(&address).into_response())
}

/// `GET /archives/{channel}`: the conversation.
pub(super) async fn room(
    Shared(workspace): Shared<Workspace>,
    Path(channel): Path<String>,
    headers: HeaderMap,
) -> Response {
    let team = workspace.where_is(|state| state.channel(&channel).is_some());
    let address = team.read(|state| {
        let room = state.channel(&channel)?;
        let reader = reader(state, &headers, |user| state.can_read(&user.id, room))?;
        Some(format!("/u/{}/c/{}", word_of(state, reader), room.id))
    });
    address.map_or_else(|| gone(theme(&headers)), |address| Redirect::to(&address).into_response())
}

/// `GET /files/{user}/{file}/{name}`: the file, as a download.
pub(super) async fn file(
    Shared(workspace): Shared<Workspace>,
    Path((_, file, _)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let team = workspace.where_is(|state| state.file(&file).is_some());
    let address = team.read(|state| {
        let file = state.file(&file)?;
        let reader = reader(state, &headers, |user| state.can_see_file(&user.id, file))?;
        Some(format!("/u/{}/file/{}", word_of(state, reader), file.id))
    });
    address.map_or_else(|| gone(theme(&headers)), |address| Redirect::to(&address).into_response())
}

/// The address of a message on somebody's page; a reply that its channel does not show is in its thread.
pub(super) fn at_message(base: &str, room: &Channel, message: &Message, thread: Option<Ts>) -> String {
    let is_reply = !message.is_shown_in_channel();
    let anchor = if is_reply { thread.and_then(|parent| room.message(parent)).unwrap_or(message) } else { message };
    let mut query = Vec::new();
    if let Some(before) = before(room, anchor.ts) {
        query.push(format!("before={before}"));
    }
    if let Some(thread) = thread.filter(|thread| is_reply || *thread != message.ts) {
        query.push(format!("thread={thread}"));
    }
    let sign = if query.is_empty() { "" } else { "?" };
    format!("{base}/c/{}{sign}{}#{}", room.id, query.join("&"), anchor_of(message.ts, is_reply))
}

/// What an entry of a list of messages is called.
pub(super) fn anchor_of(ts: Ts, is_in_thread: bool) -> String {
    format!("{}{ts}", if is_in_thread { "t" } else { "m" })
}

/// Where the page that shows a message ends; the live page shows the newest.
fn before(room: &Channel, ts: Ts) -> Option<Ts> {
    let newer = room.shown_between(ts, Ts::from_micros(u64::MAX)).take(NEWEST + 1).count();
    if newer <= NEWEST {
        return None;
    }
    // Those are in order, the newest first: what is wanted is near the end of them.
    let later = room.messages().partition_point(|message| message.ts <= ts);
    let mut later = room.messages().get(later..).unwrap_or_default().iter().filter(|one| one.is_shown_in_channel());
    later.nth(AFTER).map(|message| message.ts)
}

/// `p` and sixteen digits: a timestamp without its dot.
fn parsed(name: &str) -> Option<Ts> {
    let digits = name.strip_prefix('p').filter(|digits| digits.len() == 16)?;
    let (seconds, micros) = digits.split_at_checked(10)?;
    Ts::parse(&format!("{seconds}.{micros}"))
}

/// Whose page is meant.
fn reader<'s>(state: &'s State, headers: &HeaderMap, may: impl Fn(&User) -> bool) -> Option<&'s User> {
    let came_from = headers.get(REFERER).and_then(|address| address.to_str().ok());
    let path = came_from.and_then(|address| address.strip_prefix(state.base())).unwrap_or_default();
    let word = path.strip_prefix("/u/").and_then(|rest| rest.split(['/', '?']).next());
    let follower = word.and_then(|word| find_person(state, word)).filter(|user| may(user));
    let people = || state.users().filter(|user| !user.is_bot() && may(user));
    follower.or_else(|| people().find(|user| user.is_owner)).or_else(|| people().next())
}
