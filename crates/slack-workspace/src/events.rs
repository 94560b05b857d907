//! What apps hear of: the Events API's payloads, for those who subscribed and may hear it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::{App, AppId, ChannelId, ChannelKind, Effect, Happening, Message, State, event_name};

mod callback;
mod count;
mod link;
mod scope;

pub(crate) use count::EventCounts;
use count::Room;
pub(crate) use link::links;
use scope::hears;
pub(crate) use scope::missing as missing_scopes;

/// Which of the subscribed apps hear of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Audience<'a> {
    /// Those whose bot is in the channel.
    Members(&'a ChannelId),
    /// Those that may know of the channel: everyone of a public one, else its members.
    Readers(&'a ChannelId),
    /// Those that may know of one of the channels.
    ReadersOfAny(&'a [&'a ChannelId]),
    /// Every installed app.
    Everyone,
    /// One app alone.
    App(&'a AppId),
}

/// Tells the apps of an event: an object with its `type`, to which `event_ts` is added.
pub(crate) fn emit(state: &mut State, audience: Audience<'_>, event: Value, now_ms: u64) {
    let Value::Object(mut event) = event else { return };
    let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    if state.has_event_triggers()
        && let Some(happening) = Happening::of(&event)
    {
        state.trigger_event(&happening, None, now_ms);
    }
    let apps = audience_of(state, audience, &kind);
    if apps.is_empty() {
        return;
    }
    event.entry("event_ts").or_insert_with(|| crate::model::Ts::from_micros(now_ms.saturating_mul(1000)).into());
    for app in apps {
        deliver(state, &app, event.clone(), now_ms);
    }
}

/// Tells one app of an event, whether it subscribed or not.
pub(crate) fn tell(state: &mut State, app: &AppId, event: Value, now_ms: u64) {
    let Value::Object(mut event) = event else { return };
    event.entry("event_ts").or_insert_with(|| crate::model::Ts::from_micros(now_ms.saturating_mul(1000)).into());
    deliver(state, app, event, now_ms);
}

fn audience_of(state: &State, audience: Audience<'_>, kind: &str) -> Vec<AppId> {
    let subscribed = |app: &&App| hears(app, kind);
    let everyone = || {
        let apps = state.apps.values().filter(subscribed);
        apps.map(|app| app.id.clone()).collect()
    };
    match audience {
        Audience::Everyone => everyone(),
        Audience::Members(channel) => listeners(state, channel, Some(kind)),
        Audience::ReadersOfAny(channels) => {
            let of = |channel: &&ChannelId| audience_of(state, Audience::Readers(channel), kind);
            channels.iter().flat_map(of).collect::<BTreeSet<AppId>>().into_iter().collect()
        }
        Audience::Readers(channel) => match state.channels.get(channel).map(|room| room.kind) {
            Some(ChannelKind::Public) => everyone(),
            _ => listeners(state, channel, Some(kind)),
        },
        Audience::App(app) => state.apps.get(app).filter(subscribed).map(|app| app.id.clone()).into_iter().collect(),
    }
}

/// Tells the apps that a message was posted; a mention and a link are events of their own.
pub(crate) fn posted(state: &mut State, channel: &ChannelId, message: &Message, now_ms: u64) {
    let listeners = listeners(state, channel, None);
    if !listeners.is_empty() {
        let event = posted_text(state, channel, message);
        for app in listeners {
            deliver_text(state, &app, &event, now_ms);
        }
    }
    trigger(state, channel, message, now_ms);
    mentions(state, channel, message, now_ms);
    link::shared(state, channel, message, now_ms);
}

/// Starts the workflows that wait for a message, or for a mention of their app.
fn trigger(state: &mut State, channel: &ChannelId, message: &Message, now_ms: u64) {
    if !state.has_event_triggers() {
        return;
    }
    let mut event = posted_event(state, channel, message);
    if let Some(happening) = Happening::of(&event) {
        state.trigger_event(&happening, None, now_ms);
    }
    let is_named = |app: &&App| {
        let bot = &app.bot_user;
        message.text().contains(&format!("<@{bot}>")) || message.text().contains(&format!("<@{bot}|"))
    };
    let named: Vec<AppId> = state.apps.values().filter(is_named).map(|app| app.id.clone()).collect();
    event.insert("type".to_owned(), "app_mention".into());
    for app in named {
        if let Some(happening) = Happening::of(&event) {
            state.trigger_event(&happening, Some(&app), now_ms);
        }
    }
}

/// Tells the apps that a message was changed.
pub(crate) fn changed(state: &mut State, channel: &ChannelId, before: &Message, after: &Message, now_ms: u64) {
    for app in listeners(state, channel, None) {
        let event = hidden_event(state, channel, "message_changed", now_ms, |event| {
            event.insert("message".to_owned(), (**after.body()).clone());
            event.insert("previous_message".to_owned(), (**before.body()).clone());
        });
        deliver(state, &app, event, now_ms);
    }
}

/// Tells the apps that a message was removed.
pub(crate) fn deleted(state: &mut State, channel: &ChannelId, before: &Message, now_ms: u64) {
    for app in listeners(state, channel, None) {
        let event = hidden_event(state, channel, "message_deleted", now_ms, |event| {
            event.insert("deleted_ts".to_owned(), before.ts.into());
            event.insert("previous_message".to_owned(), (**before.body()).clone());
        });
        deliver(state, &app, event, now_ms);
    }
}

/// The apps whose bot is in the channel and that subscribed to its messages, or to `only`.
fn listeners(state: &State, channel: &ChannelId, only: Option<&str>) -> Vec<AppId> {
    let Some(room) = state.channels.get(channel) else { return Vec::new() };
    let subscription = only.unwrap_or(match room.kind {
        ChannelKind::Public => "message.channels",
        ChannelKind::Private => "message.groups",
        ChannelKind::Im => "message.im",
        ChannelKind::Mpim => "message.mpim",
    });
    let listens = |app: &&App| room.members.contains(&app.bot_user) && hears(app, subscription);
    state.apps.values().filter(listens).map(|app| app.id.clone()).collect()
}

fn mentions(state: &mut State, channel: &ChannelId, message: &Message, now_ms: u64) {
    let is_im = state.channels.get(channel).is_none_or(|room| room.kind == ChannelKind::Im);
    // The text as it is kept says at once that most messages mention nobody.
    let may_mention = message.packed().text().contains("<@") && message.text().contains("<@");
    if is_im || !may_mention || message.is_notice() {
        return;
    }
    for id in listeners(state, channel, Some("app_mention")) {
        let Some(app) = state.apps.get(&id) else { continue };
        let is_own = message.app.as_ref() == Some(&id);
        let plain = format!("<@{}>", app.bot_user);
        let labelled = format!("<@{}|", app.bot_user);
        if is_own || !(message.text().contains(&plain) || message.text().contains(&labelled)) {
            continue;
        }
        let mut event = posted_event(state, channel, message);
        event.insert("type".to_owned(), "app_mention".into());
        event.remove("channel_type");
        deliver(state, &id, event, now_ms);
    }
}

fn posted_event(state: &State, channel: &ChannelId, message: &Message) -> Map<String, Value> {
    let mut event = message.body().as_object().cloned().unwrap_or_default();
    event.insert("channel".to_owned(), channel.as_str().into());
    event.insert("event_ts".to_owned(), message.ts.into());
    event.insert("channel_type".to_owned(), channel_type(state, channel).into());
    event
}

/// The same as text, made of the text that the message has anyway.
fn posted_text(state: &State, channel: &ChannelId, message: &Message) -> String {
    let text = message.packed().text();
    // Fields that are added must not be there already; where they might be, it is looked at closely.
    let is_free = !["\"channel\":", "\"channel_type\":", "\"event_ts\":"].iter().any(|name| text.contains(name));
    let Some(begin) = text.strip_suffix('}').filter(|_| is_free) else {
        return Value::Object(posted_event(state, channel, message)).to_string();
    };
    let (id, kind, ts) = (Value::from(channel.as_str()), channel_type(state, channel), message.ts);
    format!("{begin},\"channel\":{id},\"channel_type\":\"{kind}\",\"event_ts\":\"{ts}\"}}")
}

fn hidden_event(
    state: &State,
    channel: &ChannelId,
    subtype: &str,
    now_ms: u64,
    fill: impl FnOnce(&mut Map<String, Value>),
) -> Map<String, Value> {
    let ts = crate::model::Ts::from_micros(now_ms.saturating_mul(1000));
    let mut event = Map::new();
    event.insert("type".to_owned(), "message".into());
    event.insert("subtype".to_owned(), subtype.into());
    event.insert("channel".to_owned(), channel.as_str().into());
    event.insert("hidden".to_owned(), true.into());
    event.insert("ts".to_owned(), ts.into());
    event.insert("event_ts".to_owned(), ts.into());
    event.insert("channel_type".to_owned(), channel_type(state, channel).into());
    fill(&mut event);
    event
}

fn channel_type(state: &State, channel: &ChannelId) -> &'static str {
    state.channels.get(channel).map_or("channel", |room| event_name(room.kind))
}

