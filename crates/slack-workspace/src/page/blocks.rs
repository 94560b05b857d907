//! Block Kit's blocks as HTML (docs.slack.dev, "Blocks").

use maud::{Markup, html};
use serde_json::Value;

use super::address::Address;
use super::elements::{Role, Surface, element, element_id, image, text_of};
use super::json::{flag, items, label, string};
use super::markdown::markdown;
use super::mrkdwn::{mrkdwn, plain};
use super::reader::Reader;
use super::rich_text::rich_text;
use super::text::text;

/// A message's or a view's blocks, in order.
pub(super) fn blocks(blocks: &[Value], surface: &Surface<'_>) -> Markup {
    html! { @for one in blocks { (block(one, surface)) } }
}

/// One block. What this page does not know is named, never dropped.
pub(super) fn block(block: &Value, surface: &Surface<'_>) -> Markup {
    let kind = string(block, "type");
    let inner = match kind {
        "header" => html! { h3 { (plain(block.get("text").unwrap_or(&Value::Null))) } },
        "section" => section(block, surface),
        "context" => context(block, surface),
        "divider" => html! { hr; },
        "actions" => actions(block, surface),
        "image" => image_block(block),
        "input" => input(block, surface),
        "rich_text" => rich_text(block, surface.reader),
        "markdown" => markdown(string(block, "text")),
        other => html! { div.unknown { "This page cannot draw blocks of type " code { (text(other)) } "." } },
    };
    html! {
        div.block data-block=(kind) data-block-id=(string(block, "block_id")) { (inner) }
    }
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
                @if string(part, "type") == "image" { (image(part)) }
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

fn image_block(block: &Value) -> Markup {
    html! {
        @if !label(block, "title").is_empty() {
            div.muted { (plain(block.get("title").unwrap_or(&Value::Null))) }
        }
        (image(block))
    }
}

fn input(block: &Value, surface: &Surface<'_>) -> Markup {
    let block_id = string(block, "block_id");
    let inner = block.get("element").unwrap_or(&Value::Null);
    let id = element_id(surface, block_id, string(inner, "action_id"));
    let role = if flag(block, "dispatch_action") { Role::Acts } else { Role::Answers };
    let error = surface.errors.get(block_id);
    html! {
        div.field.field-error[error.is_some()] {
            label.label for=(id) {
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

/// The older attachments: a bar with blocks, or with title, text and fields.
pub(super) fn attachment(attachment: &Value, surface: &Surface<'_>) -> Markup {
    let inner = items(attachment, "blocks");
    html! {
        div.attachment data-testid="attachment" {
            @if inner.is_empty() { (legacy(attachment, surface.reader)) }
            @else { (blocks(inner, surface)) }
        }
    }
}

fn legacy(attachment: &Value, reader: &Reader) -> Markup {
    let title = string(attachment, "title");
    html! {
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
        @for field in items(attachment, "fields") {
            div { strong { (text(string(field, "title"))) } " " (mrkdwn(string(field, "value"), reader)) }
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
    let surface = Surface { reader: &reader, id: "m", values: &values, errors: &errors };
    block(value, &surface).into_string()
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
