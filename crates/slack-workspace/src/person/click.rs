//! Clicking buttons and choosing from menus.

use serde_json::{Map, Value, json};

use super::answer::{Answer, PersonError};
use super::payload;
use crate::Workspace;
use crate::blocks::{self, Found};
use crate::model::{
    AppId, ChannelId, Message, RESPONSE_URL_MS, ResponseSource, ResponseUrl, State, Ts, UserId, ViewId,
};
use crate::socket::EnvelopeKind;

/// Where an element is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Surface {
    /// In a message the person sees, an ephemeral one included.
    Message {
        /// The channel.
        channel: ChannelId,
        /// The message.
        ts: Ts,
    },
    /// In an open modal.
    View {
        /// The modal.
        view_id: ViewId,
    },
}

/// A click, or a choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Click {
    /// Who clicks.
    pub user: UserId,
    /// Where.
    pub surface: Surface,
    /// On what.
    pub action_id: String,
    /// In which block, when the action id is not enough.
    pub block_id: Option<String>,
    /// What is chosen or entered: an option's value, a text, a list, or a whole state object.
    pub value: Option<Value>,
}

/// What is sent to the app, and to which.
struct Prepared {
    app: AppId,
    payload: Value,
}

impl Workspace {
    /// Clicks a button, or uses any other element that acts at once.
    pub async fn click(&self, click: Click) -> Result<Answer, PersonError> {
        let prepared = self.update(|state, now| prepare(state, &click, now))?;
        let details = json!({
            "action_id": click.action_id, "block_id": click.block_id, "value": click.value,
            "surface": surface_json(&click.surface),
        });
        self.note_person("click", click.user.as_str(), details);
        Ok(self.ask(&prepared.app, EnvelopeKind::Interactive, &prepared.payload).await)
    }

    /// Chooses in a menu: a click with a value.
    pub async fn select(&self, click: Click) -> Result<Answer, PersonError> {
        if click.value.is_none() {
            return Err(PersonError::new("value_missing", "select needs the value that is chosen"));
        }
        self.click(click).await
    }
}

pub(super) fn surface_json(surface: &Surface) -> Value {
    match surface {
        Surface::Message { channel, ts } => json!({"channel": channel, "ts": ts}),
        Surface::View { view_id } => json!({"view_id": view_id}),
    }
}

fn prepare(state: &mut State, click: &Click, now: u64) -> Result<Prepared, PersonError> {
    payload::person(state, &click.user)?;
    match &click.surface {
        Surface::Message { channel, ts } => in_message(state, click, channel, *ts, now),
        Surface::View { view_id } => in_view(state, click, view_id, now),
    }
}

fn in_message(
    state: &mut State,
    click: &Click,
    channel: &ChannelId,
    ts: Ts,
    now: u64,
) -> Result<Prepared, PersonError> {
    let (message, is_ephemeral) = seen(state, &click.user, channel, ts)?;
    let found = blocks::find_in_message(&message, click.block_id.as_deref(), &click.action_id)
        .ok_or_else(|| no_element(click))?;
    let app = payload::app(state, found.owner(&message).as_ref())?.clone();
    let chosen = chosen(&found, click)?;
    let action = action(&found, chosen.as_ref(), now);
    let key = (click.user.clone(), channel.clone(), ts);
    let mut values = state.inputs.get(&key).cloned().unwrap_or_else(|| message_values(&message));
    if let Some(chosen) = chosen.filter(|_| blocks::keeps_state(found.kind())) {
        blocks::set(&mut values, found.block_id(), found.action_id(), chosen);
        state.inputs.insert(key, values.clone());
    }
    let mut payload = payload::common(state, "block_actions", &app, &click.user);
    let mut put = |field: &str, value: Value| payload.insert(field.to_owned(), value);
    put("container", container(&message, channel, is_ephemeral, &found));
    if let Some(unfurl) = found.unfurl() {
        put("app_unfurl", unfurl.clone());
    }
    put("channel", payload::channel(payload::room(state, &click.user, channel.as_str())?));
    if !is_ephemeral {
        put("message", (**message.body()).clone());
    }
    put("state", json!({"values": values}));
    put("actions", json!([action]));
    let url = ResponseUrl {
        app: app.id.clone(),
        user: click.user.clone(),
        channel: channel.clone(),
        source: ResponseSource::of(&message, is_ephemeral, &app.id),
        thread: message.thread_ts.filter(|thread| *thread != ts),
        uses: 0,
        expires_at: now.saturating_add(RESPONSE_URL_MS),
    };
    put("response_url", state.mint_response_url("actions", url).into());
    put("trigger_id", state.mint_trigger(&app.id, &click.user, None, now).into());
    Ok(Prepared { app: app.id, payload: Value::Object(payload) })
}

