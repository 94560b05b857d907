//! Cards, rows of cards, boxes and alerts.

use maud::{Markup, html};
use serde_json::Value;

use super::blocks::block;
use super::elements::{Role, Surface, element, text_of};
use super::json::{items, string};
use super::media::image;
use crate::blocks::inner;

/// How deep boxes are drawn in each other: more is hostile.
const MAX_DEPTH: u8 = 4;

/// A `card`: a picture, titles, a body, and buttons.
pub(super) fn card(of: &Value, surface: &Surface<'_>) -> Markup {
    let id = string(of, "block_id");
    let picture =
        ["hero_image", "icon", "image"].into_iter().find_map(|name| of.get(name)).filter(|one| one.is_object());
    html! {
        article.card data-testid="card" {
            @if let Some(picture) = picture { (image(picture, surface.reader)) }
            @for (name, class) in [("title", "card-title"), ("subtitle", "muted"), ("body", "text"), ("subtext", "muted")] {
                @if let Some(words) = of.get(name).filter(|words| !words.is_null()) { div.(class) { (text_of(words, surface.reader)) } }
            }
            @if !items(of, "actions").is_empty() {
                div.actions { @for one in items(of, "actions") { (element(one, id, Role::Acts, surface)) } }
            }
        }
    }
}

/// A `carousel`: cards in a row that scrolls.
pub(super) fn carousel(of: &Value, surface: &Surface<'_>) -> Markup {
    html! {
        div.carousel tabindex="0" role="region" aria-label="Cards" {
            @for one in inner(of) { div data-block="card" data-block-id=(string(one, "block_id")) { (card(one, surface)) } }
        }
    }
}

/// A `container`: blocks in a box, with a title.
pub(super) fn container(of: &Value, surface: &Surface<'_>, depth: u8) -> Option<Markup> {
    let within: Vec<&Value> = inner(of).collect();
    if within.is_empty() || depth >= MAX_DEPTH {
        return None;
    }
    Some(html! {
        section.container {
            @for (name, class) in [("title", "card-title"), ("subtitle", "muted")] {
                @if let Some(words) = of.get(name).filter(|words| !words.is_null()) { div.(class) { (text_of(words, surface.reader)) } }
            }
            @for one in within { (block(one, surface, depth + 1)) }
        }
    })
}

/// An `alert`: its level is a word, a colour and a mark.
pub(super) fn alert(of: &Value, surface: &Surface<'_>) -> Markup {
    let (class, mark, word) = match string(of, "level") {
        "success" => ("alert good", "✓", "Success"),
        "warning" => ("alert warn", "⚠", "Warning"),
        "error" => ("alert bad", "✕", "Error"),
        "info" => ("alert info", "ℹ", "Information"),
        _ => ("alert", "•", "Note"),
    };
    html! {
        div.(class) role="note" data-testid="alert" {
            span aria-hidden="true" { (mark) } span.sr { (word) ": " }
            div.grow { (text_of(of.get("text").unwrap_or(&Value::Null), surface.reader)) }
        }
    }
}
