//! The question an element may ask before it acts.

use maud::{Markup, html};
use serde_json::Value;

use super::json::{label, string};
use super::mrkdwn::plain;
use super::text::text;

/// Title and text of an element's confirmation.
pub(super) fn confirm_body(element: &Value, id: &str) -> Markup {
    let confirm = element.get("confirm").unwrap_or(&Value::Null);
    html! {
        h2 id=(format!("{id}-title")) { (plain(confirm.get("title").unwrap_or(&Value::Null))) }
        div.dialog-body.text { (plain(confirm.get("text").unwrap_or(&Value::Null))) }
    }
}

/// A word on a button of a confirmation.
pub(super) fn confirm_word(element: &Value, key: &str, otherwise: &str) -> Markup {
    let given = element.get("confirm").map(|confirm| label(confirm, key)).unwrap_or_default();
    text(if given.is_empty() { otherwise } else { given })
}

/// How a confirmation's button looks.
pub(super) fn confirm_class(element: &Value) -> &'static str {
    let style = element.get("confirm").map(|confirm| string(confirm, "style")).unwrap_or_default();
    if style == "danger" { "btn btn-danger" } else { "btn btn-primary" }
}
