//! Messages as the entries of a conversation.

use jiff::civil::Date;
use maud::{Markup, html};

use super::answers::Errors;
use super::attached::attached;
use super::blocks::{attachment, blocks};
use super::elements::Surface;
use super::fragment::Item;
use super::json::{items, string};
use super::line::{Growth, Kind, Line, Reaction};
use super::mrkdwn::mrkdwn;
use super::permalink::anchor_of;
use super::place::Beside;
use super::scene::Scene;
use super::selects::Suggested;
use super::text::{hue, initials, text, visible};
use super::when;
use crate::emoji::emoji;
use crate::model::Ts;

/// Messages of one person within this time stand below one name.
const TOGETHER_MS: i64 = 5 * 60 * 1_000;
/// Texts of more bytes or lines are folded.
const LONG: usize = 4_000;
const LONG_LINES: usize = 40;
/// Faces shown beside a thread's replies.
const FACES: usize = 4;

/// Which list messages are drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    Channel,
    Thread,
}

/// A conversation's entries: day separators, messages, and the line above what was not read yet.
pub(super) fn entries(lines: &[Line], scene: &Scene, place: Where, suggested: Option<&Suggested>) -> Vec<Item> {
    let mut drawn = Vec::with_capacity(lines.len() + 4);
    let mut last_day: Option<Date> = None;
    let mut before: Option<&Line> = None;
    let first_unread = (place == Where::Channel).then(|| first_unread(lines, scene)).flatten();
    for (at, line) in lines.iter().enumerate() {
        let day = when::day(at_ms(line), &scene.reader);
        if last_day != Some(day) && place == Where::Channel {
            before = None;
            let name = when::day_name(day, &scene.reader);
            drawn.push(Item::new(format!("day-{day}"), "day", None, &html! { span { (name) } }));
        }
        if first_unread == Some(line.ts) {
            before = None;
            drawn.push(Item::new("unread".to_owned(), "unread-mark", None, &unread_mark(lines, scene)));
        }
        if place == Where::Thread && at == 1 {
            before = None;
            let words = count(lines.len() - 1, "reply", "replies");
            drawn.push(Item::new("replies".to_owned(), "day", None, &html! { span { (words) } }));
        }
        last_day = Some(day);
        drawn.push(entry(line, before, scene, (place, suggested)));
        before = Some(line);
    }
    drawn
}

/// Whoever was never here has read nothing, and needs no line above everything.
fn first_unread(lines: &[Line], scene: &Scene) -> Option<Ts> {
    let me = &scene.place.user;
    let is_new = |line: &&Line| line.ts > scene.read && line.user != *me && !line.is_ephemeral;
    lines.iter().find(is_new).filter(|_| scene.read > Ts::default()).map(|line| line.ts)
}

fn unread_mark(lines: &[Line], scene: &Scene) -> Markup {
    html! {
        span { "New" }
        @if let Some(newest) = lines.last() {
            noscript {
                form method="post" action=(scene.place.path_to("/read")) {
                    input type="hidden" name="ts" value=(newest.ts);
                    button.btn.btn-small type="submit" { "Mark as read" }
                }
            }
        }
    }
}

fn at_ms(line: &Line) -> i64 {
    i64::try_from(line.ts.micros() / 1_000).unwrap_or(i64::MAX)
}

fn follows(line: &Line, before: Option<&Line>) -> bool {
    before.is_some_and(|before| {
        !begins_with_header(line)
            && before.user == line.user
            && before.author == line.author
            && before.is_ephemeral == line.is_ephemeral
            && (before.kind == Kind::Notice) == (line.kind == Kind::Notice)
            && !matches!(line.kind, Kind::Agent | Kind::Broadcast(_))
            && line.pinned_by.is_none()
            && at_ms(line) - at_ms(before) < TOGETHER_MS
    })
}

type Drawn<'a> = (Where, Option<&'a Suggested>);

