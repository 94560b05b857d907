//! Live sessions: agents' connections, people's ends, and the splice between them.
//!
//! ```text
//! control ─► Link (an agent's control connection) ─┐ news: Started, Ended, Recalled
//! data ────► Ticket, once ─────────────────────────┤
//!                                                  ▼
//! run ─► opening: rules, upload ─► waiting: people ─► session ─► splice ─► conclusion
//!                                                  ▲
//! watch: persons, tokens, access ── Stop ──────────┘
//! ```
//!
//! A session is one task, from the client's first message to its conclusion in the store; everything that concerns it
//! comes to it as [`live::News`]. What is in memory here may be lost at any moment: [`orphans`] says, after a restart, what
//! became of the sessions that were open.

mod agents;
mod caller;
mod conclusion;
mod control;
mod data;
mod discipline;
mod environment;
mod guard;
mod heartbeat;
mod inquiry;
mod live;
mod opening;
mod orphans;
mod peer;
mod pump;
mod refusal;
mod replay;
mod run;
mod session;
mod splice;
mod subject;
mod tickets;
mod waiting;
mod watch;

use std::sync::Arc;

use axum::{Router, routing::get};
use countersign_gateway::wire::{CONTROL_PATH, DATA_PATH, RUN_PATH};
use tokio::sync::{Notify, Semaphore};

use super::state::{Gateway, GatewayLimits};

/// Uploads that are held in memory at once, all together, in units of [`UPLOAD_UNIT`].
const UPLOAD_UNITS: usize = 16 * 1024;
/// Bytes of one unit: with [`UPLOAD_UNITS`], a gibibyte.
const UPLOAD_UNIT: usize = 64 * 1024;

/// Connected agents and live sessions of this node.
#[derive(Debug)]
pub(crate) struct Hub {
    agents: agents::Agents,
    live: live::LiveSessions,
    tickets: tickets::Tickets,
    orphans: orphans::Orphans,
    nodes: heartbeat::Nodes,
    refusals: refusal::RefusalLog,
    /// Sessions and those who wait for one.
    places: Arc<Semaphore>,
    /// Memory for input that people are asked about.
    uploads: Arc<Semaphore>,
    /// Something about a live session's request changed.
    changed: Notify,
    /// An agent came.
    joined: Notify,
}

impl Hub {
    /// An empty hub.
    pub(crate) fn new(limits: &GatewayLimits) -> Self {
        Self {
            agents: agents::Agents::default(),
            live: live::LiveSessions::default(),
            tickets: tickets::Tickets::default(),
            orphans: orphans::Orphans::default(),
            nodes: heartbeat::Nodes::default(),
            refusals: refusal::RefusalLog::default(),
            places: Arc::new(Semaphore::new(limits.sessions.min(Semaphore::MAX_PERMITS))),
            uploads: Arc::new(Semaphore::new(UPLOAD_UNITS)),
            changed: Notify::new(),
            joined: Notify::new(),
        }
    }
}

/// Starts what works by itself.
pub(crate) async fn start(gateway: &Gateway) {
    orphans::find(gateway).await;
    let left = gateway.shelf().left_behind().await;
    gateway.tasks().spawn(conclusion::keep_left_behind(gateway.clone(), left));
    gateway.tasks().spawn(orphans::give_up(gateway.clone()));
    gateway.tasks().spawn(heartbeat::beat(gateway.clone()));
    gateway.tasks().spawn(watch::watch(gateway.clone()));
    gateway.tasks().spawn(watch::end_access(gateway.clone()));
}

/// The addresses of agents and people's ends.
pub(crate) fn router() -> Router<Gateway> {
    Router::new()
        .route(CONTROL_PATH, get(control::control))
        .route(DATA_PATH, get(data::data))
        .route(RUN_PATH, get(run::run))
        .route("/api/v1/sessions/{id}/recording", get(replay::recording))
}
