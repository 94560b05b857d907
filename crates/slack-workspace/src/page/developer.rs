//! The developer pane: what was called, delivered and acknowledged.

use maud::{Markup, html};
use serde_json::Value;

use super::advice::advice;
use super::fragment::Item;
use super::json::{number, string};
use super::place::Filter;
use super::reader::Reader;
use super::tail::{Acked, Tail, error_of};
use super::text::text;
use super::when;
use crate::journal::JournalEntry;

/// Characters of JSON shown of one entry.
const MAX_JSON: usize = 20_000;

/// The journal's newest entries, oldest first.
pub(super) fn entries(tail: &Tail, filter: Filter, reader: &Reader) -> Vec<Item> {
    let shown = tail.shown(filter, reader.now_ms);
    if shown.is_empty() {
        return vec![empty(filter)];
    }
    shown
        .into_iter()
        .map(|(entry, acked)| Item::new(entry.seq.to_string(), "entry", None, &row(entry, acked.as_ref(), reader)))
        .collect()
}

fn empty(filter: Filter) -> Item {
    let (what, how) = match filter {
        Filter::All => (
            "Nothing has happened yet",
            "API calls, events and their acknowledgements appear here as they happen. Connect an app, or post a message.",
        ),
        Filter::Api => (
            "No API calls yet",
            "Calls of the Web API appear here with their answers. Give an app this workspace's address and bot token.",
        ),
        Filter::Events => (
            "No events yet",
            "Envelopes appear here with the time the app took to acknowledge them. Connect an app by Socket Mode, then press a button.",
        ),
        Filter::Problems => (
            "No problems",
            "Errors, redeliveries and missing acknowledgements appear here, each with what to do about it.",
        ),
    };
    Item::new("empty".to_owned(), "empty", None, &html! { strong { (what) } (how) })
}

fn row(entry: &JournalEntry, acked: Option<&Acked>, reader: &Reader) -> Markup {
    let value = &entry.value;
    let error = error_of(value);
    html! {
        details data-testid="journal-entry" data-kind=(entry.kind) {
            summary {
                (when::precise(number(value, "at_ms").unwrap_or(0), reader))
                span.kind { (kind_name(&entry.kind)) }
                span.what { (what(entry, reader)) }
                span.ms { (outcome(entry, acked)) }
            }
            div.entry-body { (details(entry, acked)) }
        }
        @if let Some(error) = error { div.fix { strong { (text(error)) } ": " (advice(error)) } }
    }
}

fn kind_name(kind: &str) -> &str {
    match kind {
        "envelope" => "event",
        "connection" => "socket",
        other => other,
    }
}

fn what(entry: &JournalEntry, reader: &Reader) -> Markup {
    let value = &entry.value;
    match entry.kind.as_str() {
        "api" => html! { code { (text(string(value, "method"))) } },
        "envelope" => html! {
            code { (text(string(value, "type"))) } " " (text(detail(value)))
            @if let Some(attempt @ 1..) = number(value, "retry_attempt") { span.again { " redelivery " (attempt) } }
        },
        "person" => deed(value, reader),
        _ => html! { (text(&brief(value))) },
    }
}

/// What a person did, by name.
fn deed(value: &Value, reader: &Reader) -> Markup {
    let details = value.get("details").unwrap_or(&Value::Null);
    let object = ["action_id", "command", "text", "view_id"].map(|name| string(details, name));
    let object: String =
        object.into_iter().find(|part| !part.is_empty()).unwrap_or_default().chars().take(80).collect();
    html! {
        strong { (text(reader.user(string(value, "user")))) } " "
        (text(verb(string(value, "action")))) " " (text(&object))
    }
}

/// What a person did, as a sentence says it.
fn verb(action: &str) -> &str {
    match action {
        "click" => "used",
        "message" => "wrote",
        "command" => "ran",
        "view_submission" => "submitted",
        "view_close" => "closed",
        "options" => "searched in",
        other => other,
    }
}

/// The part of an envelope that tells it from others of its type.
fn detail(envelope: &Value) -> &str {
    let payload = envelope.get("payload").unwrap_or(&Value::Null);
    let event = payload.get("event").map(|event| string(event, "type")).unwrap_or_default();
    let action = payload.pointer("/actions/0/action_id").and_then(Value::as_str).unwrap_or_default();
    [event, action, string(payload, "command"), string(payload, "type")]
        .into_iter()
        .find(|part| !part.is_empty())
        .unwrap_or_default()
}

