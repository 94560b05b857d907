//! Inputs as Claude Code sends them.

use serde_json::{Value, json};

/// A question about a command.
pub fn permission_request(command: &str) -> Value {
    call("PermissionRequest", command)
}

/// An event about a command.
pub fn call(event: &str, command: &str) -> Value {
    json!({
        "hook_event_name": event,
        "session_id": "session-1",
        "cwd": "/srv/app",
        "permission_mode": "default",
        "tool_name": "Bash",
        "tool_input": { "command": command },
    })
}
