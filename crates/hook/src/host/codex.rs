//! Codex CLI (developers.openai.com/codex, "Hooks").
//!
//! The shape is Claude Code's, the schema is closed: a field it does not know fails the hook. `PreToolUse`
//! accepts an allow only together with a rewritten input, so a yes there is silence: the call goes on.

use super::claude;
use crate::input::Event;

/// Yes.
pub(super) fn allow(event: Event) -> Vec<u8> {
    match event {
        Event::PreToolUse => Vec::new(),
        _ => claude::allow(event),
    }
}

/// No, and what the model is told.
pub(super) fn deny(event: Event, message: &str) -> Vec<u8> {
    claude::deny(event, message)
}
