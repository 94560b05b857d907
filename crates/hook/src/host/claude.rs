//! Claude Code (docs.claude.com, "Hooks reference").
//!
//! `PermissionRequest` carries a nested decision, `PreToolUse` a permission decision; stdout is read as JSON
//! whatever the exit code is. A message is part of a denial only.

use serde::Serialize;

use crate::input::Event;

/// What both events answer in. Structs rather than values: the keys come in the documented order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    hook_specific_output: Specific<'a>,
}

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Specific<'a> {
    PermissionRequest { hook_event_name: &'a str, decision: Behavior<'a> },
    PreToolUse { hook_event_name: &'a str, permission_decision: &'a str, permission_decision_reason: &'a str },
}

#[derive(Serialize)]
struct Behavior<'a> {
    behavior: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

/// Yes.
pub(super) fn allow(event: Event) -> Vec<u8> {
    match event {
        Event::PermissionRequest => permission_request(event.name(), "allow", None),
        Event::PreToolUse => pre_tool_use(event.name(), "allow", "Approved with Countersign"),
        _ => Vec::new(),
    }
}

/// No, and what the model is told.
pub(super) fn deny(event: Event, message: &str) -> Vec<u8> {
    match event {
        Event::PermissionRequest => permission_request(event.name(), "deny", Some(message)),
        Event::PreToolUse => pre_tool_use(event.name(), "deny", message),
        _ => Vec::new(),
    }
}

/// The nested decision, as one line. The event's name is a parameter for the original's protocol, which echoes it.
pub(crate) fn permission_request(event: &str, behavior: &str, message: Option<&str>) -> Vec<u8> {
    output(Specific::PermissionRequest { hook_event_name: event, decision: Behavior { behavior, message } })
}

fn pre_tool_use(event: &str, decision: &str, reason: &str) -> Vec<u8> {
    output(Specific::PreToolUse {
        hook_event_name: event,
        permission_decision: decision,
        permission_decision_reason: reason,
    })
}

fn output(hook_specific_output: Specific<'_>) -> Vec<u8> {
    crate::wire::json_line(&Output { hook_specific_output })
}
