//! The head of a conversation: its name, what it is about, who is in it, what is kept at its top.

use maud::{Markup, html};

use super::address::Address;
use super::home::tabs;
use super::scene::Scene;
use super::text::{text, visible};
use crate::model::ChannelKind;

/// The conversation's name with the sign of its kind.
pub(super) fn room_title(scene: &Scene) -> String {
    match scene.room.kind {
        ChannelKind::Im | ChannelKind::Mpim => scene.room.name.clone(),
        ChannelKind::Public | ChannelKind::Private => format!("#{}", scene.room.name),
    }
}

/// The same as markup.
pub(super) fn room_name(scene: &Scene) -> Markup {
    text(&room_title(scene))
}

/// The head.
pub(super) fn head(scene: &Scene) -> Markup {
    let room = &scene.room;
    let members = match room.members {
        1 => "1 member".to_owned(),
        n => format!("{n} members"),
    };
    html! {
        header.room-head {
            a.icon-btn.menu-button href="#sidebar" aria-label="Open the menu" { "☰" }
            h1 data-testid="room" { (room_name(scene)) }
            @if !room.topic.is_empty() { span.muted.wide.topic title=(visible(&room.topic)) { (text(&room.topic)) } }
            span.spacer {}
            span.offline data-offline role="status" hidden { "Reconnecting…" }
            @if room.pins > 0 {
                a.head-link.wide href=(scene.place.sheet("pins", None)) data-sheet { span aria-hidden="true" { "📌 " } (room.pins) " pinned" }
            }
            @if room.kind != ChannelKind::Im {
                a.head-link.wide href=(scene.place.sheet("members", None)) data-sheet data-testid="members" { (members) }
            }
            span.muted.wide { "as " strong { (text(scene.reader.user(&scene.reader.id))) } }
        }
        @if let Some(app) = &scene.app { (tabs(scene, app)) }
        @if !room.bookmarks.is_empty() { (bookmarks(scene)) }
    }
}

fn bookmarks(scene: &Scene) -> Markup {
    html! {
        nav.bookmarks aria-label="Bookmarks" data-testid="bookmarks" {
            @for (title, link) in &scene.room.bookmarks {
                @match Address::parse(link) {
                    Some(url) => a href=(url.href) target="_blank" rel="noopener noreferrer nofollow" title=(url.href) {
                        span aria-hidden="true" { "🔖 " } (text(title))
                    },
                    None => span.nolink { (text(title)) },
                }
            }
        }
    }
}
