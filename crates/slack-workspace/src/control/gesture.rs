//! Reacting to messages, opening an app's Home, talking with its agent.

use axum::Json;
use axum::extract::State as Shared;
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::{Asked, Wanted};
use super::error::ControlError;
use super::people::{person, room, seen_by, timestamp};
use crate::Workspace;
use crate::model::{AppId, AppTab, ChannelId, UserId};
use crate::person::Reacting;

type Done = Result<Json<Value>, ControlError>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reaction {
    user: UserId,
    channel: ChannelId,
    ts: String,
    name: String,
    #[serde(default)]
    remove: bool,
}

/// `POST reaction`.
pub(super) async fn react(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<Reaction>) -> Done {
    let workspace = seen_by(&workspace, &wanted.user, Some(&wanted.channel));
    let user = person(&workspace, &wanted.user);
    let channel = room(&workspace, &wanted.channel);
    let reacting = if wanted.remove { Reacting::Remove } else { Reacting::Add };
    workspace.react(&user, (&channel, timestamp(&wanted.ts)?), &wanted.name, reacting)?;
    Ok(Json(json!({"ok": true})))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tab {
    Home,
    Messages,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opened {
    user: UserId,
    app_id: Option<AppId>,
    tab: Option<Tab>,
}

/// `POST home`: the person opens an app, the one from the start unless another is named.
pub(super) async fn open(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<Opened>) -> Done {
    let workspace = seen_by(&workspace, &wanted.user, None);
    let user = person(&workspace, &wanted.user);
    let app = app(&workspace, wanted.app_id);
    let tab = if matches!(wanted.tab, Some(Tab::Messages)) { AppTab::Messages } else { AppTab::Home };
    let view = workspace.open_app(&user, &app, tab)?;
    let view = view.map(|view| workspace.read(|state| view.to_json(&state.team().id)));
    Ok(Json(json!({"ok": true, "view": view})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conversation {
    user: UserId,
    app_id: Option<AppId>,
    /// The channel that is open beside it.
    context: Option<ChannelId>,
    /// A conversation that goes on: only its context changes.
    channel: Option<ChannelId>,
    thread_ts: Option<String>,
}

/// `POST assistant`: begins a conversation with an agent, or changes what the person looks at meanwhile.
pub(super) async fn converse(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<Conversation>) -> Done {
    let workspace = seen_by(&workspace, &wanted.user, wanted.channel.as_ref());
    let user = person(&workspace, &wanted.user);
    let beside = wanted.context.map(|channel| room(&workspace, &channel));
    let (channel, thread) = match (wanted.channel, wanted.thread_ts) {
        (None, None) => {
            let app = app(&workspace, wanted.app_id);
            workspace.start_assistant_thread(&user, &app, beside)?
        }
        (Some(channel), Some(thread)) => {
            let thread = timestamp(&thread)?;
            workspace.change_assistant_context(&user, (&channel, thread), beside)?;
            (channel, thread)
        }
        _ => return Err(ControlError::bad("invalid_request", "a conversation is channel and thread_ts")),
    };
    Ok(Json(json!({"ok": true, "channel": channel, "thread_ts": thread})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stop {
    user: UserId,
    channel: ChannelId,
    thread_ts: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Renaming {
    user: UserId,
    channel: ChannelId,
    thread_ts: String,
    title: String,
}

/// `POST assistant/rename`: the person gives the agent's session another title.
pub(super) async fn rename(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<Renaming>) -> Done {
    let workspace = seen_by(&workspace, &wanted.user, Some(&wanted.channel));
    let user = person(&workspace, &wanted.user);
    let channel = room(&workspace, &wanted.channel);
    workspace.rename_session(&user, (&channel, timestamp(&wanted.thread_ts)?), &wanted.title)?;
    Ok(Json(json!({"ok": true})))
}

/// `POST assistant/stop`: the person stops what an agent does.
pub(super) async fn stop(Shared(workspace): Shared<Workspace>, Wanted(wanted): Wanted<Stop>) -> Done {
    let workspace = seen_by(&workspace, &wanted.user, Some(&wanted.channel));
    let user = person(&workspace, &wanted.user);
    let channel = room(&workspace, &wanted.channel);
    workspace.stop_agent(&user, (&channel, timestamp(&wanted.thread_ts)?))?;
    Ok(Json(json!({"ok": true})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Thread {
    channel: ChannelId,
    thread_ts: String,
}

/// `GET assistant`: what is shown beside a thread.
pub(super) async fn look(Shared(workspace): Shared<Workspace>, Asked(asked): Asked<Thread>) -> Done {
    let workspace = workspace.where_is(|state| state.channel(asked.channel.as_str()).is_some());
    let channel = room(&workspace, &asked.channel);
    let thread = timestamp(&asked.thread_ts)?;
    let shown = workspace.read(|state| {
        let known = state.assistant_thread(&channel, thread)?;
        Some(json!({
            "user": known.user, "title": known.title, "status": known.status,
            "loading_messages": known.loading_messages, "prompts_title": known.prompts_title,
            "prompts": known.prompts, "context": {"channel_id": known.context.channel},
            "session": known.session,
        }))
    });
    let shown = shown.ok_or_else(|| {
        let message = format!("nothing is shown beside {thread} of {channel}");
        ControlError::new(http::StatusCode::NOT_FOUND, "thread_not_found", message)
    })?;
    Ok(Json(json!({"assistant": shown})))
}

/// The app that is meant: the one from the start unless another is named.
fn app(workspace: &Workspace, wanted: Option<AppId>) -> AppId {
    wanted.unwrap_or_else(|| workspace.ready().app_id)
}
