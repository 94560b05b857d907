//! What a person does.

use axum::Json;
use axum::extract::State as Shared;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::door::Wanted;
use super::error::ControlError;
use crate::Workspace;
use crate::model::{AppId, ChannelId, State, Ts, UserId, ViewId};
use crate::person::{Answer, Click, Closing, Invocation, NewMessage, OptionsQuery, Shortcut, Submission, Surface};

type Answered = Result<Json<Answer>, ControlError>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    user: UserId,
    channel: ChannelId,
    text: String,
    thread_ts: Option<String>,
}

/// `POST message`.
pub(super) async fn message(
    Shared(workspace): Shared<Workspace>,
    Wanted(wanted): Wanted<Message>,
) -> Result<Json<Value>, ControlError> {
    let thread_ts = wanted.thread_ts.as_deref().map(timestamp).transpose()?;
    let workspace = seen_by(&workspace, &wanted.user, Some(&wanted.channel));
    let user = person(&workspace, &wanted.user);
    let channel = room(&workspace, &wanted.channel);
    let posted = workspace.post_message(NewMessage { user, channel: channel.clone(), text: wanted.text, thread_ts })?;
    Ok(Json(json!({"ok": true, "channel": channel, "ts": posted.get("ts"), "message": *posted})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Touch {
    user: UserId,
    channel: Option<ChannelId>,
    ts: Option<String>,
    view_id: Option<ViewId>,
    action_id: String,
    block_id: Option<String>,
    value: Option<Value>,
}

impl Touch {
    fn click(self, workspace: &Workspace) -> Result<Click, ControlError> {
        Ok(Click {
            user: person(workspace, &self.user),
            surface: surface(workspace, self.channel.as_ref(), self.ts.as_deref(), self.view_id)?,
            action_id: self.action_id,
            block_id: self.block_id,
            value: self.value,
        })
    }
}

/// `POST click`.
pub(super) async fn click(Shared(workspace): Shared<Workspace>, Wanted(touch): Wanted<Touch>) -> Answered {
    let workspace = seen_by(&workspace, &touch.user, touch.channel.as_ref());
    let click = touch.click(&workspace)?;
    Ok(Json(workspace.click(click).await?))
}

/// `POST select`.
pub(super) async fn select(Shared(workspace): Shared<Workspace>, Wanted(touch): Wanted<Touch>) -> Answered {
    let workspace = seen_by(&workspace, &touch.user, touch.channel.as_ref());
    let click = touch.click(&workspace)?;
    Ok(Json(workspace.select(click).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    user: UserId,
    channel: ChannelId,
    command: String,
    #[serde(default)]
    text: String,
}

/// `POST command`.
pub(super) async fn command(Shared(workspace): Shared<Workspace>, Wanted(typed): Wanted<Typed>) -> Answered {
    let workspace = seen_by(&workspace, &typed.user, Some(&typed.channel));
    let user = person(&workspace, &typed.user);
    let channel = room(&workspace, &typed.channel);
    let invocation = Invocation { user, channel, command: typed.command, text: typed.text };
    Ok(Json(workspace.command(invocation).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    user: UserId,
    callback_id: String,
    app_id: Option<AppId>,
    channel: Option<ChannelId>,
    ts: Option<String>,
}

/// `POST shortcut`.
pub(super) async fn shortcut(Shared(workspace): Shared<Workspace>, Wanted(chosen): Wanted<Chosen>) -> Answered {
    let workspace = seen_by(&workspace, &chosen.user, chosen.channel.as_ref());
    let message = match (&chosen.channel, &chosen.ts) {
        (None, None) => None,
        (Some(channel), Some(ts)) => Some((room(&workspace, channel), timestamp(ts)?)),
        _ => return Err(ControlError::bad("invalid_request", "a message is channel and ts")),
    };
    let user = person(&workspace, &chosen.user);
    let shortcut = Shortcut { user, callback_id: chosen.callback_id, app: chosen.app_id, message };
    Ok(Json(workspace.shortcut(shortcut).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    user: UserId,
    channel: Option<ChannelId>,
    ts: Option<String>,
    view_id: Option<ViewId>,
    block_id: String,
    action_id: String,
    #[serde(default)]
    value: String,
}

/// `POST options`.
pub(super) async fn options(Shared(workspace): Shared<Workspace>, Wanted(query): Wanted<Query>) -> Answered {
    let workspace = seen_by(&workspace, &query.user, query.channel.as_ref());
    let query = OptionsQuery {
        user: person(&workspace, &query.user),
        surface: surface(&workspace, query.channel.as_ref(), query.ts.as_deref(), query.view_id)?,
        block_id: query.block_id,
        action_id: query.action_id,
        value: query.value,
    };
    Ok(Json(workspace.options(query).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Submitted {
    user: UserId,
    view_id: ViewId,
    #[serde(default)]
    values: Map<String, Value>,
}

/// `POST view/submit`.
pub(super) async fn submit_view(
    Shared(workspace): Shared<Workspace>,
    Wanted(submitted): Wanted<Submitted>,
) -> Answered {
    let workspace = seen_by(&workspace, &submitted.user, None);
    let user = person(&workspace, &submitted.user);
    let submission = Submission { user, view_id: submitted.view_id, values: submitted.values };
    Ok(Json(workspace.submit_view(submission).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Closed {
    user: UserId,
    view_id: Option<ViewId>,
    /// The whole stack, as by the cross.
    #[serde(default)]
    all: bool,
}

/// `POST view/close`.
pub(super) async fn close_view(Shared(workspace): Shared<Workspace>, Wanted(closed): Wanted<Closed>) -> Answered {
    let workspace = seen_by(&workspace, &closed.user, None);
    let user = person(&workspace, &closed.user);
    let closing = if closed.all { Closing::All } else { Closing::Top };
    Ok(Json(workspace.close_view(&user, closed.view_id.as_ref(), closing).await?))
}

fn surface(
    workspace: &Workspace,
    channel: Option<&ChannelId>,
    ts: Option<&str>,
    view_id: Option<ViewId>,
) -> Result<Surface, ControlError> {
    match (channel, ts, view_id) {
        (Some(channel), Some(ts), None) => {
            Ok(Surface::Message { channel: room(workspace, channel), ts: timestamp(ts)? })
        }
        (None, None, Some(view_id)) => Ok(Surface::View { view_id }),
        _ => Err(ControlError::bad("invalid_request", "say channel and ts, or view_id")),
    }
}

pub(super) fn timestamp(text: &str) -> Result<Ts, ControlError> {
    Ts::parse(text).ok_or_else(|| ControlError::bad("invalid_ts", format!("{text:?} is no timestamp")))
}

/// The workspace with that team looked at in which the ids are; handles and names count where no id is known.
pub(super) fn seen_by(workspace: &Workspace, user: &UserId, channel: Option<&ChannelId>) -> Workspace {
    let has_id = |state: &State| {
        state.user(user.as_str()).is_some() || channel.is_some_and(|channel| state.channel(channel.as_str()).is_some())
    };
    if workspace.read_teams(|teams| teams.iter().any(has_id)) {
        return workspace.where_is(has_id);
    }
    let handle = user.as_str().trim_start_matches('@');
    workspace.where_is(|state| state.user_named(handle).is_some())
}

/// A person by id or handle.
pub(super) fn person(workspace: &Workspace, wanted: &UserId) -> UserId {
    workspace.read(|state| {
        let named = || state.user_named(wanted.as_str().trim_start_matches('@'));
        state.user(wanted.as_str()).or_else(named).map_or_else(|| wanted.clone(), |user| user.id.clone())
    })
}

/// A channel by id or name.
pub(super) fn room(workspace: &Workspace, wanted: &ChannelId) -> ChannelId {
    workspace.read(|state| {
        let named = || state.channel_named(wanted.as_str().trim_start_matches('#'));
        state.channel(wanted.as_str()).or_else(named).map_or_else(|| wanted.clone(), |room| room.id.clone())
    })
}
