//! `chat.startStream`, `chat.appendStream` and `chat.stopStream`.

use serde_json::{Map, Value, json};

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use super::content::{checked_blocks, metadata};
use super::post::{author, custom, may_post};
use crate::model::{
    AgentSession, Begin, ChannelId, ChannelKind, Draft, Piece, STOPPED, SessionStatus, State, Ts, shared,
};

/// The longest `markdown_text`; docs.slack.dev, "chat.appendStream".
const MAX_MARKDOWN: usize = 12_000;

/// `chat.startStream`.
pub(super) fn start(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let room = visible(state, call, &id)?;
    let kind = room.kind;
    let channel = may_post(state, call, room)?;
    let thread = match call.args.text("thread_ts") {
        None => None,
        Some(ts) => Some(Ts::parse(&ts).ok_or(ApiError::new("invalid_thread_ts"))?),
    };
    if kind == ChannelKind::Im && thread.is_none() {
        let messages = ["[ERROR] missing required field: thread_ts".to_owned()];
        return Err(ApiError::new("invalid_arguments").messages(&messages));
    }
    if kind != ChannelKind::Im {
        recipient(state, call)?;
    }
    let is_plan = match call.args.text("task_display_mode").as_deref() {
        None | Some("timeline") => false,
        Some("plan") => true,
        Some(_) => return Err(ApiError::new("invalid_arguments")),
    };
    let is_stoppable = call.args.flag("is_stoppable");
    if is_stoppable && !hears_of_stops(state, call) {
        return Err(ApiError::new("not_subscribed_to_message_stream_stopped"));
    }
    let pieces = pieces(state, call)?;
    let custom = if call.has("chat:write.customize") { custom(call) } else { Map::new() };
    let draft = Draft { thread, custom, ..Draft::default() };
    let begin = Begin { is_plan, is_stoppable, pieces };
    let message = state.start_stream(&channel, &author(call)?, draft, begin, now)?;
    Ok(Body::ok().with("channel", channel.as_str()).with("ts", message.ts.to_string()))
}

/// Whether the app would learn that a person stopped its stream.
fn hears_of_stops(state: &State, call: &Call<'_>) -> bool {
    let app = state.app(call.grant.app.as_str());
    app.is_some_and(|app| STOPPED.iter().any(|event| app.events.contains(*event)))
}

/// `chat.appendStream`.
pub(super) fn append(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let (channel, ts) = streamed(state, call)?;
    let pieces = pieces(state, call)?;
    if pieces.is_empty() {
        return Err(ApiError::new("no_text"));
    }
    state.append_stream(&channel, ts, &call.grant.app, pieces)?;
    Ok(Body::ok().with("channel", channel.as_str()).with("ts", ts.to_string()))
}

/// `chat.stopStream`: blocks come below what was streamed.
pub(super) fn stop(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let (channel, ts) = streamed(state, call)?;
    let mut pieces = pieces(state, call)?;
    match call.args.nested("blocks") {
        None => {}
        Some(Ok(value)) => match value.into_owned() {
            Value::Array(blocks) => pieces.push(Piece::Blocks(checked_blocks(state, blocks)?)),
            _ => return Err(ApiError::new("invalid_blocks_format")),
        },
        Some(Err(())) => return Err(ApiError::new("invalid_blocks_format")),
    }
    let metadata = metadata(call.args)?;
    let status = match call.args.text("session_status") {
        None => None,
        Some(name) => Some(SessionStatus::named(&name).ok_or(ApiError::new("invalid_status"))?),
    };
    let message = state.stop_stream(&channel, ts, &call.grant.app, (pieces, metadata), now)?;
    if let (Some(status), Some(thread)) = (status, message.thread_ts) {
        let session = AgentSession { status, title: String::new(), initiator: None };
        state.set_session_status(&channel, thread, session)?;
    }
    Ok(Body::ok().with("channel", channel.as_str()).with("ts", ts.to_string()).shared("message", shared(&message)))
}

