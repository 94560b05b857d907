//! Calling a hook: its process, its environment and its response.
//!
//! A call goes through these in turn: [`HookCall`] says what is to run; `environment` what it sees; `command` how a shell
//! runs it; `exec` runs it, reads what it writes and ends it in time; `collect` tells its response from its diagnostics;
//! `group` ends what it leaves behind.

mod answer;
mod boundary;
mod call;
mod collect;
mod command;
mod environment;
mod exec;
mod group;
mod running;
mod tail;
mod verdict;

pub use answer::Answer;
pub use call::HookCall;
pub use running::{Ended, Running};

pub(crate) use call::Told;
