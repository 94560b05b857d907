//! A local Slack: Web API, Socket Mode, a page to click in, a control API.
//!
//! Apps and SDKs cannot tell it from Slack for the methods it has; people use it through its page,
//! tests through [`Running`] or `/control`. Everything is on loopback and, unless a
//! state file is kept, in memory.
//!
//! Neighbours: `countersign-slack` has the method table and the limits that both sides obey. Never
//! depends on an SDK: SDKs are tested against this.

mod api;
mod authorize;
mod blocks;
mod change;
mod clock;
mod config;
mod control;
mod delivery;
mod depth;
mod disk;
mod emoji;
mod error;
mod events;
mod founding;
mod guard;
mod hand;
mod journal;
pub mod model;
mod page;
pub mod person;
mod ready;
mod recorder;
pub mod replay;
mod running;
mod seed;
mod server;
mod serving;
mod settle;
mod socket;
mod state_file;
mod teams;
mod tls;
mod workspace;
mod world;

pub use change::Change;
pub use clock::{Clock, ClockError};
pub use config::Config;
pub use control::FaultError;
pub use error::StartError;
pub use hand::{Person, SeeError, Seen};
pub use journal::JournalEntry;
pub use ready::{Ready, ReadyApp, ReadyTeam};
pub use running::{Running, WaitError};
pub use seed::SeedError;
pub use state_file::StateFileError;
pub use tls::TlsError;
pub use workspace::Workspace;
