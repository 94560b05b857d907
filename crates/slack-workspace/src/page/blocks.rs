//! Block Kit's blocks as HTML (docs.slack.dev, "Blocks").

use maud::{Markup, html};
use serde_json::Value;

use super::address::Address;
use super::card::{alert, card, carousel, container};
use super::elements::{Role, Surface, element, element_id, text_of};
use super::json::{flag, items, string};
use super::markdown::markdown;
use super::media::{call, image, image_block, remote_file, video};
use super::mrkdwn::{mrkdwn, plain};
use super::reader::Reader;
use super::rich_text::rich_text;
use super::table::{data_table, table};
use super::text::text;
use super::unknown::unknown;
use super::work::{plan, task_card};

/// A message's or a view's blocks, in order.
pub(super) fn blocks(blocks: &[Value], surface: &Surface<'_>) -> Markup {
    html! { @for one in blocks { (block(one, surface, 0)) } }
}

/// One block. What this page does not know is shown as JSON, never dropped.
pub(super) fn block(block: &Value, surface: &Surface<'_>, depth: u8) -> Markup {
    let kind = string(block, "type");
    let inner = simple(kind, block, surface).or_else(|| newer(kind, block, surface, depth));
    let inner = inner.unwrap_or_else(|| unknown("block", block));
    html! {
        div.block data-block=(kind) data-block-id=(string(block, "block_id")) { (inner) }
    }
}

/// The blocks that there have always been.
fn simple(kind: &str, block: &Value, surface: &Surface<'_>) -> Option<Markup> {
    Some(match kind {
        "header" => header(block),
        "section" => section(block, surface),
        "context" => context(block, surface),
        "divider" => html! { hr; },
        "actions" => actions(block, surface),
        "image" => image_block(block, surface.reader),
        "input" => input(block, surface),
        "rich_text" => rich_text(block, surface.reader),
        _ => return None,
    })
}

/// The blocks of later years.
fn newer(kind: &str, block: &Value, surface: &Surface<'_>, depth: u8) -> Option<Markup> {
    Some(match kind {
        "markdown" => markdown(string(block, "text")),
        "video" => video(block),
        "file" => remote_file(block),
        "call" => call(block),
        "table" => table(block, surface.reader),
        "data_table" => return data_table(block, surface.reader),
        "task_card" => task_card(block, surface.reader),
        "plan" => plan(block, surface.reader),
        "card" => card(block, surface),
        "carousel" => carousel(block, surface),
        "container" => return container(block, surface, depth),
        "alert" => alert(block, surface),
        "context_actions" => actions(block, surface),
        _ => return None,
    })
}

fn header(block: &Value) -> Markup {
    html! { h3 { (plain(block.get("text").unwrap_or(&Value::Null))) } }
}

fn section(block: &Value, surface: &Surface<'_>) -> Markup {
    let id = string(block, "block_id");
    html! {
        div.section {
            div.section-main {
                @if let Some(object) = block.get("text").filter(|object| object.is_object()) {
                    div.text dir="auto" { (text_of(object, surface.reader)) }
                }
                @if !items(block, "fields").is_empty() {
                    div.fields {
                        @for field in items(block, "fields") {
                            div.text dir="auto" { (text_of(field, surface.reader)) }
                        }
                    }
                }
            }
            @if let Some(accessory) = block.get("accessory").filter(|accessory| accessory.is_object()) {
                div.accessory { (element(accessory, id, Role::Acts, surface)) }
            }
        }
    }
}

fn context(block: &Value, surface: &Surface<'_>) -> Markup {
    html! {
        div.context {
            @for part in items(block, "elements") {
                @if string(part, "type") == "image" { (image(part, surface.reader)) }
                @else { span.text dir="auto" { (text_of(part, surface.reader)) } }
            }
        }
    }
}

fn actions(block: &Value, surface: &Surface<'_>) -> Markup {
    let id = string(block, "block_id");
    html! {
        div.actions {
            @for one in items(block, "elements") { (element(one, id, Role::Acts, surface)) }
        }
    }
}

fn input(block: &Value, surface: &Surface<'_>) -> Markup {
    let block_id = string(block, "block_id");
    let inner = block.get("element").unwrap_or(&Value::Null);
    let id = element_id(surface, block_id, string(inner, "action_id"));
    let role = if flag(block, "dispatch_action") { Role::Dispatches } else { Role::Answers };
    let error = surface.errors.get(block_id);
    html! {
        div.field.field-error[error.is_some()] {
            label.label for=(id) id=(format!("{id}-label")) {
                (plain(block.get("label").unwrap_or(&Value::Null)))
                @if flag(block, "optional") { span.muted { " (optional)" } }
            }
            (element(inner, block_id, role, surface))
            div.hint id=(format!("{id}-note")) {
                @if let Some(error) = error {
                    span.error role="alert" data-testid="field-error" { "⚠ " (text(error)) }
                } @else {
                    (plain(block.get("hint").unwrap_or(&Value::Null)))
                }
            }
        }
    }
}

/// The older attachments: a bar in their colour, with blocks, or with title, text and fields.
pub(super) fn attachment(attachment: &Value, surface: &Surface<'_>) -> Markup {
    let inner = items(attachment, "blocks");
    html! {
        div.attachment data-testid="attachment" {
            // A colour of the app's own: an attribute of a shape, for the policy allows no inline style.
            svg.bar aria-hidden="true" { rect width="100%" height="100%" fill=(colour(string(attachment, "color"))) {} }
            @if inner.is_empty() { (legacy(attachment, surface.reader)) }
            @else { (blocks(inner, surface)) }
        }
    }
}

