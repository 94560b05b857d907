//! The left side: the workspace, who one is, and where one can go.

use maud::{Markup, html};

use super::place::{Beside, Filter, Place};
use super::rooms::{Face, Room, Unread};
use super::scene::Scene;
use super::text::{hue, initials, text};
use crate::model::ChannelKind;

/// Everything in the sidebar.
pub(super) fn sidebar(scene: &Scene) -> Markup {
    let (groups, channels): (Vec<&Room>, Vec<&Room>) =
        scene.rooms.iter().partition(|room| room.kind == ChannelKind::Mpim);
    let direct = people(scene).into_iter().chain(groups.into_iter().map(|room| group_link(room, scene)));
    html! {
        a.icon-btn.close-nav href="#" aria-label="Close the menu" { "✕" }
        div.team {
            div.team-name { span.team-mark aria-hidden="true" { "✓" } (text(&scene.team)) }
            @for (name, address) in &scene.teams { a.other-team href=(address) { "Go to " (text(name)) } }
            (switcher(scene))
            a.side-search href=(scene.place.sheet("goto", None)) data-sheet data-testid="goto" {
                span { "Go to…" } kbd aria-hidden="true" { "Ctrl K" }
            }
            a.side-search href=(scene.place.sheet("search", None)) data-sheet data-testid="open-search" { span { "Search messages…" } }
        }
        (group("Channels", Some(("channel", "New channel")), scene, channels.into_iter().map(|room| room_link(room, scene)).collect(),
            "Channels appear here when an app or the control API makes one."))
        (group("Direct messages", Some(("new", "New message")), scene, direct.collect(), "Other people of this workspace appear here."))
        (group("Apps", None, scene, scene.apps.iter().map(|app| app_link(app, scene)).collect(),
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
        let place =
            Place { user_word: person.word.clone(), user: person.id.clone(), before: None, ..scene.place.clone() };
        place.path()
    } else {
        format!("/u/{}", person.word)
    }
}

fn group(name: &str, add: Option<(&str, &str)>, scene: &Scene, links: Vec<Markup>, empty: &str) -> Markup {
    html! {
        section.side-group {
            div.side-head {
                h2 { (name) }
                @if let Some((sheet, label)) = add {
                    a.icon-btn href=(scene.place.sheet(sheet, None)) data-sheet title=(label) data-testid=(format!("add-{sheet}")) {
                        span aria-hidden="true" { "+" } span.sr { (label) }
                    }
                }
            }
            @if links.is_empty() { p.side-empty { (empty) } }
            @else { ul { @for link in links { li { (link) } } } }
        }
    }
}

fn room_link(room: &Room, scene: &Scene) -> Markup {
    let mark = if room.kind == ChannelKind::Public { "#" } else { "🔒" };
    let inner = html! {
        span.hash aria-hidden="true" { (mark) }
        span.name { (text(&room.name)) }
    };
    link(&scene.place.at(&room.id), room.id == scene.place.channel, room.id.as_str(), room.unread, &inner)
}

fn group_link(room: &Room, scene: &Scene) -> Markup {
    let inner = html! {
        span.hash.group-size aria-hidden="true" { (room.members.saturating_sub(1)) }
        span.name { (text(&room.name)) }
    };
    link(&scene.place.at(&room.id), room.id == scene.place.channel, room.id.as_str(), room.unread, &inner)
}

fn people(scene: &Scene) -> Vec<Markup> {
    let others = scene.people.iter().filter(|person| person.id != scene.place.user);
    others.map(|person| face_link(person, scene)).collect()
}

fn face(of: &Face) -> Markup {
    html! {
        span class=(format!("avatar small {}", hue(&of.name))) aria-hidden="true" { (initials(&of.name)) }
        span.name { (text(&of.name)) }
    }
}

fn face_link(of: &Face, scene: &Scene) -> Markup {
    if let Some(im) = &of.im {
        return link(&scene.place.at(im), *im == scene.place.channel, im.as_str(), of.unread, &face(of));
    }
    html! {
        form method="post" action=(scene.place.path_to("/open")) {
            input type="hidden" name="user" value=(of.id);
            button.side-link type="submit" { (face(of)) }
        }
    }
}

/// Opening an app is something it hears of: a button, not a link.
fn app_link(of: &Face, scene: &Scene) -> Markup {
    let is_here = of.im.as_ref() == Some(&scene.place.channel);
    html! {
        form method="post" action=(scene.place.path_to("/app")) {
            @if let Some(app) = &of.app { input type="hidden" name="app" value=(app.as_str()); }
            button.side-link.unread[shows(of.unread, is_here)] type="submit" aria-current=[is_here.then_some("page")]
                data-channel-link=[of.im.as_ref()] { (face(of)) (badge(of.unread, is_here)) }
        }
    }
}

fn link(address: &str, is_here: bool, id: &str, unread: Unread, inner: &Markup) -> Markup {
    html! {
        a.side-link.unread[shows(unread, is_here)] href=(address) aria-current=[is_here.then_some("page")] data-channel-link=(id) {
            (inner) (badge(unread, is_here))
        }
    }
}

/// What is open is being read.
fn shows(unread: Unread, is_here: bool) -> bool {
    unread.is_any && !is_here
}

fn badge(unread: Unread, is_here: bool) -> Markup {
    html! {
        @if shows(unread, is_here) {
            @if unread.count > 0 { span.badge { (unread.count) span.sr { " unread for you" } } }
            @else { span.sr { " (unread)" } }
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