fn entry(line: &Line, before: Option<&Line>, scene: &Scene, (place, suggested): Drawn<'_>) -> Item {
    let follows = follows(line, before);
    let class = [
        ("msg", true),
        ("follows", follows),
        ("ephemeral", line.is_ephemeral),
        ("notice-line", line.kind == Kind::Notice),
        ("growing", line.growth == Growth::Growing),
        ("pinned", line.pinned_by.is_some()),
    ];
    let class: Vec<&str> = class.into_iter().filter(|(_, is_so)| *is_so).map(|(name, _)| name).collect();
    let ts = line.ts.to_string();
    let time = when::clock(at_ms(line), &scene.reader);
    let inner = html! {
        @if follows { div.gutter { (time) } }
        @else { div class=(format!("avatar {}", hue(&line.author))) aria-hidden="true" { (initials(&line.author)) } }
        div.msg-main {
            (above(line, scene))
            div.msg-head data-mine=[line.is_mine.then(|| scene.place.sheet("edit", Some(line.ts)))] {
                @if follows { span.sr { (text(&line.author)) } }
                @else {
                    span.author { (text(&line.author)) }
                    @if line.is_app { span.tag { "APP" } }
                    (time)
                }
                @if line.body.get("edited").is_some() { span.muted { "(edited)" } }
            }
            (content(line, scene, (place, suggested)))
            (growth(line))
            @for file in &line.files { (attached(file, scene)) }
            (reactions(line, scene))
            @if place == Where::Channel { (thread_link(line, scene)) }
        }
        (tools(line, scene, place))
    };
    let item = Item::new(ts.clone(), &class.join(" "), Some(&ts), &inner);
    let item = item.called(&anchor_of(line.ts, place == Where::Thread));
    if line.growth == Growth::Growing { item.busy() } else { item }
}

/// What stands above a message: who sees it, who pinned it, what it answers.
fn above(line: &Line, scene: &Scene) -> Markup {
    html! {
        @if line.is_ephemeral { div.only-you { span aria-hidden="true" { "👁" } "Only visible to you" } }
        @if let Some(by) = &line.pinned_by { div.only-you { span aria-hidden="true" { "📌" } "Pinned by " (text(by)) } }
        @if let Kind::Broadcast(thread) = line.kind {
            div.only-you { "replied to " a href=(scene.place.with(Beside::Thread(thread))) { "a thread" } }
        }
    }
}

fn growth(line: &Line) -> Markup {
    match line.growth {
        Growth::Done => html! {},
        Growth::Growing => html! {
            div.muted.growth data-testid="growing" { span.dots aria-hidden="true" { i {} i {} i {} } "Writing…" }
        },
        Growth::Broken => html! {
            div.status data-testid="broken" { span aria-hidden="true" { "⚠ " } "This message was not finished: the app did not end its stream in time." }
        },
    }
}

fn tools(line: &Line, scene: &Scene, place: Where) -> Markup {
    let sheet = |name: &str| scene.place.sheet(name, Some(line.ts));
    html! {
        @if line.is_ephemeral {
            form.msg-tools method="post" action=(scene.place.path_to("/dismiss")) data-fetch="quiet" {
                input type="hidden" name="ts" value=(line.ts);
                button type="submit" { "Dismiss" }
            }
        } @else if line.kind != Kind::Tombstone {
            div.msg-tools role="group" aria-label="Message actions" {
                @if place == Where::Channel { a href=(scene.place.with(Beside::Thread(line.ts))) { "Reply in thread" } }
                a href=(sheet("react")) data-sheet { "React" }
                a href=(sheet("more")) data-sheet { "More" }
            }
        }
    }
}

/// A message with a heading of its own always says who it is from.
fn begins_with_header(line: &Line) -> bool {
    items(&line.body, "blocks").first().is_some_and(|block| string(block, "type") == "header")
}

/// Text or blocks, in a form that carries what is chosen in them.
fn content(line: &Line, scene: &Scene, (place, suggested): Drawn<'_>) -> Markup {
    if line.kind == Kind::Agent {
        return conversation(line, scene, place);
    }
    let ts = line.ts.to_string();
    // A thread shows messages a second time: their controls need names of their own.
    let id = match place {
        Where::Channel => format!("{}-{ts}", scene.place.channel),
        Where::Thread => format!("{}-{ts}-thread", scene.place.channel),
    };
    let errors = Errors::new();
    let surface = Surface { reader: &scene.reader, id: &id, values: &line.inputs, errors: &errors, suggested };
    let parts = items(&line.body, "blocks");
    let attachments = items(&line.body, "attachments");
    let words = string(&line.body, "text");
    html! {
        form.kit method="post" action=(scene.place.path_to("/act")) enctype="multipart/form-data" data-fetch="kit" data-surface=(id) {
            // The first submit button is what Enter presses: here it must press nothing.
            button type="submit" disabled hidden {}
            input type="hidden" name="ts" value=(ts);
            @if parts.is_empty() {
                @if !words.is_empty() { (folded(words, &id, &html! { div.text dir="auto" data-testid="text" { (mrkdwn(words, &scene.reader)) } })) }
            } @else {
                (blocks(parts, &surface))
            }
            @for one in attachments { (attachment(one, &surface)) }
            div data-status role="status" aria-live="polite" {}
        }
    }
}