fn deliver(state: &mut State, app: &AppId, event: Map<String, Value>, now_ms: u64) {
    deliver_text(state, app, &Value::Object(event).to_string(), now_ms);
}

/// Delivers an event that is JSON already.
fn deliver_text(state: &mut State, app: &AppId, event: &str, now_ms: u64) {
    match state.event_counts.count(app, now_ms) {
        Room::Free => {}
        Room::Full { is_told: true } => return,
        Room::Full { is_told: false } => return limited(state, app, now_ms),
    }
    let event_id = state.mint.id('E').replacen('E', "Ev", 1);
    let context = state.mint.hex(32);
    let Some(to) = state.apps.get(app) else { return };
    let payload =
        callback::around(event, &callback::Frame { team: &state.team.id, app: to, event_id, context, now_ms });
    state.effects.push(Effect::Event { app: app.clone(), payload });
}

/// Tells an app that its events are more than an hour may have; docs.slack.dev, "Events API".
fn limited(state: &mut State, app: &AppId, now_ms: u64) {
    use secrecy::ExposeSecret;
    let Some(to) = state.apps.get(app) else { return };
    let payload = json!({
        "token": to.secrets.verification_token.expose_secret(), "type": "app_rate_limited",
        "team_id": state.team.id, "minute_rate_limited": now_ms / 60_000 * 60, "api_app_id": to.id,
    });
    state.effects.push(Effect::Limited { app: app.clone(), payload });
}
