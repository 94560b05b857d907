//! The left side: the workspace, who one is, and where one can go.

use maud::{Markup, html};

use super::place::{Beside, Filter, Place};
use super::scene::{Face, Room, Scene};
use super::text::{hue, initials, text};
use crate::model::{ChannelKind, Ts};

/// Everything in the sidebar.
pub(super) fn sidebar(scene: &Scene) -> Markup {
    html! {
        a.icon-btn.close-nav href="#" aria-label="Close the menu" { "✕" }
        div.team {
            div.team-name { span.team-mark aria-hidden="true" { "✓" } (text(&scene.team)) }
            (switcher(scene))
        }
        (group("Channels", scene.rooms.iter().map(|room| room_link(room, scene)).collect(),
            "Channels appear here when an app or the control API makes one."))
        (group("Direct messages", people(scene), "Other people of this workspace appear here."))
        (group("Apps", scene.apps.iter().map(|app| face_link(app, scene)).collect(),
            "Apps appear here once they are installed."))
    }
}

fn switcher(scene: &Scene) -> Markup {
    let me = &scene.reader.id;
    html! {
        details.switcher data-testid="switcher" {
            summary {
                span class=(format!("avatar small {}", hue(scene.reader.user(me)))) aria-hidden="true" { (initials(scene.reader.user(me))) }
                span { "You are: " strong { (text(scene.reader.user(me))) } " " span aria-hidden="true" { "▾" } }
            }
            div.switcher-list {
                p.muted { "This tab belongs to one person. Others can be open in other tabs." }
                @for person in &scene.people {
                    a href=(as_person(person, scene)) aria-current=[(person.id == scene.place.user).then_some("true")]
                        data-testid=(format!("be-{}", person.word)) {
                        span class=(format!("avatar small {}", hue(&person.name))) aria-hidden="true" { (initials(&person.name)) }
                        (text(&person.name))
                    }
                }
            }
        }
    }
}

/// The same conversation as somebody else; their first one where they cannot see it.
fn as_person(person: &Face, scene: &Scene) -> String {
    if scene.room.kind == ChannelKind::Public {
        Place { user_word: person.word.clone(), user: person.id.clone(), before: None, ..scene.place.clone() }.path()
    } else {
        format!("/u/{}", person.word)
    }
}

fn group(name: &str, links: Vec<Markup>, empty: &str) -> Markup {
    html! {
        section.side-group {
            h2 { (name) }
            @if links.is_empty() { p.side-empty { (empty) } }
            @else { ul { @for link in links { li { (link) } } } }
        }
    }
}

fn room_link(room: &Room, scene: &Scene) -> Markup {
    let mark = if room.kind == ChannelKind::Public { "#" } else { "🔒" };
    link(
        &scene.place.at(&room.id),
        room.id == scene.place.channel,
        room.id.as_str(),
        room.latest,
        &html! {
            span.hash aria-hidden="true" { (mark) }
            span.name { (text(&room.name)) }
        },
    )
}

fn people(scene: &Scene) -> Vec<Markup> {
    let others = scene.people.iter().filter(|person| person.id != scene.place.user);
    others.map(|person| face_link(person, scene)).collect()
}

fn face_link(face: &Face, scene: &Scene) -> Markup {
    let inner = html! {
        span class=(format!("avatar small {}", hue(&face.name))) aria-hidden="true" { (initials(&face.name)) }
        span.name { (text(&face.name)) }
    };
    if let Some(im) = &face.im {
        return link(&scene.place.at(im), *im == scene.place.channel, im.as_str(), face.latest, &inner);
    }
    html! {
        form method="post" action=(scene.place.path_to("/open")) {
            input type="hidden" name="user" value=(face.id);
            button.side-link type="submit" { (inner) }
        }
    }
}

fn link(address: &str, is_here: bool, id: &str, latest: Option<Ts>, inner: &Markup) -> Markup {
    html! {
        a.side-link href=(address) aria-current=[is_here.then_some("page")] data-channel-link=(id)
            data-latest=[latest.map(|ts| ts.to_string())] {
            (inner) span.sr data-unread-told {}
        }
    }
}

/// The foot of the sidebar: the developer pane and the colours.
pub(super) fn foot(scene: &Scene, theme: &str) -> Markup {
    let is_open = matches!(scene.place.beside, Beside::Developer(_));
    let beside = if is_open { Beside::Nothing } else { Beside::Developer(Filter::All) };
    html! {
        div.side-foot {
            a.btn href=(scene.place.with(beside)) data-testid="developer" {
                (if is_open { "Close developer" } else { "Developer" })
            }
            (theme_switch(scene, theme))
        }
    }
}

fn theme_switch(scene: &Scene, theme: &str) -> Markup {
    let shown = match theme {
        "light" => "Light",
        "dark" => "Dark",
        _ => "System",
    };
    html! {
        details.menu {
            summary.btn { span.sr { "Colours: " } span data-theme-now { (shown) } span aria-hidden="true" { " ▾" } }
            form.menu-list.upward method="post" action=(scene.place.path_to("/theme")) data-fetch="theme" {
                @for (value, name) in [("auto", "System"), ("light", "Light"), ("dark", "Dark")] {
                    button.menu-item type="submit" name="theme" value=(value) { (name) }
                }
            }
        }
    }
}
