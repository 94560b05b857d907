//! Making people, channels and apps; moving the clock; starting over.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State as Shared;
use http::StatusCode;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::Wanted;
use super::error::ControlError;
use super::people::person;
use crate::Workspace;
use crate::model::{App, ChannelKind, Command, State, UserId};
use crate::world::NewApp;

type Made = Result<Json<Value>, ControlError>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    name: String,
    email: Option<String>,
    #[serde(default)]
    is_admin: bool,
}

/// `POST users`.
pub(super) async fn user(Shared(workspace): Shared<Workspace>, Wanted(new): Wanted<NewUser>) -> Made {
    let is_fine = |c: char| c.is_lowercase() || c.is_numeric() || matches!(c, '-' | '_' | '.');
    if new.name.is_empty() || new.name.chars().count() > 80 || !new.name.chars().all(is_fine) {
        return Err(ControlError::bad("invalid_name", "a handle is lower-case letters, digits, - _ and ."));
    }
    workspace.update(|state, now| {
        if state.user_named(&new.name).is_some() {
            return Err(ControlError::bad("name_taken", format!("there is a user {} already", new.name)));
        }
        let id = state.add_person(&new.name, new.email.as_deref(), false, now);
        if let Some(user) = state.users.get_mut(&id) {
            user.is_admin = new.is_admin;
        }
        let user = state.user(id.as_str()).map(|user| user.to_json(&state.team().id, true));
        Ok(Json(json!({"user": user})))
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewChannel {
    name: String,
    #[serde(default)]
    private: bool,
    members: Option<Vec<UserId>>,
}

/// `POST channels`: without `members`, every person is in it.
pub(super) async fn channel(Shared(workspace): Shared<Workspace>, Wanted(new): Wanted<NewChannel>) -> Made {
    let members: Option<BTreeSet<UserId>> =
        new.members.map(|members| members.iter().map(|member| person(&workspace, member)).collect());
    let kind = if new.private { ChannelKind::Private } else { ChannelKind::Public };
    workspace.update(|state, now| {
        let owner = owner(state)?;
        let everyone = || state.users().filter(|user| !user.is_bot()).map(|user| user.id.clone()).collect();
        let members = members.unwrap_or_else(everyone);
        let id = state.create_channel(new.name.trim_start_matches('#'), kind, members, &owner, now)?;
        let channel = state.channel(id.as_str()).map(|room| room.to_json(&state.team().id, Some(&owner)));
        Ok(Json(json!({"channel": channel})))
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedApp {
    name: Option<String>,
    manifest: Option<Value>,
    scopes: Option<Vec<String>>,
    user_scopes: Option<Vec<String>>,
    events: Option<Vec<String>>,
    commands: Option<Vec<String>>,
    request_url: Option<String>,
}

/// `POST apps`: installed at once; what the manifest says yields to what is said beside it.
pub(super) async fn app(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<WantedApp>) -> Made {
    if wanted.request_url.is_some() {
        let message = "events over HTTP are not delivered yet: leave request_url out and use Socket Mode";
        return Err(ControlError::new(StatusCode::NOT_IMPLEMENTED, "not_supported", message));
    }
    let app = workspace.update(|state, now| -> Result<App, ControlError> {
        let owner = owner(state)?;
        let new = described(&wanted, &owner)?;
        Ok(state.install(new, now))
    })?;
    workspace.learn_secrets(&app.id);
    let secrets = &app.secrets;
    Ok(Json(json!({"app": {
        "app_id": app.id, "bot_user_id": app.bot_user,
        "bot_token": secrets.bot_token.expose_secret(), "app_token": secrets.app_token.expose_secret(),
        "user_token": secrets.user_token.expose_secret(),
        "signing_secret": secrets.signing_secret.expose_secret(),
        "client_id": secrets.client_id, "client_secret": secrets.client_secret.expose_secret(),
    }})))
}

/// The app that a request describes.
fn described(wanted: &WantedApp, owner: &UserId) -> Result<NewApp, ControlError> {
    let manifest = wanted.manifest.clone().unwrap_or_else(|| json!({}));
    if !manifest.is_object() {
        return Err(ControlError::bad("invalid_manifest", "the manifest must be an object"));
    }
    let at = |pointer: &str| manifest.pointer(pointer);
    let texts = |pointer: &str| -> Option<Vec<String>> {
        let items = at(pointer)?.as_array()?;
        Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    let name = wanted.name.as_deref();
    let name = name.or_else(|| at("/display_information/name").and_then(Value::as_str));
    let mut new = NewApp::usual(name.unwrap_or("App"), owner);
    if let Some(scopes) = wanted.scopes.clone().or_else(|| texts("/oauth_config/scopes/bot")) {
        new.scopes = checked_scopes(scopes)?;
    }
    if let Some(scopes) = wanted.user_scopes.clone().or_else(|| texts("/oauth_config/scopes/user")) {
        new.user_scopes = checked_scopes(scopes)?;
    }
    if let Some(events) = wanted.events.clone().or_else(|| texts("/settings/event_subscriptions/bot_events")) {
        new.events = events.into_iter().collect();
    }
    new.commands = match &wanted.commands {
        Some(names) => names.iter().map(|name| command(name, "")).collect(),
        None => manifest_commands(&manifest),
    };
    Ok(new)
}

fn checked_scopes(scopes: Vec<String>) -> Result<Vec<String>, ControlError> {
    let is_fine = |c: char| c.is_ascii_lowercase() || matches!(c, '.' | ':' | '_' | '-');
    match scopes.iter().find(|scope| scope.is_empty() || !scope.chars().all(is_fine)) {
        Some(scope) => Err(ControlError::bad("invalid_scopes", format!("{scope:?} is no scope"))),
        None => Ok(scopes),
    }
}

fn manifest_commands(manifest: &Value) -> Vec<Command> {
    let commands = manifest.pointer("/features/slash_commands").and_then(Value::as_array);
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let commands = commands.into_iter().flatten();
    commands.map(|of| command(&text(of, "command"), &text(of, "description"))).collect()
}

fn command(name: &str, description: &str) -> Command {
    Command { name: format!("/{}", name.trim_start_matches('/')), description: description.to_owned() }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    advance_ms: u64,
}

/// `POST clock`.
pub(super) async fn clock(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<Advance>) -> Made {
    let now = workspace.clock().advance(wanted.advance_ms);
    let now = now.map_err(|error| ControlError::bad("clock_at_end", error.to_string()))?;
    Ok(Json(json!({"ok": true, "now_ms": now})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// `POST reset`.
pub(super) async fn reset(Shared(workspace): Shared<Workspace>, Wanted(Nothing {}): Wanted<Nothing>) -> Made {
    let done = workspace.reset();
    done.map_err(|error| ControlError::new(StatusCode::INTERNAL_SERVER_ERROR, "reset_failed", error.to_string()))?;
    Ok(Json(json!({"ok": true})))
}

fn owner(state: &State) -> Result<UserId, ControlError> {
    let owner = state.users().find(|user| user.is_owner).map(|user| user.id.clone());
    owner.ok_or_else(|| ControlError::bad("no_owner", "the workspace has no owner"))
}