/// A long text shows its beginning until somebody wants all of it.
fn folded(words: &str, id: &str, drawn: &Markup) -> Markup {
    if words.len() <= LONG && words.lines().nth(LONG_LINES).is_none() {
        return drawn.clone();
    }
    let fold = format!("fold-{id}");
    html! {
        div.long {
            (drawn)
            // Without a name: it is no part of the form.
            label.fold { input type="checkbox" id=(fold); " Show all of it" }
        }
    }
}

/// The beginning of a conversation with an agent: its title leads to it.
fn conversation(line: &Line, scene: &Scene, place: Where) -> Markup {
    let title = line.body.get("assistant_app_thread").map(|of| string(of, "title")).filter(|title| !title.is_empty());
    html! {
        div.chat data-testid="chat" {
            span aria-hidden="true" { "✦ " }
            strong { (text(title.unwrap_or("Chat"))) }
            @if place == Where::Channel { " " a href=(scene.place.with(Beside::Thread(line.ts))) { "Open chat" } }
        }
    }
}

/// What stands below a message whose app did not acknowledge a click.
pub(super) fn unanswered(is_connected: bool) -> Markup {
    html! {
        span.status data-testid="unanswered" {
            span aria-hidden="true" { "⚠ " }
            @if is_connected { "The app did not answer in time. Press again, or look for the reason in the developer pane." }
            @else { "The app did not answer in time: it is not connected. Start it, then press again." }
        }
    }
}

/// What stands below a message when a click could not be delivered.
pub(super) fn problem(what: &str) -> Markup {
    html! { span.status { span aria-hidden="true" { "⚠ " } (text(what)) } }
}

fn reactions(line: &Line, scene: &Scene) -> Markup {
    html! {
        @if !line.reactions.is_empty() {
            form.reactions method="post" action=(scene.place.path_to("/react")) data-fetch="quiet" {
                input type="hidden" name="ts" value=(line.ts);
                @for one in &line.reactions { (reaction(one)) }
                a.reaction.add href=(scene.place.sheet("react", Some(line.ts))) data-sheet aria-label="Add another reaction" {
                    span aria-hidden="true" { "☺+" }
                }
            }
        }
    }
}

fn reaction(of: &Reaction) -> Markup {
    let told = visible(&format!("{} reacted with :{}:", who(of), of.name));
    html! {
        button.reaction type="submit" name=(if of.is_mine { "remove" } else { "add" }) value=(of.name)
            aria-pressed=(if of.is_mine { "true" } else { "false" }) aria-label=(told) title=(told) data-testid="reaction"
            data-press=(format!("reaction {}", of.name)) {
            span aria-hidden="true" { @match emoji(&of.name) { Some(known) => (known), None => (text(&format!(":{}:", of.name))) } }
            " " span.reaction-count { (of.count) }
        }
    }
}

fn who(of: &Reaction) -> String {
    let more = of.count.saturating_sub(of.names.len());
    match (of.names.split_last(), more) {
        (Some((last, [])), 0) => last.clone(),
        (Some((last, rest)), 0) => format!("{} and {last}", rest.join(", ")),
        _ => format!("{} and {more} more", of.names.join(", ")),
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn thread_link(line: &Line, scene: &Scene) -> Markup {
    let latest = line.replies.latest.map(|ts| i64::try_from(ts.micros() / 1_000).unwrap_or(i64::MAX));
    html! {
        @if line.replies.count > 0 {
            div {
                a.thread-link href=(scene.place.with(Beside::Thread(line.ts))) data-testid="thread-link" {
                    @for name in line.replies.names.iter().take(FACES) {
                        span class=(format!("avatar small {}", hue(name))) aria-hidden="true" { (initials(name)) }
                    }
                    (count(line.replies.count, "reply", "replies"))
                    @if let Some(ms) = latest { span.muted { "Last reply " (when::clock(ms, &scene.reader)) } }
                }
            }
        }
        @if !line.status.is_empty() {
            div.muted.growth { span.dots aria-hidden="true" { i {} i {} i {} } (text(&line.author)) " " (text(&line.status)) }
        }
    }
}
