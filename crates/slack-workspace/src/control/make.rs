//! Making people, channels and apps; moving the clock; starting over.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State as Shared;
use http::StatusCode;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::door::Wanted;
use super::error::ControlError;
use super::people::person;
use crate::Workspace;
use crate::delivery::is_loopback;
use crate::founding::found;
use crate::journal::Field;
use crate::model::{App, AppId, ChannelKind, ModelError, State, TeamId, UserId, problems};
use crate::seed::{SeedError, SeedTeam};
use crate::world::{is_handle, usual_manifest};

type Made = Result<Json<Value>, ControlError>;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    name: String,
    email: Option<String>,
    #[serde(default)]
    is_admin: bool,
    team: Option<TeamId>,
}

/// `POST users`.
pub(super) async fn user(Shared(workspace): Shared<Workspace>, Wanted(new): Wanted<NewUser>) -> Made {
    make_user(&workspace, &new)
}

fn make_user(workspace: &Workspace, new: &NewUser) -> Made {
    if !is_handle(&new.name) {
        return Err(ControlError::bad("invalid_name", "a handle is lower-case letters, digits, - _ and ."));
    }
    let workspace = team(workspace, new.team.as_ref())?;
    workspace.update(|state, now| {
        if state.user_named(&new.name).is_some() {
            return Err(ControlError::bad("name_taken", format!("there is a user {} already", new.name)));
        }
        let id = state.add_person(&new.name, new.email.as_deref(), false, now);
        if let Some(user) = state.users.get_mut(&id) {
            user.is_admin = new.is_admin;
        }
        let user = state.user(id.as_str()).map(|user| user.to_json(&state.team().id, true));
        workspace.note_administration("add_user", new, &json!({"id": id}));
        Ok(Json(json!({"user": user})))
    })
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewChannel {
    name: String,
    #[serde(default)]
    private: bool,
    members: Option<Vec<UserId>>,
    team: Option<TeamId>,
}

/// `POST channels`: without `members`, every person is in it.
pub(super) async fn channel(Shared(workspace): Shared<Workspace>, Wanted(new): Wanted<NewChannel>) -> Made {
    make_channel(&workspace, &new)
}

fn make_channel(workspace: &Workspace, new: &NewChannel) -> Made {
    let workspace = team(workspace, new.team.as_ref())?;
    let members: Option<BTreeSet<UserId>> =
        new.members.as_ref().map(|members| members.iter().map(|member| person(&workspace, member)).collect());
    let kind = if new.private { ChannelKind::Private } else { ChannelKind::Public };
    workspace.update(|state, now| {
        let owner = owner(state)?;
        let everyone = || state.users().filter(|user| !user.is_bot()).map(|user| user.id.clone()).collect();
        let members = members.unwrap_or_else(everyone);
        let id = state.create_channel(new.name.trim_start_matches('#'), kind, members, &owner, now)?;
        workspace.note_administration("add_channel", new, &json!({"id": id}));
        let channel = state.channel(id.as_str()).map(|room| room.to_json(&state.team().id, Some(&owner)));
        Ok(Json(json!({"channel": channel})))
    })
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedApp {
    name: Option<String>,
    manifest: Option<Value>,
    scopes: Option<Vec<String>>,
    user_scopes: Option<Vec<String>>,
    events: Option<Vec<String>>,
    commands: Option<Vec<String>>,
    request_url: Option<String>,
    /// The team; the first unless it is said.
    team: Option<TeamId>,
    /// An app that there is: it is installed in the team, nothing else is said.
    app_id: Option<AppId>,
}

/// `POST apps`: installed at once; what the manifest says yields to what is said beside it.
///
/// A request URL gets its handshake, but a server that cannot pass it yet gets events all the same: it needs the
/// signing secret first, which this answer tells.
pub(super) async fn app(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<WantedApp>) -> Made {
    if let Some(url) = &wanted.request_url
        && !is_loopback(url)
    {
        let message = format!("{url} is not an http address on this machine: nothing is sent elsewhere");
        return Err(ControlError::bad("invalid_request_url", message));
    }
    let app = make_app(&workspace, &wanted)?;
    if wanted.app_id.is_none() {
        workspace.verify_endpoints(&app).await;
    }
    Ok(Json(json!({"app": credentials(&app)})))
}

fn make_app(workspace: &Workspace, wanted: &WantedApp) -> Result<App, ControlError> {
    let workspace = team(workspace, wanted.team.as_ref())?;
    let note = |app: &App| {
        workspace.note_administration("add_app", wanted, &json!({"app_id": app.id, "bot_user_id": app.bot_user}));
    };
    if let Some(id) = &wanted.app_id {
        if wanted.is_described() {
            let message = "an app that there is, is installed as it is: say only app_id and team";
            return Err(ControlError::bad("invalid_request", message));
        }
        let app = installed(&workspace, id)?;
        note(&app);
        return Ok(app);
    }
    let manifest = described(wanted)?;
    workspace.update(|state, now| {
        let owner = owner(state)?;
        let app = state.add_app(manifest, &owner, now);
        let app = app.ok_or_else(|| ControlError::bad("invalid_manifest", "the manifest makes no app"))?;
        note(&app);
        Ok(app)
    })
}

/// Installs an app that there is, in the team that is looked at.
fn installed(workspace: &Workspace, id: &AppId) -> Result<App, ControlError> {
    workspace.update_teams(|teams, now| {
        let seat = teams.seat(workspace.looked_at());
        teams.adopt(id, seat)?;
        let state = teams.at_mut(seat);
        let owner = owner(state)?;
        Ok(state.install_whole(id, &owner, now).ok_or(ModelError::new("app_not_found"))?)
    })
}

/// Everything an app needs to connect.
fn credentials(app: &App) -> Value {
    let secrets = &app.secrets;
    json!({
        "app_id": app.id, "bot_user_id": app.bot_user,
        "bot_token": secrets.bot_token.expose_secret(), "app_token": secrets.app_token.expose_secret(),
        "user_token": secrets.user_token.expose_secret(),
        "signing_secret": secrets.signing_secret.expose_secret(),
        "client_id": secrets.client_id, "client_secret": secrets.client_secret.expose_secret(),
    })
}

/// `POST teams`: a team beside the first, as a seed describes one.
pub(super) async fn found_team(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<SeedTeam>) -> Made {
    make_team(&workspace, &wanted)
}

fn make_team(workspace: &Workspace, wanted: &SeedTeam) -> Made {
    let refuse = |error: SeedError| ControlError::bad("invalid_team", error.to_string());
    workspace.update_teams(|teams, now| {
        let founded = found(teams, wanted, now).map_err(refuse)?;
        workspace.note_administration("add_team", wanted, &json!(founded));
        let state = teams.team(&founded.team).ok_or(ModelError::new("team_not_found"))?;
        let apps = founded.apps.iter().filter_map(|(name, id)| Some((name.clone(), credentials(state.apps.get(id)?))));
        Ok(Json(json!({
            "team": {"id": founded.team, "name": state.team.name, "domain": state.team.domain},
            "users": founded.users, "channels": founded.channels,
            "apps": apps.collect::<serde_json::Map<String, Value>>(),
        })))
    })
}

impl Workspace {
    /// Writes down what whoever runs the workspace makes: a recording can repeat it.
    fn note_administration(&self, action: &str, wanted: &impl Serialize, made: &Value) {
        let wanted = serde_json::to_value(wanted).unwrap_or_default();
        let details = json!({"wanted": wanted, "made": made});
        let fields = [("action", Field::Text(action)), ("user", Field::Text("")), ("details", Field::Json(&details))];
        self.recorder().write("person", &fields);
    }

    /// Makes again what a recording says was made; returns what it is called now.
    pub(crate) fn add_again(&self, action: &str, details: &Value) -> Result<Value, String> {
        let wanted = details.get("wanted").cloned().unwrap_or_default();
        let since = self.journal(0).last().map_or(0, |entry| entry.seq);
        let made = match action {
            "add_user" => make_user(self, &parsed(wanted)?).map(drop),
            "add_channel" => make_channel(self, &parsed(wanted)?).map(drop),
            "add_app" => make_app(self, &parsed(wanted)?).map(drop),
            _ => make_team(self, &parsed(wanted)?).map(drop),
        };
        made.map_err(|error| error.message)?;
        let entries = self.journal(since).into_iter().map(|entry| entry.value);
        let noted = entries.rev().find(|entry| entry["action"] == action);
        Ok(json!({"made": noted.map(|entry| entry["details"]["made"].clone())}))
    }
}

fn parsed<T: serde::de::DeserializeOwned>(wanted: Value) -> Result<T, String> {
    serde_json::from_value(wanted).map_err(|error| error.to_string())
}

/// The workspace with a team looked at; the first unless another is named.
pub(super) fn team(workspace: &Workspace, wanted: Option<&TeamId>) -> Result<Workspace, ControlError> {
    let Some(wanted) = wanted else { return Ok(workspace.clone()) };
    let missing = || ControlError::new(StatusCode::NOT_FOUND, "team_not_found", format!("there is no team {wanted}"));
    workspace.team(wanted).ok_or_else(missing)
}

/// The manifest that a request describes: what it does not say is as usual.
fn described(wanted: &WantedApp) -> Result<Value, ControlError> {
    let mut manifest = wanted.manifest.clone().unwrap_or_else(|| json!({}));
    if !manifest.is_object() {
        return Err(ControlError::bad("invalid_manifest", "the manifest must be an object"));
    }
    for (pointer, value) in wanted.beside() {
        put(&mut manifest, pointer, value);
    }
    let usual = usual_manifest("App");
    for pointer in USUAL {
        if let (None, Some(value)) = (manifest.pointer(pointer), usual.pointer(pointer)) {
            put(&mut manifest, pointer, value.clone());
        }
    }
    match problems(&manifest).first() {
        Some(problem) => {
            let is_scope = problem.pointer.starts_with("/oauth_config/scopes");
            let code = if is_scope { "invalid_scopes" } else { "invalid_manifest" };
            Err(ControlError::bad(code, format!("{}: {}", problem.pointer, problem.message)))
        }
        None => Ok(manifest),
    }
}

/// What an app has as usual when nothing is said of it.
const USUAL: [&str; 4] = [
    "/display_information/name",
    "/oauth_config/scopes/bot",
    "/oauth_config/scopes/user",
    "/settings/event_subscriptions/bot_events",
];

impl WantedApp {
    /// Whether anything is said of what the app is.
    fn is_described(&self) -> bool {
        self.manifest.is_some() || !self.beside().is_empty()
    }

    /// What is said beside the manifest, by the place it has there.
    fn beside(&self) -> Vec<(&'static str, Value)> {
        let mut said = Vec::new();
        let mut say = |pointer, value: Option<Value>| said.extend(value.map(|value| (pointer, value)));
        say("/display_information/name", self.name.as_ref().map(|name| json!(name)));
        say("/oauth_config/scopes/bot", self.scopes.as_ref().map(|scopes| json!(scopes)));
        say("/oauth_config/scopes/user", self.user_scopes.as_ref().map(|scopes| json!(scopes)));
        say("/settings/event_subscriptions/bot_events", self.events.as_ref().map(|events| json!(events)));
        let url = self.request_url.as_deref();
        say("/features/slash_commands", self.commands.as_ref().map(|names| commands(names, url)));
        if let Some(url) = url {
            say("/settings/event_subscriptions/request_url", Some(url.into()));
            say("/settings/interactivity/request_url", Some(url.into()));
            say("/settings/interactivity/is_enabled", Some(true.into()));
            say("/settings/socket_mode_enabled", Some(false.into()));
        }
        said
    }
}

/// Sets a value, making the objects on the way.
fn put(manifest: &mut Value, pointer: &str, value: Value) {
    let mut place = manifest;
    for key in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = json!({});
        }
        let Value::Object(object) = place else { return };
        place = object.entry(key).or_insert(Value::Null);
    }
    *place = value;
}

fn commands(names: &[String], url: Option<&str>) -> Value {
    let command = |name: &String| {
        let mut command = json!({"command": format!("/{}", name.trim_start_matches('/')), "description": ""});
        if let Some(url) = url {
            command["url"] = url.into();
        }
        command
    };
    names.iter().map(command).collect()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    advance_ms: u64,
}

/// `POST clock`.
pub(super) async fn clock(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<Advance>) -> Made {
    let now = workspace.advance_clock(wanted.advance_ms);
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
