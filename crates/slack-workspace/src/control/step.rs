//! Running custom steps and triggers; removing channels; custom emoji.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::door::{Asked, Wanted};
use super::error::ControlError;
use super::people::{person, room, seen_by};
use crate::Workspace;
use crate::model::{AppId, ChannelId, Started, TeamId, UserId};

type Done = Result<Json<Value>, ControlError>;

/// The largest body of a webhook.
const MAX_BODY: usize = 1024 * 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Function {
    /// The app from the start unless it is said.
    app_id: Option<AppId>,
    callback_id: String,
    #[serde(default)]
    inputs: Map<String, Value>,
    team: Option<TeamId>,
}

/// `POST function`: runs a custom step by itself.
pub(super) async fn function(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<Function>) -> Done {
    let app = wanted.app_id.unwrap_or_else(|| workspace.ready().app_id);
    let workspace = super::make::team(&workspace, wanted.team.as_ref())?;
    let started = workspace.update(|state, now| state.run_function(&app, &wanted.callback_id, wanted.inputs, now))?;
    Ok(Json(begun(&started)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trigger {
    user: UserId,
    #[serde(rename = "trigger_id")]
    id: String,
    /// Where the person is.
    channel: Option<ChannelId>,
    /// Further things that the trigger's inputs may refer to, as `{{data.…}}`.
    #[serde(default)]
    data: Map<String, Value>,
}

/// `POST trigger`: a person runs the workflow of a trigger, as by its link.
pub(super) async fn trigger(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<Trigger>) -> Done {
    let workspace = seen_by(&workspace, &wanted.user, wanted.channel.as_ref());
    let user = person(&workspace, &wanted.user);
    let mut data = wanted.data;
    data.insert("user_id".to_owned(), user.as_str().into());
    if let Some(channel) = &wanted.channel {
        data.insert("channel_id".to_owned(), room(&workspace, channel).as_str().into());
    }
    let started = workspace.run_trigger(&user, &wanted.id, data)?;
    Ok(Json(begun(&started)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfApp {
    app_id: Option<AppId>,
}

/// `GET functions`: what was run, and what came of it.
pub(super) async fn functions(Shared(workspace): Shared<Workspace>, Asked(asked): Asked<OfApp>) -> Done {
    let runs: Vec<Value> = workspace.read_teams(|teams| {
        let runs = teams.iter().flat_map(|state| state.executions(asked.app_id.as_ref()));
        runs.map(crate::model::Execution::to_json).collect()
    });
    Ok(Json(json!({"functions": runs})))
}

/// `GET deployments`: what was deployed of apps that Slack runs, each app's newest last.
pub(super) async fn deployments(Shared(workspace): Shared<Workspace>, Asked(asked): Asked<OfApp>) -> Done {
    let all: Vec<Value> = workspace.read_teams(|teams| {
        let all = teams.iter().flat_map(|state| state.deployments(asked.app_id.as_ref()));
        all.map(crate::model::Deployment::to_json).collect()
    });
    Ok(Json(json!({"deployments": all})))
}

fn begun(started: &Started) -> Value {
    json!({"ok": true, "function_execution_id": started.function, "workflow_execution_id": started.workflow})
}

/// `POST /triggers/{team}/{trigger}`: the address of a webhook trigger; its body is what the inputs refer to.
pub(crate) async fn webhook(
    Shared(workspace): Shared<Workspace>,
    Path((team, trigger)): Path<(String, String)>,
    request: Request,
) -> Response {
    let refuse = |status: StatusCode, error: &str| (status, Json(json!({"ok": false, "error": error}))).into_response();
    let Ok(body) = to_bytes(request.into_body(), MAX_BODY).await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large");
    };
    let body = if body.is_empty() { &b"{}"[..] } else { &body };
    let Some(data @ Value::Object(_)) = serde_json::from_slice::<Value>(body).ok().filter(crate::depth::is_fine) else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_webhook_body");
    };
    let Some(workspace) = workspace.team(&TeamId::from(team)) else {
        return refuse(StatusCode::NOT_FOUND, "trigger_not_found");
    };
    let run = workspace.update(|state, now| {
        let known = state.platform.workflow_triggers.get(&trigger)?;
        let is_webhook = known.given.get("type").and_then(Value::as_str) == Some("webhook");
        is_webhook.then(|| state.run_trigger(&trigger, &data, now))
    });
    match run {
        Some(Ok(_)) => Json(json!({"ok": true})).into_response(),
        Some(Err(error)) => refuse(StatusCode::BAD_REQUEST, error.code),
        None => refuse(StatusCode::NOT_FOUND, "trigger_not_found"),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Room {
    channel: ChannelId,
}

/// `DELETE channels`.
pub(super) async fn delete_channel(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<Room>) -> Done {
    let workspace = workspace.where_is(|state| state.channel(wanted.channel.as_str()).is_some());
    let channel = room(&workspace, &wanted.channel);
    workspace.update(|state, now| state.delete_channel(&channel, now))?;
    Ok(Json(json!({"ok": true})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Emoji {
    name: String,
    /// An address, or `alias:` and another name.
    url: String,
    team: Option<TeamId>,
}

/// `POST emoji`.
pub(super) async fn emoji(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<Emoji>) -> Done {
    let workspace = super::make::team(&workspace, wanted.team.as_ref())?;
    workspace.update(|state, now| state.set_emoji(&wanted.name, Some(&wanted.url), now))?;
    Ok(Json(json!({"ok": true})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmojiName {
    name: String,
    team: Option<TeamId>,
}

/// `DELETE emoji`.
pub(super) async fn remove_emoji(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<EmojiName>) -> Done {
    let workspace = super::make::team(&workspace, wanted.team.as_ref())?;
    workspace.update(|state, now| state.set_emoji(&wanted.name, None, now))?;
    Ok(Json(json!({"ok": true})))
}
