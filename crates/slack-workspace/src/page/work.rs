//! What an agent shows of its work: tasks, and the plan they belong to.

use maud::{Markup, html};
use serde_json::Value;

use super::address::Address;
use super::elements::text_of;
use super::json::{items, string};
use super::reader::Reader;
use super::reference::link;
use super::text::text;

/// A `plan`: its title and its tasks.
pub(super) fn plan(block: &Value, reader: &Reader) -> Markup {
    let tasks = items(block, "tasks");
    let done = tasks.iter().filter(|task| string(task, "status") == "complete").count();
    html! {
        section.plan data-testid="plan" {
            div.plan-head {
                strong { (text_of(block.get("title").unwrap_or(&Value::Null), reader)) }
                @if !tasks.is_empty() { span.muted { (done) " of " (tasks.len()) " done" } }
            }
            ol.plain { @for task in tasks { li { (task_card(task, reader)) } } }
        }
    }
}

/// A `task_card`: where it stands, in words and a shape, and what came of it.
pub(super) fn task_card(block: &Value, reader: &Reader) -> Markup {
    let (class, mark, word) = match string(block, "status") {
        "complete" => ("task done", "✓", "Done"),
        "in_progress" => ("task running", "◌", "Running"),
        "error" => ("task failed", "✕", "Failed"),
        _ => ("task", "○", "Waiting"),
    };
    let parts: Vec<(&str, &Value)> =
        ["details", "output"].into_iter().filter_map(|name| Some((name, block.get(name)?))).filter(said).collect();
    let sources = items(block, "sources");
    html! {
        div.(class) data-testid="task" {
            span.task-mark aria-hidden="true" { (mark) }
            div.grow {
                div { strong { (text_of(block.get("title").unwrap_or(&Value::Null), reader)) } " " span.muted { (word) } }
                @for (name, value) in &parts {
                    div.task-part { @if *name == "output" { span.muted { "Output: " } } (text_of(value, reader)) }
                }
                @if !sources.is_empty() {
                    div.muted { "Sources: "
                        @for (at, source) in sources.iter().enumerate() { @if at > 0 { ", " } (source_of(source)) }
                    }
                }
            }
        }
    }
}

fn said((_, value): &(&str, &Value)) -> bool {
    match value {
        Value::String(raw) => !raw.is_empty(),
        other => other.is_object(),
    }
}

fn source_of(source: &Value) -> Markup {
    let name = match string(source, "text") {
        "" => string(source, "title"),
        name => name,
    };
    match Address::parse(string(source, "url")) {
        Some(url) => link(&url.href, Some(name)),
        None => text(name),
    }
}
