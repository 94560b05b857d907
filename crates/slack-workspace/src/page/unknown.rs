//! What this page cannot draw: named, and shown as the JSON it is.

use maud::{Markup, html};
use serde_json::Value;

use super::json::string;
use super::text::text;

/// Characters of JSON that are shown.
const MAX_JSON: usize = 4_000;

/// A block, an element or a part of a text of a kind that is not known.
pub(super) fn unknown(what: &str, value: &Value) -> Markup {
    let kind = string(value, "type");
    let whole = serde_json::to_string_pretty(value).unwrap_or_default();
    let shown: String = whole.chars().take(MAX_JSON).collect();
    let left_out = whole.chars().count().saturating_sub(MAX_JSON);
    html! {
        details.unknown data-testid="unknown" {
            summary { "This page cannot draw " (article(what)) " of type " code { (text(if kind.is_empty() { "(none)" } else { kind })) } "." }
            pre.code dir="ltr" tabindex="0" { (text(&shown)) }
            @if left_out > 0 { div.muted { (left_out) " more characters." } }
        }
    }
}

fn article(what: &str) -> String {
    let vowel = what.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {what}", if vowel { "an" } else { "a" })
}
