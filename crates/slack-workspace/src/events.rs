//! What apps hear of: the Events API's payloads, for those who subscribed and may hear it.

use serde_json::{Map, Value, json};

use crate::model::{App, AppId, ChannelId, ChannelKind, Effect, Message, State, event_name};

mod link;

/// Which of the subscribed apps hear of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Audience<'a> {
    /// Those whose bot is in the channel.
    Members(&'a ChannelId),
    /// Those that may know of the channel: everyone of a public one, else its members.
    Readers(&'a ChannelId),
    /// Every installed app.
    Everyone,
    /// One app alone.
    App(&'a AppId),
}

/// Tells the apps of an event: an object with its `type`, to which `event_ts` is added.
pub(crate) fn emit(state: &mut State, audience: Audience<'_>, event: Value, now_ms: u64) {
    let Value::Object(mut event) = event else { return };
    let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let apps = audience_of(state, audience, &kind);
    if apps.is_empty() {
        return;
    }
    event.entry("event_ts").or_insert_with(|| crate::model::Ts::from_micros(now_ms.saturating_mul(1000)).into());
    for app in apps {
        deliver(state, &app, &event, now_ms);
    }
}

fn audience_of(state: &State, audience: Audience<'_>, kind: &str) -> Vec<AppId> {
    let subscribed = |app: &&App| app.events.contains(kind);
    let everyone = || {
        let apps = state.apps.values().filter(subscribed);
        apps.map(|app| app.id.clone()).collect()
    };
    match audience {
        Audience::Everyone => everyone(),
        Audience::Members(channel) => listeners(state, channel, Some(kind)),
        Audience::Readers(channel) => match state.channels.get(channel).map(|room| room.kind) {
            Some(ChannelKind::Public) => everyone(),
            _ => listeners(state, channel, Some(kind)),
        },
        Audience::App(app) => state.apps.get(app).filter(subscribed).map(|app| app.id.clone()).into_iter().collect(),
    }
}

/// Tells the apps that a message was posted; a mention and a link are events of their own.
pub(crate) fn posted(state: &mut State, channel: &ChannelId, message: &Message, now_ms: u64) {
    for app in listeners(state, channel, None) {
        let event = posted_event(state, channel, message);
        deliver(state, &app, &event, now_ms);
    }
    mentions(state, channel, message, now_ms);
    link::shared(state, channel, message, now_ms);
}

/// Tells the apps that a message was changed.
pub(crate) fn changed(state: &mut State, channel: &ChannelId, before: &Message, after: &Message, now_ms: u64) {
    for app in listeners(state, channel, None) {
        let event = hidden_event(state, channel, "message_changed", now_ms, |event| {
            event.insert("message".to_owned(), (**after.body()).clone());
            event.insert("previous_message".to_owned(), (**before.body()).clone());
        });
        deliver(state, &app, &event, now_ms);
    }
}

/// Tells the apps that a message was removed.
pub(crate) fn deleted(state: &mut State, channel: &ChannelId, before: &Message, now_ms: u64) {
    for app in listeners(state, channel, None) {
        let event = hidden_event(state, channel, "message_deleted", now_ms, |event| {
            event.insert("deleted_ts".to_owned(), before.ts.into());
            event.insert("previous_message".to_owned(), (**before.body()).clone());
        });
        deliver(state, &app, &event, now_ms);
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
    let hears = |app: &&App| app.events.contains(subscription) && room.members.contains(&app.bot_user);
    state.apps.values().filter(hears).map(|app| app.id.clone()).collect()
}

fn mentions(state: &mut State, channel: &ChannelId, message: &Message, now_ms: u64) {
    let is_im = state.channels.get(channel).is_none_or(|room| room.kind == ChannelKind::Im);
    if is_im || !message.text().contains("<@") || message.is_notice() {
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
        deliver(state, &id, &event, now_ms);
    }
}

fn posted_event(state: &State, channel: &ChannelId, message: &Message) -> Map<String, Value> {
    let mut event = message.body().as_object().cloned().unwrap_or_default();
    event.insert("channel".to_owned(), channel.as_str().into());
    event.insert("event_ts".to_owned(), message.ts.into());
    event.insert("channel_type".to_owned(), channel_type(state, channel).into());
    event
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

fn deliver(state: &mut State, app: &AppId, event: &Map<String, Value>, now_ms: u64) {
    use secrecy::ExposeSecret;
    let event_id = state.mint.id('E').replacen('E', "Ev", 1);
    let context = state.mint.hex(32);
    let Some(to) = state.apps.get(app) else { return };
    let payload = json!({
        "token": to.secrets.verification_token.expose_secret(), "team_id": state.team.id,
        "context_team_id": state.team.id, "context_enterprise_id": null, "api_app_id": to.id,
        "event": event, "type": "event_callback", "event_id": event_id,
        "event_time": now_ms / 1000,
        "authorizations": [{
            "enterprise_id": null, "team_id": state.team.id, "user_id": to.bot_user,
            "is_bot": true, "is_enterprise_install": false,
        }],
        "is_ext_shared_channel": false, "event_context": format!("4-{context}"),
    });
    state.effects.push(Effect::Event { app: app.clone(), payload });
}
