//! Looking at messages, modals and the journal.

use axum::Json;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::Asked;
use super::error::ControlError;
use super::people::{person, room, seen_by};
use crate::Workspace;
use crate::model::{ChannelId, Message, UserId};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Room {
    channel: ChannelId,
    user: Option<UserId>,
}

/// `GET messages`: oldest first; with `user`, that person's ephemeral ones among them.
pub(super) async fn messages(
    Shared(workspace): Shared<Workspace>,
    Asked(asked): Asked<Room>,
) -> Result<Json<Value>, ControlError> {
    let workspace = workspace.where_is(|state| state.channel(asked.channel.as_str()).is_some());
    let channel = room(&workspace, &asked.channel);
    let user = asked.user.as_ref().map(|user| person(&workspace, user));
    let messages = workspace.read(|state| {
        let room = state.channel(channel.as_str())?;
        let own = user.as_ref().map_or(&[][..], |user| state.ephemerals(&channel, user));
        let mut messages: Vec<&Message> = room.messages().iter().map(std::sync::Arc::as_ref).chain(own).collect();
        messages.sort_by_key(|message| message.ts);
        Some(messages.into_iter().map(|message| (**message.body()).clone()).collect::<Vec<Value>>())
    });
    let messages = messages.ok_or_else(|| {
        let message = format!("there is no channel {}", asked.channel);
        ControlError::new(StatusCode::NOT_FOUND, "channel_not_found", message)
    })?;
    Ok(Json(json!({"messages": messages})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Screen {
    user: UserId,
}

/// `GET views`: the stack, the top last, and the Home tabs that apps published.
pub(super) async fn views(
    Shared(workspace): Shared<Workspace>,
    Asked(asked): Asked<Screen>,
) -> Result<Json<Value>, ControlError> {
    let workspace = seen_by(&workspace, &asked.user, None);
    let user = person(&workspace, &asked.user);
    let views = workspace.read(|state| {
        state.user(user.as_str())?;
        let views = state.views(&user).iter().map(|view| view.to_json(&state.team().id));
        let homes = state.homes.values().filter(|view| view.user == user).map(|view| view.to_json(&state.team().id));
        Some((views.collect::<Vec<Value>>(), homes.collect::<Vec<Value>>()))
    });
    let (views, homes) = views.ok_or_else(|| {
        let message = format!("there is no user {}", asked.user);
        ControlError::new(StatusCode::NOT_FOUND, "user_not_found", message)
    })?;
    Ok(Json(json!({"views": views, "homes": homes})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    #[serde(default)]
    since: u64,
}

/// `GET journal`: what came after `since`, and whether some of it is gone.
pub(super) async fn journal(Shared(workspace): Shared<Workspace>, Asked(asked): Asked<Since>) -> Response {
    let page = workspace.recorder().journal.since(asked.since).to_json();
    ([(header::CONTENT_TYPE, "application/json")], page).into_response()
}