fn streamed(state: &State, call: &Call<'_>) -> Result<(ChannelId, Ts), ApiError> {
    let id = call.args.text("channel").unwrap_or_default();
    let room = visible(state, call, &id)?;
    let ts = call.args.text("ts").unwrap_or_default();
    let ts = Ts::parse(&ts).ok_or(ApiError::new("message_not_found"))?;
    Ok((room.id.clone(), ts))
}

/// In a channel it must be said for whom the message is.
fn recipient(state: &State, call: &Call<'_>) -> Result<(), ApiError> {
    let user = call.args.text("recipient_user_id").ok_or(ApiError::new("missing_recipient_user_id"))?;
    let team = call.args.text("recipient_team_id").ok_or(ApiError::new("missing_recipient_team_id"))?;
    match () {
        () if state.user(&user).is_none() => Err(ApiError::new("user_not_found")),
        () if team != state.team().id.as_str() => Err(ApiError::new("team_not_found")),
        () => Ok(()),
    }
}

fn pieces(state: &mut State, call: &Call<'_>) -> Result<Vec<Piece>, ApiError> {
    let mut pieces = Vec::new();
    if let Some(text) = call.args.text("markdown_text") {
        if call.args.get("chunks").is_some() {
            let messages = ["[ERROR] markdown_text and chunks cannot be combined".to_owned()];
            return Err(ApiError::new("invalid_arguments").messages(&messages));
        }
        pieces.push(markdown(&text)?);
    }
    let invalid = || ApiError::new("invalid_chunks");
    let chunks = match call.args.nested("chunks") {
        None => return Ok(pieces),
        Some(chunks) => chunks.map_err(|()| invalid())?,
    };
    for chunk in chunks.as_array().ok_or_else(invalid)? {
        pieces.push(piece(state, chunk.as_object().ok_or_else(invalid)?)?);
    }
    Ok(pieces)
}

fn piece(state: &mut State, chunk: &Map<String, Value>) -> Result<Piece, ApiError> {
    let text = |name: &str| chunk.get(name).and_then(Value::as_str);
    let invalid = || ApiError::new("invalid_chunks");
    match text("type") {
        Some("markdown_text") => markdown(text("text").ok_or_else(invalid)?),
        Some("plan_update") => Ok(Piece::Plan(text("title").ok_or_else(invalid)?.to_owned())),
        Some("task_update") => task(chunk).map(Piece::Task),
        Some("blocks") => {
            let blocks = chunk.get("blocks").and_then(Value::as_array).ok_or_else(invalid)?;
            Ok(Piece::Blocks(checked_blocks(state, blocks.clone())?))
        }
        _ => Err(invalid()),
    }
}

fn markdown(text: &str) -> Result<Piece, ApiError> {
    if text.chars().count() > MAX_MARKDOWN {
        return Err(ApiError::new("msg_blocks_too_long"));
    }
    Ok(Piece::Text(text.to_owned()))
}

/// A task as its `task_card` has it.
fn task(chunk: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let invalid = || ApiError::new("invalid_chunks");
    let text = |name: &str| chunk.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let mut task = Map::new();
    task.insert("task_id".to_owned(), text("id").ok_or_else(invalid)?.into());
    task.insert("title".to_owned(), text("title").ok_or_else(invalid)?.into());
    match text("status") {
        Some(status @ ("pending" | "in_progress" | "complete" | "error")) => {
            task.insert("status".to_owned(), status.into());
        }
        Some(_) => return Err(invalid()),
        None => {}
    }
    for name in ["details", "output"] {
        if let Some(text) = text(name) {
            task.insert(name.to_owned(), rich(text));
        }
    }
    if let Some(sources) = chunk.get("sources").filter(|sources| !sources.is_null()) {
        task.insert("sources".to_owned(), sources.as_array().ok_or_else(invalid)?.clone().into());
    }
    Ok(task)
}

fn rich(text: &str) -> Value {
    let section = json!({"type": "rich_text_section", "elements": [{"type": "text", "text": text}]});
    json!({"type": "rich_text", "elements": [section]})
}
