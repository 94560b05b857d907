//! Where a person goes: into conversations, to apps, to agents, and out again.

use axum::response::Response;

use super::message::problem;
use super::place::Tab;
use super::send::{done, failed};
use super::sent::Sent;
use super::visit::{Outcome, Visit};
use crate::model::{AppId, AppTab, ChannelKind, Ts, UserId};

/// `POST …/open`: the direct message with somebody, or the group with several.
pub(super) async fn open(visit: Visit, sent: Sent) -> Response {
    let with: Vec<UserId> = sent.fields.all("user").map(|id| UserId::from(id.to_owned())).collect();
    let outcome = match visit.workspace.open_conversation(&visit.place.user, &with) {
        Ok(room) => Outcome::goto(visit.place.at(&room)),
        Err(error) => failed(&error),
    };
    visit.finish(outcome)
}

/// `POST …/app`: an app is opened at one of its tabs, and hears of it.
pub(super) async fn app(visit: Visit, sent: Sent) -> Response {
    let app = AppId::from(sent.fields.get("app").unwrap_or_default().to_owned());
    let user = &visit.place.user;
    let bot = visit.workspace.read(|state| state.app(app.as_str()).map(|app| app.bot_user.clone()));
    let Some(bot) = bot else {
        return visit.finish(Outcome::note(problem("This app is no longer installed.")));
    };
    // Without a word for it an app opens where there is something to see.
    let has_home = visit.workspace.read(|state| state.home(&app, user).is_some());
    let tab = match sent.fields.get("tab") {
        Some("home") => Tab::Home,
        None if has_home => Tab::Home,
        _ => Tab::Messages,
    };
    let opened = if tab == Tab::Home { AppTab::Home } else { AppTab::Messages };
    let room = visit.workspace.open_app(user, &app, opened).and_then(|_| visit.workspace.open_im(user, &bot));
    let outcome = match room {
        Ok(room) => Outcome::goto(visit.place.at_tab(&room, tab)),
        Err(error) => failed(&error),
    };
    visit.finish(outcome)
}

/// `POST …/chat`: a conversation with an app's agent begins; it hears which channel was open.
pub(super) async fn chat(visit: Visit, sent: Sent) -> Response {
    let app = AppId::from(sent.fields.get("app").unwrap_or_default().to_owned());
    let place = &visit.place;
    let is_im = visit.workspace.read(|state| {
        let room = state.channel(place.channel.as_str());
        room.is_some_and(|room| room.kind == ChannelKind::Im)
    });
    let beside = (!is_im).then(|| place.channel.clone());
    let outcome = match visit.workspace.start_assistant_thread(&place.user, &app, beside) {
        Ok((room, thread)) => Outcome::goto(place.in_thread(&room, thread)),
        Err(error) => failed(&error),
    };
    visit.finish(outcome)
}

/// `POST …/stop`: what an agent does in a thread ends.
pub(super) async fn stop(visit: Visit, sent: Sent) -> Response {
    let place = &visit.place;
    let outcome = match sent.fields.get("thread_ts").and_then(Ts::parse) {
        Some(ts) => done(visit.workspace.stop_agent(&place.user, (&place.channel, ts))),
        None => Outcome::note(problem("This thread is gone.")),
    };
    visit.finish(outcome)
}

/// `POST …/join`: a public channel.
pub(super) async fn join(visit: Visit) -> Response {
    let place = &visit.place;
    let joined = visit.workspace.update(|state, now| state.join(place.channel.as_str(), &place.user, now));
    let outcome = match joined {
        Ok(_) => Outcome::done(),
        Err(error) => failed(&error.into()),
    };
    visit.finish(outcome)
}

/// `POST …/leave`.
pub(super) async fn leave(visit: Visit) -> Response {
    let place = &visit.place;
    let outcome = match visit.workspace.leave(&place.user, &place.channel) {
        Ok(()) => Outcome::goto(format!("/u/{}", place.user_word)),
        Err(error) => failed(&error),
    };
    visit.finish(outcome)
}

/// `POST …/invite`: people and apps come into the channel.
pub(super) async fn invite(visit: Visit, sent: Sent) -> Response {
    let place = &visit.place;
    let mut others = sent.fields.all("user").map(|id| UserId::from(id.to_owned()));
    let result = others.try_for_each(|other| visit.workspace.invite(&place.user, &place.channel, &other));
    visit.finish(done(result))
}

/// `POST …/create`: a channel is made.
pub(super) async fn create(visit: Visit, sent: Sent) -> Response {
    let name = sent.fields.get("name").unwrap_or_default().trim().trim_start_matches('#').to_lowercase();
    let kind = if sent.fields.get("private").is_some() { ChannelKind::Private } else { ChannelKind::Public };
    let outcome = match visit.workspace.create_channel(&visit.place.user, &name.replace(' ', "-"), kind) {
        Ok(room) => Outcome::goto(visit.place.at(&room)),
        Err(error) => failed(&error),
    };
    visit.finish(outcome)
}
