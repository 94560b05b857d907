//! What happens in a host, seen through its other hooks: by this a question answered at the terminal is noticed.

use countersign_approval::{CancelledBy, Request, Subject, ToolCall};
use countersign_hook::{
    input::{Event, HookInput},
    wire::{Final, Outcome},
};
use serde_json::Value;

use super::{
    connection::{Connection, ConnectionError},
    refused,
};
use crate::personal::Personal;

/// Most pending requests that are looked at; a person answers one dialog after the other.
const LOOK_AT: u32 = 2000;

/// Ends the requests that the event shows to be answered.
pub(super) async fn observe(personal: &Personal, mut connection: Connection) -> Result<(), ConnectionError> {
    let line = connection.input_line().await?;
    let answer = match HookInput::parse(&line) {
        Ok(input) => {
            let ended = end_answered(personal, &input).await;
            Final::new(Outcome::Ok, &personal.settings().version).data(serde_json::json!({ "ended": ended }))
        }
        Err(error) => refused(personal, error.to_string()),
    };
    connection.end(&answer).await
}

async fn end_answered(personal: &Personal, input: &HookInput) -> usize {
    let pending = match personal.approvals().store().pending(LOOK_AT).await {
        Ok(pending) => pending,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "could not read the pending requests");
            return 0;
        }
    };
    let mut ended = 0;
    for request in pending.iter().filter(|request| shows_answered(input, request)) {
        let cancelled = personal.approvals().cancel(request.id, CancelledBy::AnsweredAtTerminal).await;
        ended += usize::from(cancelled.is_ok());
    }
    ended
}

/// Whether the event shows that this request was answered at the terminal.
///
/// The tool was used: somebody allowed it. The turn or the session is over, or the user wrote something: whatever the
/// session asked is moot.
fn shows_answered(input: &HookInput, request: &Request) -> bool {
    let Subject::ToolCall(call) = &request.subject else { return false };
    if call.session != input.session_id {
        return false;
    }
    match input.event {
        Event::PostToolUse | Event::PostToolUseFailure => is_same_call(call, input),
        Event::Stop | Event::UserPromptSubmit | Event::SessionEnd => true,
        Event::PermissionRequest | Event::PreToolUse => false,
    }
}

/// The same tool with the same input. Compared by value: another event may space its JSON differently.
fn is_same_call(call: &ToolCall, input: &HookInput) -> bool {
    let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    input.tool_name.as_deref().unwrap_or_default() == call.tool
        && parse(call.input.as_bytes()) == parse(input.tool_input_bytes())
}
