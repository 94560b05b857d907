//! Search in the messages that a person may read.

use std::sync::Arc;

use maud::{Markup, html};

use super::permalink::at_message;
use super::place::Place;
use super::rooms::{room_name, shown_name};
use super::scene::Scene;
use super::text::{text, visible};
use super::when;
use crate::Workspace;
use crate::model::{Channel, Message, State};

/// Results that are shown, the newest.
const SHOWN: usize = 50;
/// The longest question.
const MAX_WORDS: usize = 200;
/// Characters of a message that are shown, and how many of them stand before what was found.
const EXCERPT: usize = 160;
const BEFORE: usize = 40;

/// A message that was found.
struct Hit {
    address: String,
    room: String,
    author: String,
    at_ms: i64,
    excerpt: String,
}

/// The field, and what was found.
pub(super) fn search(workspace: &Workspace, scene: &Scene, asked: &str) -> Markup {
    let asked: String = asked.trim().chars().take(MAX_WORDS).collect();
    let hits = hits(workspace, &scene.place, &asked);
    html! {
        form.sheet-form method="get" action=(scene.place.path_to("/sheet")) data-search role="search" {
            input type="hidden" name="show" value="search";
            div.search {
                input.input type="search" name="q" value=(visible(&asked)) placeholder="Search messages" autofocus autocomplete="off"
                    aria-label="Search messages" data-testid="search";
                button.btn type="submit" { "Search" }
            }
        }
        @if !asked.is_empty() {
            p.muted role="status" { (told(hits.len())) }
            div.sheet-list data-menu data-testid="results" {
                @for hit in &hits {
                    a.menu-item href=(hit.address) data-testid="result" {
                        strong { (text(&hit.author)) } " " span.muted { (text(&hit.room)) " · " (when::precise(hit.at_ms, &scene.reader)) }
                        span.below { (text(&hit.excerpt)) }
                    }
                }
            }
        }
    }
}

fn told(found: usize) -> String {
    match found {
        0 => "Nothing that you can read has all of these words.".to_owned(),
        1 => "1 message".to_owned(),
        SHOWN => format!("The newest {SHOWN} messages"),
        n => format!("{n} messages"),
    }
}

/// The newest messages that have all of the words, whatever their case.
fn hits(workspace: &Workspace, place: &Place, asked: &str) -> Vec<Hit> {
    let words: Vec<String> = asked.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return Vec::new();
    }
    // Shared under the lock, searched without it.
    let mut found: Vec<(usize, Arc<Message>)> = Vec::new();
    let rooms: Vec<Channel> =
        workspace.read(|state| state.channels().filter(|room| state.can_read(&place.user, room)).cloned().collect());
    for (at, room) in rooms.iter().enumerate() {
        let fits = |message: &&Arc<Message>| has(message, &words);
        found.extend(room.messages().iter().rev().filter(fits).take(SHOWN).map(|message| (at, Arc::clone(message))));
    }
    found.sort_by_key(|(_, message)| std::cmp::Reverse(message.ts));
    found.truncate(SHOWN);
    let hit = |state: &State, (at, message): &(usize, Arc<Message>)| {
        let room = rooms.get(*at)?;
        Some(hit(state, room, message, place, &words))
    };
    workspace.read(|state| found.iter().filter_map(|one| hit(state, one)).collect())
}

/// Most messages can be told from their packed text, without opening them.
fn has(message: &Message, words: &[String]) -> bool {
    let packed = message.packed().text().to_lowercase();
    let may_have = |word: &String| word.contains(['"', '\\']) || packed.contains(word);
    if !words.iter().all(may_have) {
        return false;
    }
    // A copy: what is looked through once need not stay open.
    let open = message.clone();
    let written = open.text().to_lowercase();
    words.iter().all(|word| written.contains(word))
}

fn hit(state: &State, room: &Channel, message: &Message, place: &Place, words: &[String]) -> Hit {
    let open = message.clone();
    let author = open.field("username").and_then(serde_json::Value::as_str);
    let author = author.or_else(|| state.user(open.user.as_str()).map(shown_name)).unwrap_or(open.user.as_str());
    let written = open.text();
    let at = words.iter().filter_map(|word| written.to_lowercase().find(word.as_str())).min().unwrap_or_default();
    let from = written.get(..at).map_or(0, |before| before.chars().count().saturating_sub(BEFORE));
    let excerpt: String = written.chars().skip(from).take(EXCERPT).collect();
    let mark = |is: bool| if is { "…" } else { "" };
    let is_cut = written.chars().count() > from + EXCERPT;
    Hit {
        address: at_message(&format!("/u/{}", place.user_word), room, message, message.thread_ts),
        room: room_name(state, room, &place.user),
        author: author.to_owned(),
        at_ms: i64::try_from(message.ts.micros() / 1_000).unwrap_or(i64::MAX),
        excerpt: format!("{}{excerpt}{}", mark(from > 0), mark(is_cut)),
    }
}
