//! Sheets: small pages for one deed. The script shows them over the conversation; without it they are pages.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::json::{items, string};
use super::line::{Line, line};
use super::mrkdwn::mrkdwn;
use super::place::Beside;
use super::rooms::shown_name;
use super::scene::Scene;
use super::search::search;
use super::text::{hue, initials, text, visible};
use super::visit::{Visit, Wants, gone};
use super::{shell, when};
use crate::emoji;
use crate::model::{ChannelKind, State, Ts};

/// A sheet: its title and what stands in it.
type Sheet = (&'static str, Markup);

/// `GET …/sheet?show=…`.
pub(super) async fn sheet(visit: Visit) -> Response {
    let Some((title, inner)) = visit.scene().and_then(|scene| drawn(&visit, &scene)) else {
        return gone(visit.theme);
    };
    if visit.wants == Wants::Fragment {
        return axum::Json(json!({"title": title, "html": inner.0})).into_response();
    }
    let inner = html! { (inner) p { a href=(visit.place.path()) { "Back" } } };
    shell::bare(title, visit.theme, &inner)
}

fn drawn(visit: &Visit, scene: &Scene) -> Option<Sheet> {
    let ts = visit.query.ts.as_deref().and_then(Ts::parse);
    let about = ts.and_then(|ts| {
        let place = &visit.place;
        visit.workspace.read(|state| {
            let room = state.channel(place.channel.as_str())?;
            let (message, _) = state.message_seen_by(&place.user, place.channel.as_str(), ts)?;
            Some(line(state, room, message, &place.user))
        })
    });
    match (visit.query.show.as_deref()?, about) {
        ("react", Some(about)) => Some(("Add a reaction", react(scene, &about))),
        ("more", Some(about)) => Some(("Message", more(visit, scene, &about))),
        ("edit", Some(about)) if about.is_mine => Some(("Edit message", edit(visit, scene, &about))),
        ("delete", Some(about)) if about.is_mine => Some(("Delete message", delete(scene, &about))),
        ("shortcuts", _) => Some(("Shortcuts", shortcuts(visit, scene))),
        ("search", _) => {
            let asked = visit.query.q.as_deref().unwrap_or_default();
            Some(("Search", search(&visit.workspace, scene, asked)))
        }
        ("new", _) => Some(("New message", new_message(scene))),
        ("goto", _) => Some(("Go to", goto(scene))),
        ("channel", _) => Some(("New channel", new_channel(scene))),
        ("members", _) => Some(("Members", members(visit, scene))),
        ("pins", _) => Some(("Pinned messages", pins(visit, scene))),
        _ => None,
    }
}

fn hidden_ts(about: &Line) -> Markup {
    html! { input type="hidden" name="ts" value=(about.ts); }
}

/// Emoji with a field to search in; without the script any name can be typed.
fn react(scene: &Scene, about: &Line) -> Markup {
    html! {
        form.sheet-form method="post" action=(scene.place.path_to("/react")) data-fetch="sheet" {
            (hidden_ts(about))
            div.search {
                input.input type="search" name="add" placeholder="Search, or type a name such as tada" data-filter autofocus
                    autocomplete="off" aria-label="Search emoji";
                noscript { button.btn type="submit" { "Add" } }
            }
        }
        form.emoji-grid method="post" action=(scene.place.path_to("/react")) data-fetch="sheet" data-filtered data-grid
            role="group" aria-label="Emoji" {
            (hidden_ts(about))
            @for (name, character) in emoji::usual().chain(emoji::all().filter(|(name, _)| !emoji::is_usual(name))) {
                button type="submit" name="add" value=(name) data-name=(name) title=(format!(":{name}:")) aria-label=(name) { (character) }
            }
            p.muted data-none hidden { "No emoji has this name. Enter adds it all the same, if the workspace has it." }
        }
    }
}

fn more(visit: &Visit, scene: &Scene, about: &Line) -> Markup {
    let place = &scene.place;
    html! {
        div.sheet-list data-menu {
            a.menu-item href=(place.with(Beside::Thread(about.ts))) { "Reply in thread" }
            a.menu-item href=(place.sheet("react", Some(about.ts))) data-sheet { "Add a reaction…" }
            @if about.is_mine {
                a.menu-item href=(place.sheet("edit", Some(about.ts))) data-sheet { "Edit message…" }
            }
            form method="post" action=(place.path_to("/pin")) data-fetch="sheet" {
                (hidden_ts(about))
                @if about.pinned_by.is_some() { button.menu-item type="submit" name="off" value="1" { "Remove the pin" } }
                @else { button.menu-item type="submit" { "Pin to this conversation" } }
            }
            @if about.is_mine {
                a.menu-item.danger href=(place.sheet("delete", Some(about.ts))) data-sheet { "Delete message…" }
            }
        }
        (shortcut_forms(visit, scene, "message", Some(about.ts)))
        details.sheet-details {
            summary { "Message as JSON" }
            div.codebox {
                pre.code dir="ltr" tabindex="0" { (text(&serde_json::to_string_pretty(&*about.body).unwrap_or_default())) }
                button.copy type="button" data-copy hidden { "Copy" }
            }
        }
    }
}

/// The shortcuts of every app, and a field for those that no manifest names.
fn shortcut_forms(visit: &Visit, scene: &Scene, kind: &str, ts: Option<Ts>) -> Markup {
    let known = visit.workspace.read(|state| known_shortcuts(state, kind));
    let action = scene.place.path_to("/shortcut");
    let hidden = html! { @if let Some(ts) = ts { input type="hidden" name="ts" value=(ts); } };
    html! {
        section.sheet-section {
            h3 { @if ts.is_some() { "Message shortcuts" } @else { "Global shortcuts" } }
            @if known.is_empty() { p.muted { "No app's manifest has a shortcut of this kind." } }
            @for one in &known {
                form method="post" action=(action) data-fetch="sheet" {
                    (hidden)
                    input type="hidden" name="app" value=(one.app);
                    button.menu-item type="submit" name="callback_id" value=(one.callback_id) data-testid="shortcut" {
                        (text(&one.name)) " " span.muted { (text(&one.app_name)) @if !one.description.is_empty() { " · " (text(&one.description)) } }
                    }
                }
            }
            details.sheet-details {
                summary { "Another shortcut, by its callback_id" }
                form.sheet-form.row method="post" action=(action) data-fetch="sheet" {
                    (hidden)
                    select.input name="app" aria-label="App" {
                        @for app in &scene.apps { @if let Some(id) = &app.app { option value=(id.as_str()) { (super::text::visible(&app.name)) } } }
                    }
                    input.input name="callback_id" required placeholder="callback_id" aria-label="callback_id";
                    button.btn type="submit" { "Use" }
                }
            }
        }
    }
}

/// A shortcut as an app's manifest has it.
struct KnownShortcut {
    app: String,
    app_name: String,
    name: String,
    description: String,
    callback_id: String,
}

fn known_shortcuts(state: &State, kind: &str) -> Vec<KnownShortcut> {
    let of_app = |app: &crate::model::App| {
        let manifest = state.platform.registrations.get(&app.id).map(|registration| &registration.manifest);
        let listed = manifest.and_then(|manifest| manifest.get("features")).unwrap_or(&Value::Null);
        let shortcut = |one: &Value| KnownShortcut {
            app: app.id.to_string(),
            app_name: app.name.clone(),
            name: string(one, "name").to_owned(),
            description: string(one, "description").to_owned(),
            callback_id: string(one, "callback_id").to_owned(),
        };
        let wanted = items(listed, "shortcuts").iter().filter(|one| string(one, "type") == kind);
        wanted.map(shortcut).collect::<Vec<_>>()
    };
    state.apps().flat_map(of_app).collect()
}

fn edit(visit: &Visit, scene: &Scene, about: &Line) -> Markup {
    let typed = visit.workspace.read(|state| typed(state, string(&about.body, "text")));
    html! {
        form.sheet-form method="post" action=(scene.place.path_to("/edit")) data-fetch="sheet" {
            (hidden_ts(about))
            label.sr for="edit-text" { "Message" }
            textarea.input id="edit-text" name="text" rows="4" required autofocus data-complete data-enter { (typed) }
            div.dialog-foot {
                a.btn href=(scene.place.path()) data-dismiss { "Cancel" }
                button.btn.btn-primary type="submit" { "Save" }
            }
        }
    }
}

/// A message's text as it may have been typed: names instead of ids.
fn typed(state: &State, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((inner, behind)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        let id = inner.split('|').next().unwrap_or_default();
        let named = match id.split_at_checked(1) {
            Some(("@", user)) => state.user(user).map(|user| format!("@{}", user.name)),
            Some(("#", room)) => state.channel(room).map(|room| format!("#{}", room.name)),
            Some(("!", range)) => Some(format!("@{range}")),
            _ => None,
        };
        out.push_str(&named.unwrap_or_else(|| format!("<{inner}>")));
        rest = behind;
    }
    out.push_str(rest);
    super::text::unescape(&out)
}

fn delete(scene: &Scene, about: &Line) -> Markup {
    html! {
        form.sheet-form method="post" action=(scene.place.path_to("/delete")) data-fetch="sheet" {
            (hidden_ts(about))
            p { "It goes for everybody, and cannot be brought back." }
            blockquote.text { (mrkdwn(string(&about.body, "text"), &scene.reader)) }
            div.dialog-foot {
                a.btn href=(scene.place.path()) data-dismiss { "Keep it" }
                button.btn.btn-danger type="submit" autofocus { "Delete" }
            }
        }
    }
}

/// Global shortcuts, agents to talk with, and the slash commands there are.
fn shortcuts(visit: &Visit, scene: &Scene) -> Markup {
    let agents = visit.workspace.read(|state| {
        let agents = state.apps().filter(|app| app.events.contains("assistant_thread_started"));
        agents.map(|app| (app.id.to_string(), app.name.clone())).collect::<Vec<_>>()
    });
    let commands = visit.workspace.read(|state| {
        let all = state.apps().flat_map(|app| app.commands.iter().map(|one| (one.clone(), app.name.clone())));
        all.collect::<Vec<_>>()
    });
    html! {
        (shortcut_forms(visit, scene, "global", None))
        @if !agents.is_empty() {
            section.sheet-section {
                h3 { "Agents" }
                @for (id, name) in &agents {
                    form method="post" action=(scene.place.path_to("/chat")) data-fetch="sheet" {
                        button.menu-item type="submit" name="app" value=(id) { "New chat with " (text(name)) }
                    }
                }
            }
        }
        section.sheet-section {
            h3 { "Slash commands" }
            @if commands.is_empty() { p.muted { "No app has a command. A manifest names them under features.slash_commands." } }
            @for (command, app) in &commands {
                p.command-line { code { (text(&command.name)) } " " (text(&command.description)) " " span.muted { (text(app)) } }
            }
        }
    }
}

/// People and apps as boxes to tick.
fn people_boxes(people: Vec<(String, String, bool)>) -> Markup {
    html! {
        div.choices.tall data-filtered {
            @for (id, name, is_app) in people {
                label.choice data-name=(super::text::visible(&name)) {
                    input type="checkbox" name="user" value=(id);
                    span class=(format!("avatar small {}", hue(&name))) aria-hidden="true" { (initials(&name)) }
                    span { (text(&name)) @if is_app { " " span.tag { "APP" } } }
                }
            }
        }
    }
}

fn search_box(label: &str) -> Markup {
    html! {
        input.input type="search" data-filter data-script hidden placeholder=(label) aria-label=(label) autofocus autocomplete="off";
    }
}

fn new_message(scene: &Scene) -> Markup {
    let people = scene.people.iter().filter(|person| person.id != scene.place.user);
    let all = people.chain(&scene.apps).map(|face| (face.id.to_string(), face.name.clone(), face.app.is_some()));
    html! {
        form.sheet-form method="post" action=(scene.place.path_to("/open")) data-fetch="sheet" {
            p.muted { "Choose one for a direct message, several for a group." }
            (search_box("Search people and apps"))
            (people_boxes(all.collect()))
            div.dialog-foot { button.btn.btn-primary type="submit" { "Open" } }
        }
    }
}

/// Every place one can go, found by typing.
fn goto(scene: &Scene) -> Markup {
    let mut places = scene.reader.conversations.clone();
    places.sort_by_key(super::reader::Known::shown);
    html! {
        (search_box("Search conversations"))
        div.sheet-list data-filtered data-menu {
            @for place in &places {
                a.menu-item href=(scene.place.at(&place.id.clone().into())) data-name=(place.shown()) { (text(&place.shown())) }
            }
            @for person in scene.people.iter().filter(|person| person.im.is_none() && person.id != scene.place.user) {
                form method="post" action=(scene.place.path_to("/open")) data-fetch="sheet" {
                    input type="hidden" name="user" value=(person.id);
                    button.menu-item type="submit" data-name=(format!("@{}", visible(&person.name))) { "@" (text(&person.name)) }
                }
            }
            p.muted data-none hidden { "Nothing is called that." }
        }
    }
}

fn new_channel(scene: &Scene) -> Markup {
    html! {
        form.sheet-form method="post" action=(scene.place.path_to("/create")) data-fetch="sheet" {
            label.label for="channel-name" { "Name" }
            input.input id="channel-name" name="name" required maxlength="80" placeholder="plan-budget" autofocus autocomplete="off";
            label.choice { input type="checkbox" name="private" value="1"; span { "Private: only who is invited sees it" } }
            div.dialog-foot { button.btn.btn-primary type="submit" { "Create" } }
        }
    }
}

fn members(visit: &Visit, scene: &Scene) -> Markup {
    let is_channel = matches!(scene.room.kind, ChannelKind::Public | ChannelKind::Private);
    let split = |state: &State| {
        let room = state.channel(scene.place.channel.as_str())?;
        let named = |user: &crate::model::User| (user.id.to_string(), shown_name(user).to_owned(), user.is_bot());
        let (inside, outside): (Vec<_>, Vec<_>) = state.users().partition(|user| room.members.contains(&user.id));
        let listed = |users: Vec<&crate::model::User>| {
            let mut listed: Vec<_> = users.into_iter().map(named).collect();
            listed.sort_by_key(|(_, name, _)| name.to_lowercase());
            listed
        };
        Some((listed(inside), listed(outside)))
    };
    let (inside, outside) = visit.workspace.read(split).unwrap_or_default();
    html! {
        ul.plain.sheet-people {
            @for (_, name, is_app) in &inside {
                li {
                    span class=(format!("avatar small {}", hue(name))) aria-hidden="true" { (initials(name)) }
                    (text(name)) @if *is_app { " " span.tag { "APP" } }
                }
            }
        }
        @if is_channel && scene.room.is_member {
            @if !outside.is_empty() {
                section.sheet-section {
                    h3 { "Add people and apps" }
                    form.sheet-form method="post" action=(scene.place.path_to("/invite")) data-fetch="sheet" {
                        (people_boxes(outside))
                        div.dialog-foot { button.btn.btn-primary type="submit" { "Add" } }
                    }
                }
            }
            form.sheet-section method="post" action=(scene.place.path_to("/leave")) data-fetch="sheet" {
                button.btn.btn-danger type="submit" { "Leave this channel" }
            }
        }
    }
}

fn pins(visit: &Visit, scene: &Scene) -> Markup {
    let place = &scene.place;
    let pinned: Vec<Line> = visit.workspace.read(|state| {
        let Some(room) = state.channel(place.channel.as_str()) else { return Vec::new() };
        let messages = room.pins.iter().filter_map(|pin| room.message(pin.ts));
        messages.map(|message| line(state, room, message, &place.user)).collect()
    });
    html! {
        @if pinned.is_empty() { p.muted { "Nothing is pinned here. A message's menu has “Pin to this conversation”." } }
        @for one in &pinned {
            article.pinned-card {
                div { strong { (text(&one.author)) } " " (when::clock(i64::try_from(one.ts.micros() / 1_000).unwrap_or(i64::MAX), &scene.reader)) }
                div.text { (mrkdwn(string(&one.body, "text"), &scene.reader)) }
                form.row method="post" action=(place.path_to("/pin")) data-fetch="sheet" {
                    (hidden_ts(one))
                    a.btn.btn-small href=(place.with(Beside::Thread(one.ts))) { "Open" }
                    button.btn.btn-small type="submit" name="off" value="1" { "Remove the pin" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_edited_as_it_was_typed() {
        let workspace = crate::Workspace::new(crate::Config::default()).unwrap();
        let alice = workspace.read(|state| state.user_named("alice").unwrap().id.to_string());
        let text = format!("<@{alice}> &amp; <!here> <https://a.example> &lt;b&gt; <");
        let shown = workspace.read(|state| typed(state, &text));
        assert_eq!(shown, "@alice & @here <https://a.example> <b> <");
    }
}