/// One of Slack's three names, six hexadecimal digits, or grey.
fn colour(raw: &str) -> String {
    let digits = raw.trim_start_matches('#');
    match raw {
        "good" => "#2eb886".to_owned(),
        "warning" => "#daa038".to_owned(),
        "danger" => "#a30200".to_owned(),
        _ if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()) => format!("#{digits}"),
        _ => "#8886".to_owned(),
    }
}

fn legacy(attachment: &Value, reader: &Reader) -> Markup {
    let title = string(attachment, "title");
    let author = string(attachment, "author_name");
    html! {
        @if !author.is_empty() { div.muted { (text(author)) } }
        @if !string(attachment, "pretext").is_empty() { div.text { (mrkdwn(string(attachment, "pretext"), reader)) } }
        @if !title.is_empty() {
            strong {
                @match Address::parse(string(attachment, "title_link")) {
                    Some(url) => (super::reference::link(&url.href, Some(title))),
                    None => (text(title)),
                }
            }
        }
        div.text dir="auto" { (mrkdwn(first_text(attachment), reader)) }
        @if !items(attachment, "fields").is_empty() {
            div.fields {
                @for field in items(attachment, "fields") {
                    div.wide[!flag(field, "short")] {
                        strong { (text(string(field, "title"))) } div.text { (mrkdwn(string(field, "value"), reader)) }
                    }
                }
            }
        }
        @if !string(attachment, "footer").is_empty() { div.muted { (text(string(attachment, "footer"))) } }
    }
}

fn first_text(attachment: &Value) -> &str {
    match string(attachment, "text") {
        "" => string(attachment, "fallback"),
        text => text,
    }
}

/// Draws blocks as if in a message, for tests.
#[cfg(test)]
pub(super) fn drawn(value: &Value) -> String {
    let (reader, values, errors) = (Reader::alice(), serde_json::Map::new(), super::answers::Errors::new());
    let surface = Surface { reader: &reader, id: "m", values: &values, errors: &errors, suggested: None };
    block(value, &surface, 0).into_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn actions_are_drawn_with_their_hooks() {
        insta::assert_snapshot!(drawn(&json!({"type": "actions", "block_id": "b", "elements": [
            {"type": "button", "action_id": "approve", "style": "primary", "value": "secret-token", "text": {"type": "plain_text", "text": "Approve"}},
            {"type": "button", "action_id": "deny", "style": "danger", "text": {"type": "plain_text", "text": "Deny"},
             "confirm": {"title": {"type": "plain_text", "text": "Sure?"}, "text": {"type": "plain_text", "text": "It ends here."},
                         "confirm": {"type": "plain_text", "text": "Deny"}, "deny": {"type": "plain_text", "text": "Back"}, "style": "danger"}},
            {"type": "overflow", "action_id": "more", "options": [{"value": "a", "text": {"type": "plain_text", "text": "First"}}]}]})));
    }

    #[test]
    fn an_input_has_label_hint_and_limits() {
        insta::assert_snapshot!(drawn(&json!({"type": "input", "block_id": "r", "optional": true,
            "label": {"type": "plain_text", "text": "Reason"}, "hint": {"type": "plain_text", "text": "Sent to the host."},
            "element": {"type": "plain_text_input", "action_id": "t", "multiline": true, "min_length": 2, "max_length": 500,
                        "initial_value": "</textarea><script>"}})));
    }

    #[test]
    fn unknown_blocks_and_elements_are_named() {
        assert!(drawn(&json!({"type": "hologram"})).contains("<code>hologram</code>"));
        let html = drawn(&json!({"type": "section", "accessory": {"type": "lever", "action_id": "x"}}));
        assert!(html.contains("<code>lever</code>"), "{html}");
    }

    #[test]
    fn remote_images_are_never_loaded() {
        let html =
            drawn(&json!({"type": "image", "image_url": "https://tracker.example/p.png", "alt_text": "a chart"}));
        assert!(!html.contains("<img") && html.contains("a chart") && html.contains("https://tracker.example/p.png"));
        let html = drawn(&json!({"type": "image", "image_url": "javascript:alert(1)", "alt_text": "x"}));
        assert!(!html.contains("javascript"), "{html}");
    }

    #[test]
    fn every_place_of_a_block_escapes_its_text() {
        let evil = "\"><script>alert(1)</script>\u{202E}";
        let plain = json!({"type": "plain_text", "text": evil});
        let option = json!({"value": evil, "text": plain, "description": plain});
        for kind in [
            "button",
            "static_select",
            "users_select",
            "overflow",
            "checkboxes",
            "radio_buttons",
            "datepicker",
            "plain_text_input",
            evil,
        ] {
            let element = json!({"type": kind, "action_id": evil, "text": plain, "options": [option], "placeholder": plain,
                "initial_value": evil, "initial_option": option, "value": evil, "accessibility_label": evil, "url": evil, "style": evil,
                "option_groups": [{"label": plain, "options": [option]}],
                "confirm": {"title": plain, "text": plain, "confirm": plain, "deny": plain}});
            for block in [
                json!({"type": "actions", "block_id": evil, "elements": [element]}),
                json!({"type": "input", "block_id": evil, "label": plain, "hint": plain, "element": element}),
                json!({"type": "section", "block_id": evil, "text": plain, "fields": [plain], "accessory": element}),
                json!({"type": evil, "block_id": evil}),
            ] {
                let html = drawn(&block);
                assert!(!html.contains("<script"), "{kind}: {html}");
            }
        }
    }
}
