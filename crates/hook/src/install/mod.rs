//! The hook's entries in a host's settings file.
//!
//! Claude Code reads `{"hooks": {"<Event>": [{"matcher": …, "hooks": [handler, …]}]}}` (docs.claude.com, "Hooks
//! reference"). What is installed:
//!
//! - [`PermissionRequest`](crate::input::Event::PermissionRequest), the question. Without a decision the hook exits 0
//!   with empty stdout and Claude Code's own dialog decides. Its timeout is ours and thirty seconds, so that it is us
//!   who give up first.
//! - Five observers, by which the daemon notices that a question was answered at the terminal: Claude Code has no event
//!   for that and does not end the waiting hook.
//! - As a gate, `PreToolUse` instead of `PermissionRequest`: it is asked for every call, `exit 2` blocks there, and
//!   `"onFailure": "block"` blocks when the hook cannot be started or is killed. `PermissionRequest` honours neither:
//!   without it nothing would be gated where no dialog is shown.
//!
//! The file stays the user's: it is edited as text, so every other byte, the order of keys and the notation of numbers
//! stay as they are. What does not parse is refused with line and column. Removing takes exactly what installing wrote,
//! recognised by the command, and the containers that are empty then.

mod claude;
mod command;
mod diff;
mod edit;
mod file;

pub use claude::{ClaudeHooks, Installed, plan_install, plan_uninstall, status};
pub use command::HookCommand;
pub use file::{Change, SettingsError};
