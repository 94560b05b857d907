//! The access gateway: people, connections and agents around the approval engine, behind HTTP.
//!
//! ```text
//! run (a person's end) ──► hub ──► rules: allowed, refused, or asked ──► Approvals
//!                           │                                             ▲
//! control, data (agents) ──►┘        api, page, slack: votes, administration
//! ```
//!
//! [`Gateway`] is the shared middle; [`serve()`] runs it until shutdown. Any number of such nodes work on one database: what
//! is only in memory here (connected agents, the ends of live sessions) belongs to this node's own connections.

mod api;
mod bearer;
mod connections;
mod hub;
mod page;
mod recording;
mod rules;
mod serve;
mod setup;
mod slack;
mod state;
mod tls;
mod vault;

pub use serve::serve;
pub use setup::{bootstrap_token, enroll_agent};
pub(crate) use slack::register as register_in_slack;
pub use state::{Gateway, GatewayLimits, GatewayParts, GatewaySettings};
pub use tls::{Tls, TlsError};
pub use vault::{EnvKey, Vault, VaultError};
