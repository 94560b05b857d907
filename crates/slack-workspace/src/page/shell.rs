//! The page around its regions.

use axum::response::{Html, IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};

use super::composer::{composer, message_box};
use super::developer;
use super::fragment::{Item, Region};
use super::head::{head, room_name, room_title};
use super::message::{Where, entries};
use super::modal::{self, Refused};
use super::place::{Beside, Filter, Tab};
use super::scene::Scene;
use super::selects::Suggested;
use super::sidebar::{foot, sidebar};
use super::tail::Tail;
use super::text::{text, visible};
use super::{agent, assets, home};

/// Every region of a page; the page and its live updates share this.
pub(super) fn regions(scene: &Scene, tail: &Tail, refused: &Refused, suggested: Option<&Suggested>) -> Vec<Region> {
    let mut regions = vec![
        Region::whole("sidebar", sidebar(scene)),
        Region::whole("head", head(scene)),
        modal::region(scene, refused, suggested),
    ];
    match (&scene.app, scene.place.tab) {
        (Some(app), Tab::Home) => regions.push(home::region(scene, app, suggested)),
        _ => regions.push(Region::list("messages", conversation(scene, suggested))),
    }
    match scene.place.beside {
        Beside::Nothing => {}
        Beside::Thread(_) => {
            regions.push(Region::list("thread", entries(&scene.thread, scene, Where::Thread, suggested)));
            regions.push(Region::whole("agent", agent::foot(scene)));
            regions.push(Region::whole("thread-title", thread_title(scene)));
        }
        Beside::Developer(filter) => {
            let again = scene.place.path_to("/again");
            regions.push(Region::list("journal", developer::entries(tail, filter, &scene.reader, &again)));
        }
    }
    regions
}

/// What stands around a conversation.
pub(super) fn surroundings(scene: &Scene) -> Vec<Region> {
    vec![Region::whole("sidebar", sidebar(scene)), Region::whole("head", head(scene))]
}

fn thread_title(scene: &Scene) -> Markup {
    let title = scene.agent.as_ref().map(|agent| agent.title.as_str()).filter(|title| !title.is_empty());
    html! { h2 { (text(title.unwrap_or("Thread"))) } }
}

fn conversation(scene: &Scene, suggested: Option<&Suggested>) -> Vec<Item> {
    let drawn = entries(&scene.lines, scene, Where::Channel, suggested);
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
    let place = &scene.place;
    let live = place.before.is_none().then(|| place.live(scene.read));
    let page = html! {
        (DOCTYPE)
        html lang="en" data-theme=(theme) {
            (document_head(&format!("{} · {}", room_title(scene), scene.team)))
            body data-live=[live] data-user=(scene.reader.id) data-channel=(place.channel) data-read=(place.path_to("/read"))
                data-complete=(place.path_to("/complete")) data-options=(place.path_to("/options"))
                data-goto=(place.sheet("goto", None)) {
                a.skip href="#composer" { "Skip to the message box" }
                nav.sidebar id="sidebar" aria-label="Workspace" {
                    (whole(regions, "sidebar"))
                    (foot(scene, theme))
                }
                main.room {
                    (whole(regions, "head"))
                    (middle(scene, regions))
                    @if let Some(notice) = notice { div.notice role="alert" { (notice) } }
                    @if place.tab == Tab::Messages { (message_box(scene)) }
                }
                (beside(scene, regions))
                (whole(regions, "modal"))
                dialog.sheet data-sheet-box aria-labelledby="sheet-title" {
                    div.dialog-head { h2 id="sheet-title" {} button.icon-btn type="button" data-dismiss { span aria-hidden="true" { "✕" } span.sr { "Close" } } }
                    div.dialog-body data-sheet-body {}
                }
                div.toast role="alert" data-toast hidden {}
            }
        }
    };
    Html(page.0).into_response()
}

/// The conversation, or the app's Home tab.
fn middle(scene: &Scene, regions: &[Region]) -> Markup {
    let still = html! {
        noscript {
            p.still { "Without JavaScript this page stays as it is. " a href=(scene.place.path()) { "Reload" } }
        }
    };
    if scene.place.tab == Tab::Home {
        return html! {
            div.scroll.home data-testid="home" tabindex="0" role="region" aria-label="Home" { (whole(regions, "home")) }
            (still)
        };
    }
    html! {
        div.scroll.bottom data-main tabindex="0" aria-label=(format!("Messages in {}", visible(&room_title(scene)))) role="region" {
            (list(regions, "messages", "polite"))
            @if let Some(earlier) = &scene.earlier { a.earlier href=(earlier) { "Earlier messages" } }
        }
        button.pill type="button" data-pill hidden aria-live="polite" {}
        (still)
    }
}

fn document_head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { (visible(title)) }
            link rel="icon" href="data:,";
            link rel="stylesheet" href=(assets::path("workspace.css"));
            link rel="stylesheet" href=(assets::path("blocks.css"));
            script type="module" src=(assets::path("main.js")) {}
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

fn beside(scene: &Scene, regions: &[Region]) -> Markup {
    match scene.place.beside {
        Beside::Nothing => html! {},
        Beside::Thread(ts) => html! {
            aside.pane aria-label="Thread" data-testid="thread" {
                div.pane-head {
                    (whole(regions, "thread-title"))
                    span.muted { (room_name(scene)) } span.spacer {} (close_pane(scene))
                }
                div.scroll tabindex="0" role="region" aria-label="Messages of the thread" {
                    @if scene.thread.is_empty() {
                        div.empty { strong { "This thread is gone" } "Its first message was deleted." }
                    }
                    (list(regions, "thread", "polite"))
                }
                (whole(regions, "agent"))
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
