//! The Slack CLI's hooks, as both sides write and read them.
//!
//! The Slack CLI drives a project through commands that are named in its `.slack/hooks.json`. Each is a process that gets
//! flags, sometimes JSON on stdin, and answers with JSON on stdout, by one of two protocols: [`Protocol::Default`] and
//! [`Protocol::MessageBoundaries`]. What is written here is strict; what is read takes the deviations that are out there,
//! and [`oddities`] names them. Source: docs.slack.dev, Slack CLI, Hooks.

mod boundary;
mod environment;
mod event;
mod flags;
mod interface;
mod lenient;
mod name;
mod protocol;
mod report;

pub use boundary::{Boundary, BoundaryError};
pub use environment::Environment;
pub use event::{StartContext, StartInput};
pub use flags::{FlagError, Flags};
pub use interface::{Config, Interface, Watch, WatchPaths};
pub use lenient::{Oddity, oddities};
pub use name::{HookName, UnknownHook};
pub use protocol::{Protocol, ProtocolError, ProtocolName, WriteError};
pub use report::{CheckUpdate, Doctor, Fault, InstallUpdate, Installed, Release, Version};
