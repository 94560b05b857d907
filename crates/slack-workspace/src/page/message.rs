//! Messages as the entries of a conversation.

use jiff::civil::Date;
use maud::{Markup, html};

use super::answers::Errors;
use super::blocks::{attachment, blocks};
use super::elements::Surface;
use super::fragment::Item;
use super::json::{items, string};
use super::mrkdwn::mrkdwn;
use super::place::Beside;
use super::scene::{Attached, Line, Scene};
use super::text::{hue, initials, size, text};
use super::when;

/// Messages of one person within this time stand below one name.
const TOGETHER_MS: i64 = 5 * 60 * 1_000;

/// Which list messages are drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    Channel,
    Thread,
}

/// A conversation's entries: day separators and messages.
pub(super) fn entries(lines: &[Line], scene: &Scene, place: Where) -> Vec<Item> {
    let mut drawn = Vec::with_capacity(lines.len() + 4);
    let mut last_day: Option<Date> = None;
    let mut before: Option<&Line> = None;
    for line in lines {
        let day = when::day(at_ms(line), &scene.reader);
        if last_day != Some(day) {
            before = None;
            if place == Where::Channel {
                let name = when::day_name(day, &scene.reader);
                let inner = html! { span { (name) } };
                drawn.push(Item::new(format!("day-{day}"), "day", None, &inner));
            }
        }
        last_day = Some(day);
        drawn.push(entry(line, before, scene, place));
        before = Some(line);
    }
    drawn
}

fn at_ms(line: &Line) -> i64 {
    i64::try_from(line.ts.micros() / 1_000).unwrap_or(i64::MAX)
}

fn entry(line: &Line, before: Option<&Line>, scene: &Scene, place: Where) -> Item {
    let follows = before.is_some_and(|before| {
        !begins_with_header(line)
            && before.user == line.user
            && before.author == line.author
            && before.is_ephemeral == line.is_ephemeral
            && at_ms(line) - at_ms(before) < TOGETHER_MS
    });
    let class = match (follows, line.is_ephemeral) {
        (false, false) => "msg",
        (true, false) => "msg follows",
        (false, true) => "msg ephemeral",
        (true, true) => "msg ephemeral follows",
    };
    let ts = line.ts.to_string();
    let time = when::clock(at_ms(line), &scene.reader);
    let inner = html! {
        @if follows { div.gutter { (time) } }
        @else { div class=(format!("avatar {}", hue(&line.author))) aria-hidden="true" { (initials(&line.author)) } }
        div.msg-main {
            @if line.is_ephemeral { div.only-you { span aria-hidden="true" { "👁" } "Only visible to you" } }
            div.msg-head {
                @if follows { span.sr { (text(&line.author)) } }
                @else {
                    span.author { (text(&line.author)) }
                    @if line.is_app { span.tag { "APP" } }
                    (time)
                }
                @if line.body.get("edited").is_some() { span.muted { "(edited)" } }
            }
            (content(line, scene, place))
            @for file in &line.files { (attached(file, scene)) }
            @if place == Where::Channel { (thread_link(line, scene)) }
        }
        @if place == Where::Channel && !line.is_ephemeral {
            div.msg-tools { a href=(scene.place.with(Beside::Thread(line.ts))) { "Reply in thread" } }
        }
    };
    Item::new(ts.clone(), class, Some(&ts), &inner)
}

/// A message with a heading of its own always says who it is from.
fn begins_with_header(line: &Line) -> bool {
    items(&line.body, "blocks").first().is_some_and(|block| string(block, "type") == "header")
}

/// Text or blocks, in a form that carries what is chosen in them.
fn content(line: &Line, scene: &Scene, place: Where) -> Markup {
    let ts = line.ts.to_string();
    // A thread shows messages a second time: their controls need names of their own.
    let id = match place {
        Where::Channel => format!("{}-{ts}", scene.place.channel),
        Where::Thread => format!("{}-{ts}-thread", scene.place.channel),
    };
    let errors = Errors::new();
    let surface = Surface { reader: &scene.reader, id: &id, values: &line.inputs, errors: &errors };
    let parts = items(&line.body, "blocks");
    let attachments = items(&line.body, "attachments");
    let words = string(&line.body, "text");
    html! {
        form.kit method="post" action=(scene.place.path_to("/act")) data-fetch="kit" data-surface=(id) {
            // The first submit button is what Enter presses: here it must press nothing.
            button type="submit" disabled hidden {}
            input type="hidden" name="ts" value=(ts);
            @if parts.is_empty() {
                @if !words.is_empty() { div.text dir="auto" data-testid="text" { (mrkdwn(words, &scene.reader)) } }
            } @else {
                (blocks(parts, &surface))
            }
            @for one in attachments { (attachment(one, &surface)) }
            div data-status role="status" aria-live="polite" {}
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

fn thread_link(line: &Line, scene: &Scene) -> Markup {
    let replies = match line.replies {
        0 => return html! {},
        1 => "1 reply".to_owned(),
        n => format!("{n} replies"),
    };
    html! {
        div {
            a.thread-link href=(scene.place.with(Beside::Thread(line.ts))) data-testid="thread-link" {
                span aria-hidden="true" { "💬" } (replies)
            }
        }
    }
}

fn attached(file: &Attached, scene: &Scene) -> Markup {
    let address = scene.reader.page(&format!("/file/{}", file.id));
    let title = if file.title.is_empty() { &file.name } else { &file.title };
    let extension: String = file.name.rsplit_once('.').map_or("file", |(_, end)| end).chars().take(5).collect();
    html! {
        div.file data-testid="file" {
            div.file-head {
                div.file-mark aria-hidden="true" { (text(&extension)) }
                span { div.file-name { (text(title)) }
                    div.muted { @if *title != file.name { (text(&file.name)) " · " } (size(file.size)) } }
                a.btn href=(address) download { "Download" }
            }
            @if let Some(preview) = &file.preview {
                pre.code dir="ltr" tabindex="0" aria-label="Beginning of the file" { (text(preview)) }
                @if file.left_out > 0 {
                    div.muted.file-more { (file.left_out) " more characters: download the file to read all of it." }
                }
            }
        }
    }
}
