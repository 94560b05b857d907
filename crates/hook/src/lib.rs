//! The permission hook of coding agents: the client, its wire and its rendezvous with the daemon.
//!
//! A *host* (a coding agent) starts the hook for every tool call that needs a decision, with a JSON
//! object on stdin. The hook hands those bytes to a daemon of the same user over a Unix socket,
//! starting it when there is none, and renders the answer the way the host expects it.
//!
//! - [`input`]: what the host sends, parsed at the edge.
//! - [`wire`]: newline-delimited JSON between client and daemon, for both ends.
//! - [`rendezvous`]: who the daemon is, how it is found and started, for both ends.
//! - [`client`]: the hook itself. It never prints or exits: it returns a [`client::HookExit`].
//! - [`host`]: one adapter per coding agent.
//! - [`screen_lock`]: whether somebody sits at the machine.
//! - [`install`]: the hook's entries in a host's settings file.
//!
//! There is no async runtime here: the client starts once per tool call and has to be quick.

pub mod client;
pub mod host;
pub mod input;
pub mod install;
pub mod rendezvous;
pub mod screen_lock;
pub mod text;
pub mod wire;
