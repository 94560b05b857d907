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
use crate::journal::{JournalEntry, is_cut};

/// Characters of JSON shown of one entry.
const MAX_JSON: usize = 20_000;

/// The journal's newest entries, oldest first.
pub(super) fn entries(tail: &Tail, filter: Filter, reader: &Reader, again: &str) -> Vec<Item> {
    let shown = tail.shown(filter, reader.now_ms);
    if shown.is_empty() {
        return vec![empty(filter)];
    }
    shown
        .into_iter()
        .map(|(entry, acked)| {
            let repeat = repeat(entry, again, tail.has(entry.seq));
            Item::new(entry.seq.to_string(), "entry", None, &row(entry, acked.as_ref(), reader, &repeat))
        })
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

fn row(entry: &JournalEntry, acked: Option<&Acked>, reader: &Reader, repeat: &Markup) -> Markup {
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
            div.entry-body { (repeat) (details(entry, acked)) }
        }
        @if let Some(error) = error { (explained(error, value)) }
        @if acked == Some(&Acked::Late) {
            div.fix { strong { "no acknowledgement" } ": " (advice("no_ack")) }
        }
    }
}

/// What went wrong, what Slack says of it, and what to do.
fn explained(error: &str, entry: &Value) -> Markup {
    let response = entry.get("response").unwrap_or(&Value::Null);
    let messages = response.pointer("/response_metadata/messages").and_then(Value::as_array);
    let needed = string(response, "needed");
    html! {
        div.fix {
            strong { (text(error)) } ": " (advice(error))
            @if !needed.is_empty() { div { "Needed: " code { (text(needed)) } } }
            @for message in messages.into_iter().flatten().filter_map(Value::as_str).take(5) { div { code { (text(message)) } } }
        }
    }
}

/// The button that does it once more, for what can be.
fn repeat(entry: &JournalEntry, again: &str, is_kept: bool) -> Markup {
    let words = match entry.kind.as_str() {
        "envelope" | "http" if is_sent(&entry.value) => {
            ("Send again", "A new envelope with the same payload; a trigger_id in it is fresh.")
        }
        "api" => ("Call again", "The same call with the app's own token."),
        _ => return html! {},
    };
    let is_cut = ["args", "payload"].iter().any(|name| entry.value.get(name).is_some_and(is_cut));
    let reason = match (is_kept, is_cut) {
        (false, _) => Some("The journal has forgotten this entry since: it has room for the newest only."),
        (true, true) => Some("It was too long for the journal to keep all of it."),
        (true, false) => None,
    };
    if let Some(reason) = reason {
        return html! {
            div.row {
                button.btn.btn-small type="button" disabled data-testid="not-again" aria-describedby=(format!("why-{}", entry.seq)) {
                    span.btn-text { (words.0) }
                }
                span.muted id=(format!("why-{}", entry.seq)) { (reason) }
            }
        };
    }
    html! {
        form.row method="post" action=(again) data-fetch="quiet" {
            input type="hidden" name="seq" value=(entry.seq);
            button.btn.btn-small type="submit" data-testid="again" data-press=(format!("again {}", entry.seq)) { span.btn-text { (words.0) } }
            span.muted { (words.1) }
        }
    }
}

/// What an app was sent and may be sent again; a handshake is not.
fn is_sent(value: &Value) -> bool {
    let name = if value.get("request").is_some() { string(value, "request") } else { string(value, "type") };
    value.get("payload").is_some_and(Value::is_object)
        && matches!(name, "events_api" | "slash_commands" | "interactive")
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
        "http" if value.get("payload").is_some() => html! {
            code { (text(string(value, "request"))) } " " (text(detail(value)))
            @if let Some(attempt @ 1..) = number(value, "retry_attempt") { span.again { " redelivery " (attempt) } }
            div.muted { (text(string(value, "url"))) }
        },
        _ => html! { (text(&brief(value))) },
    }
}

/// What a person did, by name.
fn deed(value: &Value, reader: &Reader) -> Markup {
    let details = value.get("details").unwrap_or(&Value::Null);
    let object =
        ["action_id", "callback_id", "command", "text", "name", "tab", "view_id"].map(|name| string(details, name));
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
        "reaction_add" => "reacted with",
        "reaction_remove" => "took back",
        "message_edit" => "edited",
        "message_delete" => "deleted a message",
        "open_app" => "opened the app's",
        "open_conversation" => "opened a conversation",
        "create_channel" => "made the channel",
        "assistant_thread" => "began a chat",
        "agent_stop" => "stopped the agent",
        "pin" => "pinned a message",
        "unpin" => "took off a pin",
        "upload" => "uploaded",
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
        ("http", _) if value.get("outcome").is_some() => html! {
            @match string(value, "outcome") {
                "ok" => span.verdict.good { "✓ " (number(value, "status").unwrap_or(200)) },
                why => span.verdict.bad { "✕ " (text(why)) },
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
        let region =
            super::super::fragment::Region::list("journal", entries(&tail, Filter::All, &Reader::alice(), "/again"));
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
    fn what_was_sent_and_called_can_be_done_again() {
        let html = draw("envelope", json!({"type": "interactive", "payload": {"type": "block_actions"}}));
        assert!(html.contains("Send again") && html.contains("action=\"/again\""), "{html}");
        assert!(draw("api", json!({"method": "auth.test"})).contains("Call again"));
        assert!(!draw("person", json!({"action": "click"})).contains("again"));
    }

    #[test]
    fn what_the_journal_has_forgotten_cannot_be_sent_again() {
        let mut tail = Tail::default();
        let value = json!({"type": "interactive", "payload": {"type": "block_actions"}});
        let long = json!({"type": "interactive", "payload": {"truncated": true, "begins": "{"}});
        for (seq, value) in [(1, &value), (2, &value), (3, &long)] {
            tail.extend([JournalEntry { seq, kind: "envelope".to_owned(), value: value.clone() }]);
        }
        tail.forget_before(2);
        let items = entries(&tail, Filter::All, &Reader::alice(), "/again");
        let drawn: Vec<String> = items
            .iter()
            .map(|item| super::super::fragment::Region::list("journal", vec![item.clone()]).inner().0)
            .collect();
        assert!(drawn[0].contains("not-again") && drawn[0].contains("has forgotten"), "{}", drawn[0]);
        assert!(!drawn[0].contains("action=\"/again\""), "{}", drawn[0]);
        assert!(drawn[1].contains("action=\"/again\"") && !drawn[1].contains("disabled"), "{}", drawn[1]);
        assert!(drawn[2].contains("too long"), "{}", drawn[2]);
    }

    #[test]
    fn what_slack_says_of_an_error_is_shown() {
        let response = json!({"ok": false, "error": "missing_scope", "needed": "<b>chat:write</b>",
            "response_metadata": {"messages": ["[ERROR] no <i> [json-pointer:/blocks/0]"]}});
        insta::assert_snapshot!(explained("missing_scope", &json!({"response": response})).into_string());
    }

    #[test]
    fn an_empty_journal_says_what_would_appear() {
        let items = entries(&Tail::default(), Filter::Problems, &Reader::alice(), "/again");
        let region = super::super::fragment::Region::list("journal", items);
        assert!(region.inner().into_string().contains("No problems"));
    }
}
