//! `assistant.threads.*`.

use serde_json::{Value, json};

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use crate::model::{ChannelId, State, Ts};

/// How many prompts can be suggested; docs.slack.dev, "assistant.threads.setSuggestedPrompts".
const MAX_PROMPTS: usize = 4;
/// How many loading messages a status can have.
const MAX_LOADING: usize = 10;

/// `assistant.threads.setStatus`: an empty status clears it, and so does a message of the app.
pub(super) fn set_status(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let (channel, thread) = thread(state, call)?;
    let status = call.args.text("status").unwrap_or_default().into_owned();
    let loading = call.args.list("loading_messages");
    if loading.len() > MAX_LOADING {
        return Err(ApiError::new("invalid_arguments"));
    }
    state.set_assistant(&channel, thread, |known| {
        known.loading_messages = if status.is_empty() { Vec::new() } else { loading };
        known.status = status;
    })?;
    Ok(Body::ok())
}

/// `assistant.threads.setTitle`.
pub(super) fn set_title(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let (channel, thread) = thread(state, call)?;
    let title = call.args.text("title").unwrap_or_default();
    state.title_assistant(&channel, thread, &title, now)?;
    Ok(Body::ok())
}

/// `assistant.threads.setSuggestedPrompts`.
pub(super) fn set_suggested_prompts(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let (channel, thread) = thread(state, call)?;
    let invalid = |what: &str| ApiError::new("invalid_arguments").messages(&[format!("[ERROR] {what}")]);
    let prompts = call.args.nested("prompts").and_then(Result::ok);
    let prompts = prompts.ok_or_else(|| invalid("prompts must be a list"))?;
    let prompts = prompts.as_array().ok_or_else(|| invalid("prompts must be a list"))?;
    if prompts.is_empty() || prompts.len() > MAX_PROMPTS {
        return Err(invalid("prompts must have 1 to 4 items"));
    }
    let text = |prompt: &Value, name: &str| prompt.get(name).and_then(Value::as_str).map(str::to_owned);
    let prompts: Option<Vec<Value>> = prompts
        .iter()
        .map(|prompt| Some(json!({"title": text(prompt, "title")?, "message": text(prompt, "message")?})))
        .collect();
    let prompts = prompts.ok_or_else(|| invalid("a prompt has a title and a message"))?;
    let title = call.args.text("title").map(std::borrow::Cow::into_owned);
    state.set_assistant(&channel, thread, |known| {
        known.prompts = prompts;
        known.prompts_title = title;
    })?;
    Ok(Body::ok())
}

/// The thread that is meant; without a timestamp the latest conversation with the agent.
fn thread(state: &State, call: &Call<'_>) -> Result<(ChannelId, Ts), ApiError> {
    let id = call.args.text("channel_id").unwrap_or_default();
    let room = visible(state, call, &id)?;
    if !room.members.contains(call.user()?) {
        return Err(ApiError::new("channel_not_found"));
    }
    let invalid = || ApiError::new("invalid_thread_ts");
    let thread = if let Some(ts) = call.args.text("thread_ts") {
        Ts::parse(&ts).ok_or_else(invalid)?
    } else {
        let of_room = state.assistants.keys().filter(|(channel, _)| *channel == room.id);
        of_room.map(|(_, ts)| *ts).max().ok_or_else(invalid)?
    };
    Ok((room.id.clone(), thread))
}
