//! Rich text blocks as HTML (docs.slack.dev, "Rich text block"). Its text is never parsed as mrkdwn.

use maud::{Markup, html};
use serde_json::Value;

use super::json::{flag, items, number, string};
use super::reader::Reader;
use super::reference::{link, mention_all, mention_channel, mention_user};
use super::text::text;
use super::when;
use crate::emoji::emoji;

/// Everything inside a `rich_text` block.
pub(super) fn rich_text(block: &Value, reader: &Reader) -> Markup {
    html! {
        div.rich {
            @for part in items(block, "elements") { (part_of(part, reader)) }
        }
    }
}

fn part_of(part: &Value, reader: &Reader) -> Markup {
    match string(part, "type") {
        "rich_text_section" => html! { div.text { (inline_all(part, reader)) } },
        "rich_text_quote" => html! { blockquote { (inline_all(part, reader)) } },
        "rich_text_preformatted" => preformatted(part, reader),
        "rich_text_list" => list(part, reader),
        _ => super::unknown::unknown("part of a text", part),
    }
}

/// A block of code with a button that copies it, shown when the script runs.
fn preformatted(part: &Value, reader: &Reader) -> Markup {
    html! {
        div.codebox {
            pre.code dir="ltr" tabindex="0" data-testid="preformatted" { (inline_all(part, reader)) }
            button.copy type="button" data-copy hidden { "Copy" }
        }
    }
}

fn list(part: &Value, reader: &Reader) -> Markup {
    let indent = match number(part, "indent") {
        Some(1) => "indent-1",
        Some(2) => "indent-2",
        Some(3..) => "indent-3",
        _ => "indent-0",
    };
    let entries = html! {
        @for entry in items(part, "elements") { li { (inline_all(entry, reader)) } }
    };
    if string(part, "style") == "ordered" {
        let start = number(part, "offset").unwrap_or(0).saturating_add(1);
        html! { ol class=(indent) start=(start) { (entries) } }
    } else {
        html! { ul class=(indent) { (entries) } }
    }
}

fn inline_all(part: &Value, reader: &Reader) -> Markup {
    html! { @for element in items(part, "elements") { (inline(element, reader)) } }
}

fn inline(element: &Value, reader: &Reader) -> Markup {
    let plain = match string(element, "type") {
        "text" => text(string(element, "text")),
        "link" => link(string(element, "url"), Some(string(element, "text"))),
        "emoji" => emoji_element(element),
        "user" => mention_user(string(element, "user_id"), reader),
        "channel" => mention_channel(string(element, "channel_id"), None, reader),
        "usergroup" => html! { span.mention { "@" (text(string(element, "usergroup_id"))) } },
        "broadcast" => mention_all(string(element, "range")),
        "date" => date(element, reader),
        "color" => html! { code { (text(string(element, "value"))) } },
        other => html! { span.unknown { "[" (text(other)) "]" } },
    };
    styled(plain, element.get("style").unwrap_or(&Value::Null))
}

fn emoji_element(element: &Value) -> Markup {
    let name = string(element, "name");
    let from_unicode: Option<String> = string(element, "unicode")
        .split('-')
        .map(|code| u32::from_str_radix(code, 16).ok().and_then(char::from_u32))
        .collect();
    match (emoji(name), from_unicode.filter(|all| !all.is_empty())) {
        (Some(known), _) => html! { span title=(format!(":{name}:")) { (known) } },
        (None, Some(unicode)) => html! { span title=(format!(":{name}:")) { (text(&unicode)) } },
        (None, None) => text(&format!(":{name}:")),
    }
}

fn date(element: &Value, reader: &Reader) -> Markup {
    let fallback = string(element, "fallback");
    match number(element, "timestamp") {
        Some(epoch) => text(&when::format_date(epoch, string(element, "format"), reader)),
        None => text(fallback),
    }
}

fn styled(inner: Markup, style: &Value) -> Markup {
    let mut drawn = inner;
    if flag(style, "code") {
        drawn = html! { code dir="ltr" { (drawn) } };
    }
    if flag(style, "strike") {
        drawn = html! { s { (drawn) } };
    }
    if flag(style, "italic") {
        drawn = html! { em { (drawn) } };
    }
    if flag(style, "bold") {
        drawn = html! { strong { (drawn) } };
    }
    drawn
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draw(elements: &Value) -> String {
        rich_text(&json!({"type": "rich_text", "elements": elements}), &Reader::alice()).into_string()
    }

    #[test]
    fn preformatted_text_is_never_parsed() {
        let html = draw(&json!([{"type": "rich_text_preformatted", "elements": [
            {"type": "text", "text": "echo '*x*' <@UBOB> ``` <script>\u{202E}"}]}]));
        assert!(html.contains("*x*") && html.contains("&lt;@UBOB&gt;") && html.contains("&lt;script&gt;"));
        assert!(html.contains("U+202E") && !html.contains("<strong>"), "{html}");
    }

    #[test]
    fn sections_lists_and_quotes_are_drawn() {
        let html = draw(&json!([
            {"type": "rich_text_section", "elements": [
                {"type": "text", "text": "bold", "style": {"bold": true, "code": true}},
                {"type": "user", "user_id": "UALICE"}, {"type": "emoji", "name": "x", "unicode": "274c"},
                {"type": "link", "url": "javascript:alert(1)", "text": "no"}]},
            {"type": "rich_text_list", "style": "ordered", "offset": 2, "indent": 1, "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "three"}]}]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "said"}]},
            {"type": "rich_text_future"}]));
        insta::assert_snapshot!(html);
    }
}
