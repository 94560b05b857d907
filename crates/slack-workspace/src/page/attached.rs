//! Files below a message.

use maud::{Markup, html};

use super::line::Attached;
use super::scene::Scene;
use super::text::{size, text, visible};

/// A file: a picture is shown, of a text its beginning, everything can be had.
pub(super) fn attached(file: &Attached, scene: &Scene) -> Markup {
    if file.is_gone {
        return html! { div.only-you { "This file was deleted." } };
    }
    let address = scene.reader.page(&format!("/file/{}", file.id));
    let title = if file.title.is_empty() { &file.name } else { &file.title };
    let extension: String = file.name.rsplit_once('.').map_or("file", |(_, end)| end).chars().take(5).collect();
    html! {
        div.file data-testid="file" {
            div.file-head {
                div.file-mark aria-hidden="true" { (text(&extension)) }
                span { div.file-name { (text(title)) }
                    div.muted { @if *title != file.name { (text(&file.name)) " · " } (size(file.size)) } }
                a.btn href=(address) download { "Download" }
            }
            @if file.is_picture {
                a.file-picture href=(format!("{address}/image")) target="_blank" {
                    img src=(format!("{address}/image")) alt=(visible(title)) loading="lazy";
                }
            }
            @if let Some(preview) = &file.preview {
                pre.code dir="ltr" tabindex="0" aria-label="Beginning of the file" { (text(preview)) }
                @if file.left_out > 0 {
                    div.muted.file-more { (file.left_out) " more characters: download the file to read all of it." }
                }
            }
        }
    }
}
