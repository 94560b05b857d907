//! The page around its regions.

use axum::response::{Html, IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};

use super::assets;
use super::developer;
use super::fragment::{Item, Region};
use super::message::{Where, entries};
use super::modal::{self, Refused};
use super::place::{Beside, Filter};
use super::scene::Scene;
use super::sidebar::{foot, sidebar};
use super::tail::Tail;
use super::text::text;
use crate::model::{ChannelKind, Ts};

/// Every region of a page; the page and its live updates share this.
pub(super) fn regions(scene: &Scene, tail: &Tail, refused: &Refused) -> Vec<Region> {
    let mut regions = vec![
        Region::whole("sidebar", sidebar(scene)),
        Region::whole("head", head(scene)),
        Region::list("messages", conversation(scene)),
        modal::region(scene, refused),
    ];
    match scene.place.beside {
        Beside::Nothing => {}
        Beside::Thread(_) => regions.push(Region::list("thread", entries(&scene.thread, scene, Where::Thread))),
        Beside::Developer(filter) => {
            regions.push(Region::list("journal", developer::entries(tail, filter, &scene.reader)));
        }
    }
    regions
}

fn conversation(scene: &Scene) -> Vec<Item> {
    let drawn = entries(&scene.lines, scene, Where::Channel);
    if drawn.is_empty() { vec![Item::new("empty".to_owned(), "empty", None, &no_messages(scene))] } else { drawn }
}

fn no_messages(scene: &Scene) -> Markup {
    html! {
        strong { "Nothing here yet" }
        "Messages to " (room_name(scene)) " appear here as they are posted. Write one below, or let an app post with chat.postMessage."
    }
}

/// The whole page.
pub(super) fn page(scene: &Scene, regions: &[Region], theme: &str, notice: Option<&Markup>) -> Response {
    let live = scene.place.before.is_none().then(|| scene.place.path_to("/live"));
    let page = html! {
        (DOCTYPE)
        html lang="en" data-theme=(theme) {
            (document_head(&format!("{} · {}", room_title(scene), scene.team)))
            body data-live=[live] data-user=(scene.reader.id) data-channel=(scene.place.channel) {
                a.skip href="#composer" { "Skip to the message box" }
                nav.sidebar id="sidebar" aria-label="Workspace" {
                    (whole(regions, "sidebar"))
                    (foot(scene, theme))
                }
                main.room {
                    (whole(regions, "head"))
                    div.scroll.bottom data-main tabindex="0" aria-label=(format!("Messages in {}", room_title(scene))) role="region" {
                        (list(regions, "messages", "polite"))
                        @if let Some(earlier) = &scene.earlier { a.earlier href=(earlier) { "Earlier messages" } }
                    }
                    button.pill type="button" data-pill hidden aria-live="polite" {}
                    noscript {
                        p.still { "Without JavaScript this page stays as it is. " a href=(scene.place.path()) { "Reload" } }
                    }
                    @if let Some(notice) = notice { div.notice role="alert" { (notice) } }
                    (message_box(scene))
                }
                (beside(scene, regions))
                (whole(regions, "modal"))
                div.toast role="alert" data-toast hidden {}
            }
        }
    };
    Html(page.0).into_response()
}

fn document_head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { (super::text::visible(title)) }
            link rel="icon" href="data:,";
            link rel="stylesheet" href=(assets::style_path());
            script src=(assets::script_path()) defer {}
        }
    }
}

fn whole(regions: &[Region], name: &str) -> Markup {
    let found = regions.iter().find(|region| region.name == name);
    html! {
        @if let Some(region) = found {
            div.region data-region=(region.name) data-version=(region.version()) { (region.inner()) }
        }
    }
}

fn list(regions: &[Region], name: &str, live: &str) -> Markup {
    let found = regions.iter().find(|region| region.name == name);
    html! {
        @if let Some(region) = found {
            ol role="log" aria-live=(live) aria-relevant="additions" data-region=(region.name) { (region.inner()) }
        }
    }
}

fn room_title(scene: &Scene) -> String {
    match scene.room.kind {
        ChannelKind::Im => scene.room.name.clone(),
        ChannelKind::Public | ChannelKind::Private | ChannelKind::Mpim => format!("#{}", scene.room.name),
    }
}

fn room_name(scene: &Scene) -> Markup {
    text(&room_title(scene))
}

fn head(scene: &Scene) -> Markup {
    let members = match scene.room.members {
        1 => "1 member".to_owned(),
        n => format!("{n} members"),
    };
    html! {
        header.room-head {
            a.icon-btn.menu-button href="#sidebar" aria-label="Open the menu" { "☰" }
            h1 data-testid="room" { (room_name(scene)) }
            @if scene.room.kind != ChannelKind::Im { span.muted.wide { (members) } }
            span.spacer {}
            span.offline data-offline role="status" hidden { "Reconnecting…" }
            span.muted.wide { "as " strong { (text(scene.reader.user(&scene.reader.id))) } }
        }
    }
}

fn message_box(scene: &Scene) -> Markup {
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

fn composer(scene: &Scene, id: &str, label: &str, thread: Option<Ts>) -> Markup {
    html! {
        form.composer method="post" action=(scene.place.path_to("/post")) data-fetch="post" {
            @if let Some(ts) = thread { input type="hidden" name="thread_ts" value=(ts); }
            label.sr for=(id) { (text(label)) }
            textarea id=(id) name="text" rows="1" required placeholder=(super::text::visible(label)) data-testid=(id) {}
            button.btn.btn-primary type="submit" { "Send" }
        }
    }
}

fn beside(scene: &Scene, regions: &[Region]) -> Markup {
    match scene.place.beside {
        Beside::Nothing => html! {},
        Beside::Thread(ts) => html! {
            aside.pane aria-label="Thread" data-testid="thread" {
                div.pane-head { h2 { "Thread" } span.muted { (room_name(scene)) } span.spacer {} (close_pane(scene)) }
                div.scroll tabindex="0" role="region" aria-label="Messages of the thread" {
                    @if scene.thread.is_empty() {
                        div.empty { strong { "This thread is gone" } "Its first message was deleted." }
                    }
                    (list(regions, "thread", "polite"))
                }
                (composer(scene, "thread-composer", "Reply…", Some(ts)))
            }
        },
        Beside::Developer(filter) => html! {
            aside.pane.developer aria-label="Developer" data-testid="developer-pane" {
                div.pane-head {
                    h2 { "Developer" } span.muted { "Calls, events, acknowledgements" }
                    span.spacer {} (close_pane(scene))
                }
                nav.tabs aria-label="What is listed" {
                    @for one in Filter::EVERY {
                        a href=(scene.place.with(Beside::Developer(one))) aria-current=[(one == filter).then_some("true")] { (filter_name(one)) }
                    }
                }
                div.scroll tabindex="0" role="region" aria-label="Journal" { (list(regions, "journal", "off")) }
            }
        },
    }
}

fn filter_name(filter: Filter) -> &'static str {
    match filter {
        Filter::All => "All",
        Filter::Api => "API calls",
        Filter::Events => "Events",
        Filter::Problems => "Problems",
    }
}

fn close_pane(scene: &Scene) -> Markup {
    html! {
        a.icon-btn href=(scene.place.with(Beside::Nothing)) aria-label="Close" data-close-pane { "✕" }
    }
}

/// A page without a conversation: a question or an error.
pub(super) fn bare(title: &str, theme: &str, inner: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" data-theme=(theme) {
            (document_head(title))
            body { main.page { h1 { (text(title)) } (inner) } }
        }
    };
    Html(page.0).into_response()
}
