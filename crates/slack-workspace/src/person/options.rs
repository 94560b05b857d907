//! Asking an app for the options of a menu.

use serde_json::{Value, json};

use super::answer::{Answer, PersonError};
use super::click::{Surface, container, seen, surface_json};
use super::payload;
use crate::Workspace;
use crate::blocks;
use crate::model::{AppId, State, UserId};
use crate::socket::EnvelopeKind;

/// What was typed into a menu whose options the app knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionsQuery {
    /// Who types.
    pub user: UserId,
    /// Where the menu is.
    pub surface: Surface,
    /// Its block.
    pub block_id: String,
    /// Its action.
    pub action_id: String,
    /// What was typed so far.
    pub value: String,
}

impl Workspace {
    /// Asks for options; the answer's response has `options` or `option_groups`.
    pub async fn options(&self, query: OptionsQuery) -> Result<Answer, PersonError> {
        let details = json!({"action_id": query.action_id, "block_id": query.block_id, "value": query.value, "surface": surface_json(&query.surface)});
        self.note_person("options", query.user.as_str(), details);
        let (app, payload) = self.read(|state| prepare(state, &query))?;
        Ok(self.ask(&app, EnvelopeKind::InteractiveWithResponse, &payload).await)
    }
}

fn prepare(state: &State, query: &OptionsQuery) -> Result<(AppId, Value), PersonError> {
    payload::person(state, &query.user)?;
    let missing = || {
        let message = format!("there is no menu {} in block {}", query.action_id, query.block_id);
        PersonError::new("element_not_found", message)
    };
    let block = Some(query.block_id.as_str());
    let (app, place) = match &query.surface {
        Surface::Message { channel, ts } => {
            let (message, is_ephemeral) = seen(state, &query.user, channel, *ts)?;
            let found = blocks::find_in_message(&message, block, &query.action_id).ok_or_else(missing)?;
            let room = payload::room(state, &query.user, channel.as_str())?;
            let container = container(&message, channel, is_ephemeral, &found);
            let place = json!({"container": container, "channel": payload::channel(room), "message": **message.body()});
            (found.owner(&message), place)
        }
        Surface::View { view_id } => {
            let view = state.open_view(&query.user, view_id.as_str());
            let view = view.ok_or_else(|| PersonError::new("view_not_found", format!("there is no view {view_id}")))?;
            blocks::find(view.blocks(), block, &query.action_id).ok_or_else(missing)?;
            let container = json!({"type": "view", "view_id": view_id});
            let place = json!({"container": container, "view": view.to_json(&state.team.id)});
            (Some(view.app.clone()), place)
        }
    };
    let app = payload::app(state, app.as_ref())?;
    let mut payload = payload::common(state, "block_suggestion", app, &query.user);
    payload.extend(place.as_object().cloned().unwrap_or_default());
    payload.insert("action_id".to_owned(), query.action_id.as_str().into());
    payload.insert("block_id".to_owned(), query.block_id.as_str().into());
    payload.insert("value".to_owned(), query.value.as_str().into());
    Ok((app.id.clone(), Value::Object(payload)))
}
