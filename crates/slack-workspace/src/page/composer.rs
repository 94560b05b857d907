//! The message box: text, files, and the way to shortcuts.

use maud::{Markup, html};

use super::head::room_title;
use super::place::Beside;
use super::scene::Scene;
use super::text::{text, visible};
use crate::model::{ChannelKind, Ts};

/// The message box of a conversation, or why there is none.
pub(super) fn message_box(scene: &Scene) -> Markup {
    let name = room_title(scene);
    html! {
        @if scene.room.is_archived {
            p.readonly { "This channel is archived. Nobody can post to it." }
        } @else if scene.place.before.is_some() {
            p.readonly { "These are earlier messages. " a href=(scene.place.with(Beside::Nothing)) { "Back to the newest" } }
        } @else if scene.room.kind == ChannelKind::Public && !scene.room.is_member {
            form.readonly method="post" action=(scene.place.path_to("/join")) {
                "You are not in " (text(&name)) ". " button.btn.btn-primary type="submit" { "Join channel" }
            }
        } @else {
            (composer(scene, "composer", &format!("Message {name}"), None))
        }
    }
}

/// A message box.
pub(super) fn composer(scene: &Scene, id: &str, label: &str, thread: Option<Ts>) -> Markup {
    html! {
        form.composer method="post" action=(scene.place.path_to("/post")) enctype="multipart/form-data" data-fetch="post" {
            @if let Some(ts) = thread { input type="hidden" name="thread_ts" value=(ts); }
            label.sr for=(id) { (text(label)) }
            textarea id=(id) name="text" rows="1" placeholder=(visible(label)) data-testid=(id) data-complete {}
            div.composer-files data-files aria-live="polite" {}
            div.composer-row {
                label.icon-btn.attach title="Attach files" {
                    span aria-hidden="true" { "📎" } span.sr { "Attach files" }
                    input type="file" name="file" multiple data-attach;
                }
                @if thread.is_none() {
                    a.icon-btn href=(scene.place.sheet("shortcuts", None)) data-sheet title="Shortcuts and commands" data-testid="shortcuts" {
                        span aria-hidden="true" { "⚡" } span.sr { "Shortcuts and commands" }
                    }
                } @else {
                    @if scene.room.kind != ChannelKind::Im {
                        label.choice.also { input type="checkbox" name="broadcast" value="1"; span { "Also send to " (text(&room_title(scene))) } }
                    }
                }
                span.spacer {}
                button.btn.btn-primary type="submit" { "Send" }
            }
        }
    }
}
