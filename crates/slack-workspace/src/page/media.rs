//! Pictures, videos and remote files: nothing is loaded from elsewhere, what is kept here is shown.

use maud::{Markup, html};
use serde_json::Value;

use super::address::Address;
use super::json::{label, string};
use super::mrkdwn::plain;
use super::reader::Reader;
use super::text::{text, visible};

/// A picture: one of the workspace's own files is shown, of another only its description and address.
pub(super) fn image(block: &Value, reader: &Reader) -> Markup {
    let alt = match string(block, "alt_text") {
        "" => "Image without a description",
        alt => alt,
    };
    if let Some(id) = block.get("slack_file").and_then(own_file) {
        return html! {
            img.picture src=(reader.page(&format!("/file/{id}/image"))) alt=(visible(alt)) loading="lazy" data-testid="image";
        };
    }
    html! {
        span.imagecard data-testid="image" {
            span.imagecard-mark aria-hidden="true" { "▧" }
            span {
                (text(alt))
                @if let Some(url) = Address::parse(string(block, "image_url")) {
                    " " a href=(url.href) target="_blank" rel="noopener noreferrer nofollow" title=(url.href) { "Open image" }
                }
            }
        }
    }
}

/// The id of a file, given as id or as its private address.
fn own_file(file: &Value) -> Option<&str> {
    let is_id = |id: &&str| id.starts_with('F') && id.chars().all(|c| c.is_ascii_alphanumeric());
    let of_url = || string(file, "url").split('/').find_map(|part| part.rsplit_once('-')).map(|(_, id)| id);
    Some(string(file, "id")).filter(is_id).or_else(|| of_url().filter(is_id))
}

/// An `image` block.
pub(super) fn image_block(block: &Value, reader: &Reader) -> Markup {
    html! {
        figure.figure {
            @if !label(block, "title").is_empty() {
                figcaption.muted { (plain(block.get("title").unwrap_or(&Value::Null))) }
            }
            (image(block, reader))
        }
    }
}

/// A `video` block: title, author and description; the video itself is a link.
pub(super) fn video(block: &Value) -> Markup {
    let by = [string(block, "author_name"), string(block, "provider_name")];
    let by: Vec<&str> = by.into_iter().filter(|part| !part.is_empty()).collect();
    let title = plain(block.get("title").unwrap_or(&Value::Null));
    let page = Address::parse(string(block, "title_url"));
    html! {
        div.cardlike data-testid="video" {
            div.imagecard-mark.big aria-hidden="true" { "▶" }
            div.grow {
                @if !by.is_empty() { div.muted { (text(&by.join(" · "))) } }
                strong {
                    @match &page {
                        Some(url) => a href=(url.href) target="_blank" rel="noopener noreferrer nofollow" { (title) },
                        None => (title),
                    }
                }
                @if let Some(words) = block.get("description") { div { (plain(words)) } }
                div.muted { "Video: " (text(string(block, "alt_text"))) }
                @if let Some(url) = Address::parse(string(block, "video_url")) {
                    a.btn.btn-small href=(url.href) target="_blank" rel="noopener noreferrer nofollow" { "Watch ↗" }
                }
            }
        }
    }
}

/// A `file` block: a remote file, of which the workspace has nothing but the app's name for it.
pub(super) fn remote_file(block: &Value) -> Markup {
    html! {
        div.cardlike {
            div.imagecard-mark.big aria-hidden="true" { "🗎" }
            div.grow { strong { "Remote file" } div.muted { "External id " code { (text(string(block, "external_id"))) } } }
        }
    }
}

/// A `call` block.
pub(super) fn call(block: &Value) -> Markup {
    html! {
        div.cardlike {
            div.imagecard-mark.big aria-hidden="true" { "📞" }
            div.grow { strong { "Call" } div.muted { "Id " code { (text(string(block, "call_id"))) } } }
        }
    }
}