/// Short fields of an entry, for kinds without a shape of their own.
fn brief(value: &Value) -> String {
    let hidden = ["seq", "at_ms", "kind", "connection", "app_id"];
    let fields = value.as_object().into_iter().flatten();
    let parts: Vec<String> = fields
        .filter(|(name, _)| !hidden.contains(&name.as_str()))
        .filter_map(|(name, value)| match value {
            Value::String(text) if text.len() <= 80 => Some(text.clone()),
            Value::Number(number) => Some(format!("{name} {number}")),
            Value::Bool(true) => Some(name.clone()),
            _ => None,
        })
        .collect();
    parts.join(" · ")
}

fn outcome(entry: &JournalEntry, acked: Option<&Acked>) -> Markup {
    let value = &entry.value;
    let ms = number(value, "ms");
    match (entry.kind.as_str(), acked) {
        ("api", _) => html! {
            @match error_of(value) {
                Some(_) => span.verdict.bad { "✕ error" },
                None => span.verdict.good { "✓ ok" },
            }
            @if let Some(ms) = ms { " " (ms) " ms" }
        },
        (_, Some(Acked::After { ms, .. })) => html! { span.verdict.good { "✓ ack" } " " (ms) " ms" },
        (_, Some(Acked::NotYet)) => html! { span.verdict.wait { "○ waiting" } },
        (_, Some(Acked::Late)) => html! { span.verdict.bad { "✕ no ack" } },
        _ => html! { @if let Some(ms) = ms { (ms) " ms" } },
    }
}

fn details(entry: &JournalEntry, acked: Option<&Acked>) -> Markup {
    let field = |name: &str| entry.value.get(name).filter(|value| !value.is_null());
    html! {
        @match entry.kind.as_str() {
            "api" => {
                (json("Arguments", field("args")))
                (json("Response", field("response")))
            },
            "envelope" => {
                @if acked == Some(&Acked::Late) {
                    div.fix { "The app has to acknowledge within three seconds: send the envelope_id back before any slow work." }
                }
                (json("Payload", field("payload")))
                @if let Some(Acked::After { payload, .. }) = acked { (json("Acknowledged with", Some(payload).filter(|p| !p.is_null()))) }
            },
            _ => (json("Entry", Some(&entry.value))),
        }
    }
}

fn json(title: &str, value: Option<&Value>) -> Markup {
    let Some(value) = value else {
        return html! {};
    };
    let whole = serde_json::to_string_pretty(value).unwrap_or_default();
    let shown: String = whole.chars().take(MAX_JSON).collect();
    let left_out = whole.chars().count().saturating_sub(MAX_JSON);
    html! {
        div {
            div.muted { (title) }
            div.codebox {
                pre.code dir="ltr" tabindex="0" { (text(&shown)) }
                button.copy type="button" data-copy hidden { "Copy" }
            }
            @if left_out > 0 { div.muted { (left_out) " more characters: the control API has the whole journal." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draw(kind: &str, value: Value) -> String {
        let mut tail = Tail::default();
        tail.extend([JournalEntry { seq: 1, kind: kind.to_owned(), value }]);
        let region = super::super::fragment::Region::list("journal", entries(&tail, Filter::All, &Reader::alice()));
        region.inner().into_string()
    }

    #[test]
    fn an_error_is_explained_with_the_fix() {
        let html = draw(
            "api",
            json!({"method": "chat.postMessage", "ms": 3, "args": {"channel": "<script>"},
            "response": {"ok": false, "error": "not_in_channel"}}),
        );
        assert!(html.contains("Invite the bot to the channel") && html.contains("✕ error"), "{html}");
        assert!(!html.contains("<script"), "{html}");
    }

    #[test]
    fn an_empty_journal_says_what_would_appear() {
        let items = entries(&Tail::default(), Filter::Problems, &Reader::alice());
        let region = super::super::fragment::Region::list("journal", items);
        assert!(region.inner().into_string().contains("No problems"));
    }
}
