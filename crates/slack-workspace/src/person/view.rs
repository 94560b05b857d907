//! Submitting and closing modals.

use serde_json::{Map, Value, json};

use super::answer::{Answer, PersonError};
use super::payload;
use crate::Workspace;
use crate::api::checked_view;
use crate::blocks;
use crate::model::{AppId, RESPONSE_URL_MS, ResponseSource, ResponseUrl, State, UserId, View, ViewId, ViewKey};
use crate::socket::EnvelopeKind;

/// A modal that is submitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// Who submits.
    pub user: UserId,
    /// The modal.
    pub view_id: ViewId,
    /// Block id, action id, then a text or a state object; what is left out keeps its value.
    pub values: Map<String, Value>,
}

/// How a modal is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Closing {
    /// By *Cancel*: the one on top, and all of them where it says `clear_on_close`.
    #[default]
    Top,
    /// By the cross: the whole stack.
    All,
}

impl Workspace {
    /// Submits a modal and does what the app answers.
    pub async fn submit_view(&self, submission: Submission) -> Result<Answer, PersonError> {
        let Submission { user, view_id, values } = submission;
        self.note_person("view_submission", user.as_str(), json!({"view_id": view_id, "values": values}));
        let (view, payload) = match self.update(|state, now| submit(state, &user, &view_id, &values, now))? {
            Ok(ready) => ready,
            Err(errors) => return Ok(Answer::refused(errors)),
        };
        let mut answer = self.ask(&view.app, EnvelopeKind::InteractiveWithResponse, &payload).await;
        if answer.acked {
            let response = answer.response.clone().unwrap_or_default();
            answer.errors = self.update(|state, _| follow(state, &view, &response))?;
        }
        Ok(answer)
    }

    /// Closes a modal; the app hears of it where it asked to.
    pub async fn close_view(
        &self,
        user: &UserId,
        view_id: Option<&ViewId>,
        closing: Closing,
    ) -> Result<Answer, PersonError> {
        self.note_person("view_close", user.as_str(), json!({"view_id": view_id, "all": closing == Closing::All}));
        let told = self.update(|state, _| close(state, user, view_id, closing))?;
        let mut answer = Answer::silence(0);
        for (app, payload) in told {
            answer = self.ask(&app, EnvelopeKind::Interactive, &payload).await;
        }
        Ok(answer)
    }
}

type Ready = Result<(View, Value), Map<String, Value>>;

fn submit(
    state: &mut State,
    user: &UserId,
    view_id: &ViewId,
    values: &Map<String, Value>,
    now: u64,
) -> Result<Ready, PersonError> {
    payload::person(state, user)?;
    let mut view = top_view(state, user, Some(view_id))?;
    let entered = entered(&view, values)?;
    view.values = entered;
    state.enter(user, view_id.as_str(), view.values.clone());
    let errors = blocks::input_errors(view.blocks(), &view.values);
    if !errors.is_empty() {
        return Ok(Err(errors));
    }
    let app = payload::app(state, Some(&view.app))?.clone();
    let mut payload = payload::common(state, "view_submission", &app, user);
    payload.insert("view".to_owned(), view.to_json(&state.team.id));
    payload.insert("response_urls".to_owned(), response_urls(state, &view, now));
    let trigger = state.mint_trigger(&app.id, user, Some(view_id.clone()), now);
    payload.insert("trigger_id".to_owned(), trigger.into());
    Ok(Ok((view, Value::Object(payload))))
}

/// Where the app may answer: the channels that were chosen in the menus that ask for it.
fn response_urls(state: &mut State, view: &View, now: u64) -> Value {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut urls = Vec::new();
    for (block, element) in blocks::each(view.blocks()) {
        let (block_id, action_id) = (text(block, "block_id"), text(element, "action_id"));
        let chosen = view.values.get(&block_id).and_then(|actions| actions.get(&action_id));
        let chosen = chosen.and_then(|chosen| {
            chosen.get("selected_conversation").or_else(|| chosen.get("selected_channel"))?.as_str()
        });
        let room = chosen.and_then(|id| state.channel(id)).filter(|room| state.can_read(&view.user, room));
        if let (Some(room), Some(true)) = (room, element.get("response_url_enabled").and_then(Value::as_bool)) {
            let url = ResponseUrl {
                app: view.app.clone(),
                user: view.user.clone(),
                channel: room.id.clone(),
                source: ResponseSource::Command,
                thread: None,
                uses: 0,
                expires_at: now.saturating_add(RESPONSE_URL_MS),
            };
            let channel = room.id.clone();
            let url = state.mint_response_url("app", url);
            urls.push(json!({
                "block_id": block_id, "action_id": action_id, "channel_id": channel, "response_url": url,
            }));
        }
    }
    Value::Array(urls)
}

