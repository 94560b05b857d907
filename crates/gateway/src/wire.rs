//! What client, server and agent say to each other.
//!
//! Everything goes over WebSockets. Text messages are JSON objects with a `type`; unknown fields are ignored (an agent may be
//! older or newer than the server), unknown types are an error. Binary messages are [`frame`]s: one byte that names the channel,
//! then data, as in Kubernetes' remote-command protocol (kubernetes.io, "WebSocket remote command").
//!
//! ```text
//! client ──run──► server ◄──control── agent      run: one for each session, with the person's token
//!                   ▲                   │        control: one for each agent and node, with the agent's token
//!                   └──────data─────────┘        data: one for each session, with a one-time ticket
//! ```
//!
//! The server splices `run` and `data` without looking into frames, so that back-pressure is TCP's own. Signals, new
//! window sizes and cancelling travel on `control`, past whatever is stuck in `data`.

pub mod api;
pub mod control;
pub mod frame;
pub mod run;

/// Address of the client's end of a session, under the server's URL. Authorised by `Authorization: Bearer <token>`.
pub const RUN_PATH: &str = "/api/v1/run";

/// Address of an agent's control connection. Authorised by `Authorization: Bearer <agent token>`.
pub const CONTROL_PATH: &str = "/api/v1/agent/control";

/// Address of an agent's data connections. Authorised by `Authorization: Bearer <ticket>`.
pub const DATA_PATH: &str = "/api/v1/agent/data";

/// The version of all three. A peer that says another one is told which side is older, and refused.
pub const VERSION: u32 = 1;

/// The header in which a client or agent says its [`VERSION`].
pub const VERSION_HEADER: &str = "countersign-protocol";

/// Longest text message: everything in them is bounded by what a person writes, except a command line.
pub const MAX_TEXT_BYTES: usize = 4 * 1024 * 1024;

/// Longest binary message. Longer reads are split.
pub const MAX_FRAME_BYTES: usize = 256 * 1024;
