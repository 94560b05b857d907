//! What a form holds, made into what apps get: files, rich text, and options that the app is asked for.

use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::answers::{Fields, Press, elements, field_name};
use super::json::{items, string};
use super::message::{problem, unanswered};
use super::selects::{Suggested, found};
use super::send::{failed, in_message};
use super::sent::Sent;
use super::visit::{Outcome, Visit};
use crate::Workspace;
use crate::model::{AppId, State, Ts, UserId, ViewId};
use crate::person::{OptionsQuery, PersonError, Surface, rich_text_value};

/// Keeps the files of a form's inputs; their ids stand in the form from then on.
pub(super) fn keep_files(
    visit: &Visit,
    app: Option<&AppId>,
    blocks: &[Value],
    sent: &mut Sent,
) -> Result<(), PersonError> {
    let Some(app) = app else { return Ok(()) };
    for chosen in std::mem::take(&mut sent.files) {
        let is_wanted = |(block, element): (&str, &Value)| {
            string(element, "type") == "file_input" && field_name(block, string(element, "action_id")) == chosen.field
        };
        if elements(blocks).any(is_wanted) {
            let id = visit.workspace.upload_file(&visit.place.user, app, &chosen.name, chosen.content)?;
            sent.fields.push(chosen.field, id.to_string());
        }
    }
    Ok(())
}

/// State objects whose files are objects and whose texts are rich.
pub(super) fn fill(workspace: &Workspace, user: &UserId, mut values: Map<String, Value>) -> Map<String, Value> {
    let needs = |state: &Value| matches!(string(state, "type"), "file_input" | "rich_text_input");
    let states = values.values().filter_map(Value::as_object).flat_map(Map::values);
    if states.filter(|state| needs(state)).count() == 0 {
        return values;
    }
    workspace.read(|known| {
        for state in values.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
            match string(state, "type") {
                "file_input" => state["files"] = files(known, user, items(state, "files")),
                "rich_text_input" => {
                    let typed =
                        state.get("rich_text_value").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
                    state["rich_text_value"] = typed.map_or(Value::Null, |typed| rich_text_value(known, typed));
                }
                _ => {}
            }
        }
    });
    values
}

/// The person's own files; whatever else stands in the form is none.
fn files(state: &State, user: &UserId, ids: &[Value]) -> Value {
    let own = |id: &Value| {
        let file = state.file(id.as_str()?).filter(|file| file.user == *user)?;
        state.file_json(&file.id)
    };
    ids.iter().filter_map(own).collect::<Vec<Value>>().into()
}

/// Asks the app for the options of a menu, for a browser without the script.
pub(super) async fn suggest(visit: &Visit, surface: Surface, press: &Press, fields: &Fields) -> Outcome {
    let name = field_name(&press.block_id, &press.action_id);
    let query = fields.get(&format!("search {name}")).unwrap_or_default().to_owned();
    let id = match &surface {
        Surface::Message { channel, ts } => format!("{channel}-{ts}"),
        Surface::View { view_id } => view_id.to_string(),
    };
    match options(visit, surface, press, &query).await {
        Ok(answer) => {
            let suggested = Suggested { surface: id, name, query, answer };
            Outcome { suggested: Some(suggested), ..Outcome::default() }
        }
        Err(outcome) => outcome,
    }
}

/// `POST …/options`: the same for the script, as entries of its list.
pub(super) async fn offer(visit: Visit, sent: Sent) -> Response {
    let fields = &sent.fields;
    let ts = fields.get("ts").and_then(Ts::parse);
    let surface = match (fields.get("view_id"), ts) {
        (Some(view), _) => Some(Surface::View { view_id: ViewId::from(view.to_owned()) }),
        (None, Some(ts)) => in_message(&visit, ts).map(|(surface, _, _)| surface),
        (None, None) => None,
    };
    let press = fields.get("press").and_then(Press::parse);
    let (Some(surface), Some(press)) = (surface, press) else {
        return visit.finish(Outcome::note(problem("This menu is gone.")));
    };
    let query = fields.get("q").unwrap_or_default();
    match options(&visit, surface, &press, query).await {
        Ok(answer) => axum::Json(json!({"html": found(&answer).0})).into_response(),
        Err(outcome) => visit.finish(outcome),
    }
}

async fn options(visit: &Visit, surface: Surface, press: &Press, query: &str) -> Result<Value, Outcome> {
    let asked = OptionsQuery {
        user: visit.place.user.clone(),
        surface,
        block_id: press.block_id.clone(),
        action_id: press.action_id.clone(),
        value: query.to_owned(),
    };
    match visit.workspace.options(asked).await {
        Ok(answer) if answer.acked => Ok(answer.response.unwrap_or_default()),
        Ok(answer) => Err(Outcome::note(unanswered(answer.ack_ms > 0))),
        Err(error) => Err(failed(&error)),
    }
}
