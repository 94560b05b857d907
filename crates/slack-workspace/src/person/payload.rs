//! The parts that interaction payloads have in common.

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::answer::PersonError;
use crate::model::{App, AppId, Channel, State, UserId};

/// The fields every interaction payload begins with.
pub(super) fn common(state: &State, kind: &str, app: &App, user: &UserId) -> Map<String, Value> {
    let name = state.user(user.as_str()).map_or("", |user| user.name.as_str());
    let mut payload = Map::new();
    let mut put = |field: &str, value: Value| payload.insert(field.to_owned(), value);
    put("type", kind.into());
    put("team", json!({"id": state.team.id, "domain": state.team.domain}));
    put("user", json!({"id": user, "username": name, "name": name, "team_id": state.team.id}));
    put("api_app_id", app.id.as_str().into());
    put("token", app.secrets.verification_token.expose_secret().into());
    put("enterprise", Value::Null);
    put("is_enterprise_install", false.into());
    payload
}

/// The `channel` of an interaction payload.
pub(super) fn channel(channel: &Channel) -> Value {
    json!({"id": channel.id, "name": channel.payload_name()})
}

/// A person who acts; bots do not click.
pub(super) fn person(state: &State, user: &UserId) -> Result<(), PersonError> {
    match state.user(user.as_str()) {
        Some(known) if !known.is_bot() => Ok(()),
        Some(_) => Err(PersonError::new("user_is_bot", format!("{user} is a bot, not a person"))),
        None => Err(PersonError::new("user_not_found", format!("there is no user {user}"))),
    }
}

/// A channel the person takes part in or may look into.
pub(super) fn room<'a>(state: &'a State, user: &UserId, id: &str) -> Result<&'a Channel, PersonError> {
    let room = state.channel(id).filter(|room| state.can_read(user, room));
    room.ok_or_else(|| PersonError::new("channel_not_found", format!("{user} sees no channel {id}")))
}

/// The app that owns something.
pub(super) fn app<'a>(state: &'a State, id: Option<&AppId>) -> Result<&'a App, PersonError> {
    let app = id.and_then(|id| state.app(id.as_str()));
    app.ok_or_else(|| PersonError::new("app_not_found", "no app owns this"))
}