fn in_view(state: &mut State, click: &Click, view_id: &ViewId, now: u64) -> Result<Prepared, PersonError> {
    let view = state.open_view(&click.user, view_id.as_str()).cloned();
    let mut view =
        view.ok_or_else(|| PersonError::new("view_not_found", format!("{} has no open view {view_id}", click.user)))?;
    let found =
        blocks::find(view.blocks(), click.block_id.as_deref(), &click.action_id).ok_or_else(|| no_element(click))?;
    let chosen = chosen(&found, click)?;
    let action = action(&found, chosen.as_ref(), now);
    if let Some(chosen) = chosen.filter(|_| blocks::keeps_state(found.kind())) {
        let (block_id, action_id) = (found.block_id().to_owned(), found.action_id().to_owned());
        blocks::set(&mut view.values, &block_id, &action_id, chosen);
        state.enter(&click.user, view_id.as_str(), view.values.clone());
    }
    let app = payload::app(state, Some(&view.app))?.clone();
    let mut payload = payload::common(state, "block_actions", &app, &click.user);
    payload.insert("container".to_owned(), json!({"type": "view", "view_id": view_id}));
    payload.insert("view".to_owned(), view.to_json(&state.team.id));
    payload.insert("actions".to_owned(), json!([action]));
    let trigger = state.mint_trigger(&app.id, &click.user, Some(view_id.clone()), now);
    payload.insert("trigger_id".to_owned(), trigger.into());
    Ok(Prepared { app: app.id, payload: Value::Object(payload) })
}

pub(super) fn seen(state: &State, user: &UserId, channel: &ChannelId, ts: Ts) -> Result<(Message, bool), PersonError> {
    payload::room(state, user, channel.as_str())?;
    let seen = state.message_seen_by(user, channel.as_str(), ts);
    let (message, is_ephemeral) =
        seen.ok_or_else(|| PersonError::new("message_not_found", format!("{user} sees no message {ts} in {channel}")))?;
    Ok((message.clone(), is_ephemeral))
}

/// The state of a message's inputs before anyone touched them.
fn message_values(message: &Message) -> Map<String, Value> {
    message.body().as_object().map(blocks::initial_values).unwrap_or_default()
}

/// The state that the element gets from the click; buttons get none.
fn chosen(found: &Found<'_>, click: &Click) -> Result<Option<Value>, PersonError> {
    let Some(value) = &click.value else { return Ok(None) };
    if matches!(found.kind(), "button" | "icon_button" | "workflow_button") {
        return Ok(None);
    }
    let wrong = || {
        let message = format!("{} of type {} cannot be {value}", click.action_id, found.kind());
        PersonError::new("invalid_value", message)
    };
    if found.kind() == "feedback_buttons" {
        let verdict = value.as_str().and_then(|value| blocks::feedback(found.element, value));
        return verdict.map(Some).ok_or_else(wrong);
    }
    if found.kind() == "overflow" {
        let option = value.as_str().and_then(|value| blocks::option_of(found.element, value));
        return option.map(|option| Some(json!({"selected_option": option}))).ok_or_else(wrong);
    }
    blocks::state_object(found.element, value).map(Some).ok_or_else(wrong)
}

fn action(found: &Found<'_>, chosen: Option<&Value>, now: u64) -> Value {
    let mut action = blocks::action_fields(found.element, chosen);
    action.insert("action_id".to_owned(), found.action_id().into());
    action.insert("block_id".to_owned(), found.block_id().into());
    action.insert("action_ts".to_owned(), Ts::from_micros(now.saturating_mul(1000)).into());
    Value::Object(action)
}

/// Where in which message an element is.
pub(super) fn container(message: &Message, channel: &ChannelId, is_ephemeral: bool, found: &Found<'_>) -> Value {
    let kind = if found.attachment.is_some() { "message_attachment" } else { "message" };
    let unfurl = found.unfurl();
    let mut container = json!({
        "type": kind, "message_ts": message.ts, "channel_id": channel,
        "is_ephemeral": is_ephemeral, "is_app_unfurl": unfurl.is_some(),
    });
    if let Some((number, _)) = found.attachment {
        container["attachment_id"] = number.into();
    }
    if let Some(url) = unfurl.and_then(|unfurl| unfurl.get("app_unfurl_url")) {
        container["app_unfurl_url"] = url.clone();
    }
    if let Some(thread) = message.thread_ts {
        container["thread_ts"] = thread.into();
    }
    container
}

fn no_element(click: &Click) -> PersonError {
    let message = match &click.block_id {
        Some(block) => format!("there is no element {} in block {block}", click.action_id),
        None => format!("there is no element {}", click.action_id),
    };
    PersonError::new("element_not_found", message)
}