/// The view's state with these values in it.
fn entered(view: &View, values: &Map<String, Value>) -> Result<Map<String, Value>, PersonError> {
    let mut state = view.values.clone();
    for (block_id, actions) in values {
        let actions = actions.as_object().ok_or_else(|| {
            PersonError::new("invalid_value", format!("values of block {block_id} must be an object"))
        })?;
        for (action_id, value) in actions {
            let found = blocks::find(view.blocks(), Some(block_id), action_id);
            let found = found.ok_or_else(|| {
                let message = format!("the view has no element {action_id} in block {block_id}");
                PersonError::new("element_not_found", message)
            })?;
            let entered = blocks::state_object(found.element, value).ok_or_else(|| {
                let message = format!("{action_id} of type {} cannot be {value}", found.kind());
                PersonError::new("invalid_value", message)
            })?;
            blocks::set(&mut state, block_id, action_id, entered);
        }
    }
    Ok(state)
}

/// Does what the app answered to a submission; returns the errors it named.
fn follow(state: &mut State, view: &View, response: &Value) -> Result<Option<Map<String, Value>>, PersonError> {
    match response.get("response_action").and_then(Value::as_str) {
        Some("errors") => {
            let errors = response.get("errors").and_then(Value::as_object).cloned();
            return errors.map(Some).ok_or_else(|| bad_response("errors must be an object"));
        }
        Some("update") => {
            let content = new_view(state, response)?;
            state.update_view(&view.app, ViewKey::Id(view.id.as_str()), content, None)?;
        }
        Some("push") => {
            let content = new_view(state, response)?;
            state.place(&view.app, &view.user, content)?;
        }
        Some("clear") => state.clear_views(&view.user),
        Some(other) => return Err(bad_response(&format!("there is no response_action {other:?}"))),
        None if view.clear_on_close() => state.clear_views(&view.user),
        None => state.close_view(&view.user, view.id.as_str()),
    }
    Ok(None)
}

fn new_view(state: &mut State, response: &Value) -> Result<Map<String, Value>, PersonError> {
    let view = response.get("view").ok_or_else(|| bad_response("the view is missing"))?;
    checked_view(state, view.clone()).map_err(|error| bad_response(&error.describe()))
}

fn bad_response(why: &str) -> PersonError {
    PersonError::new("invalid_response", format!("the app's answer cannot be used: {why}"))
}

type Told = Vec<(AppId, Value)>;

fn close(state: &mut State, user: &UserId, view_id: Option<&ViewId>, closing: Closing) -> Result<Told, PersonError> {
    payload::person(state, user)?;
    let view = top_view(state, user, view_id)?;
    let is_cleared = closing == Closing::All || view.clear_on_close();
    let closed: Vec<View> =
        if is_cleared { state.views(user).iter().rev().cloned().collect() } else { vec![view.clone()] };
    if is_cleared {
        state.clear_views(user);
    } else {
        state.close_view(user, view.id.as_str());
    }
    closed.iter().filter(|view| view.notify_on_close()).map(|view| closed_payload(state, view, is_cleared)).collect()
}

/// What an app is told of a modal that was closed.
fn closed_payload(state: &State, view: &View, is_cleared: bool) -> Result<(AppId, Value), PersonError> {
    let app = payload::app(state, Some(&view.app))?;
    let mut payload = payload::common(state, "view_closed", app, &view.user);
    payload.insert("view".to_owned(), view.to_json(&state.team.id));
    payload.insert("is_cleared".to_owned(), is_cleared.into());
    Ok((app.id.clone(), Value::Object(payload)))
}

impl Workspace {
    /// Tells an app that its modal was closed by another one; nobody waits for the answer.
    pub(crate) fn tell_closed(&self, state: &State, view: &View) {
        let Ok((app, payload)) = closed_payload(state, view, true) else { return };
        let workspace = self.clone();
        self.tasks().spawn(async move {
            workspace.ask(&app, EnvelopeKind::Interactive, &payload).await;
        });
    }
}

/// The view on top of the person's stack, which must be the one that is meant.
fn top_view(state: &State, user: &UserId, view_id: Option<&ViewId>) -> Result<View, PersonError> {
    let top = state.views(user).last();
    let top = top.ok_or_else(|| PersonError::new("view_not_found", format!("{user} has no open view")))?;
    if view_id.is_some_and(|id| *id != top.id) {
        let message = format!("the view on top of {user}'s screen is {}", top.id);
        return Err(PersonError::new("view_not_found", message));
    }
    Ok(top.clone())
}
