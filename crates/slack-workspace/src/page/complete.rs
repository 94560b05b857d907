//! What the message box offers while one types: people, channels, commands, emoji.

use axum::response::{IntoResponse, Response};
use maud::html;

use super::text::{text, visible};
use super::visit::Visit;
use crate::emoji;
use crate::model::{ChannelKind, State};

/// Entries of one list.
const OFFERED: usize = 8;

/// Something that can be completed.
struct Offer {
    insert: String,
    shown: String,
    detail: String,
}

/// `GET …/complete?q=@al`: what the word may become, as entries of a list.
pub(super) async fn complete(visit: Visit) -> Response {
    let word = visit.query.q.clone().unwrap_or_default().to_lowercase();
    let offers = match word.split_at_checked(1) {
        Some(("@", name)) => visit.workspace.read(|state| people(state, name)),
        Some(("#", name)) => visit.workspace.read(|state| channels(state, name)),
        Some(("/", _)) => visit.workspace.read(|state| commands(state, &word)),
        Some((":", name)) => emoji_named(name),
        _ => Vec::new(),
    };
    let markup = html! {
        @for offer in offers.iter().take(OFFERED) {
            li.combo-option role="option" data-insert=(visible(&offer.insert)) {
                (text(&offer.shown)) " " span.muted { (text(&offer.detail)) }
            }
        }
    };
    axum::Json(serde_json::json!({"html": markup.0})).into_response()
}

/// Those that begin so come first, those that contain it after them.
fn ranked(mut offers: Vec<Offer>, key: impl Fn(&Offer) -> String, wanted: &str) -> Vec<Offer> {
    offers.retain(|offer| key(offer).contains(wanted));
    offers.sort_by_key(|offer| (!key(offer).starts_with(wanted), key(offer)));
    offers
}

fn people(state: &State, name: &str) -> Vec<Offer> {
    let person = |user: &crate::model::User| Offer {
        insert: format!("@{} ", user.name),
        shown: format!("@{}", user.name),
        detail: user.real_name.clone(),
    };
    let everybody = [("here", "everybody who is here"), ("channel", "everybody in this channel")];
    let ranges = everybody.map(|(range, detail)| Offer {
        insert: format!("@{range} "),
        shown: format!("@{range}"),
        detail: detail.to_owned(),
    });
    let all = state.users().filter(|user| !user.name.is_empty()).map(person).chain(ranges).collect();
    ranked(all, |offer| format!("{} {}", offer.shown.trim_start_matches('@'), offer.detail).to_lowercase(), name)
}

fn channels(state: &State, name: &str) -> Vec<Offer> {
    let public = state.channels().filter(|room| room.kind == ChannelKind::Public && !room.is_archived);
    let offer = |room: &crate::model::Channel| Offer {
        insert: format!("#{} ", room.name),
        shown: format!("#{}", room.name),
        detail: room.topic.value.chars().take(60).collect(),
    };
    ranked(public.map(offer).collect(), |offer| offer.shown.trim_start_matches('#').to_owned(), name)
}

fn commands(state: &State, typed: &str) -> Vec<Offer> {
    let all = state.apps().flat_map(|app| {
        app.commands.iter().map(move |command| Offer {
            insert: format!("{} ", command.name),
            shown: command.name.clone(),
            detail: format!("{} · {}", command.description, app.name),
        })
    });
    ranked(all.collect(), |offer| offer.shown.clone(), typed)
}

fn emoji_named(name: &str) -> Vec<Offer> {
    let all = emoji::all().map(|(known, character)| Offer {
        insert: format!(":{known}: "),
        shown: character.to_owned(),
        detail: format!(":{known}:"),
    });
    ranked(all.collect(), |offer| offer.detail.trim_matches(':').to_owned(), name)
}
