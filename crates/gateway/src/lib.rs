//! The domain of the access gateway: connections, the agents that reach them, sessions on them.
//!
//! A person runs a command on a [`Connection`]; policies of the approval engine say whether people are asked; the
//! [`Agent`] near the resource runs exactly what was approved; what happened is a [`Session`]. [`wire`] has what the
//! three processes say to each other.
//!
//! Neighbours: `store` implements [`GatewayStore`], `server` routes sessions, `agent` runs them, `cli` is the person's end.
//! Not here: who may approve (`approval`), processes (`agent`), HTTP (`server`).

mod agent;
pub mod apply;
#[cfg(feature = "client")]
pub mod client;
mod connection;
mod input;
mod invalid;
mod name;
mod people;
mod place;
pub mod plugin;
mod policy;
pub mod port;
mod session;
mod token;
pub mod wire;

pub use agent::Agent;
pub use connection::{Connection, ConnectionDraft, Secret, SecretSource, Target, shown_command};
pub use invalid::Invalid;
pub use name::{AgentName, ConnectionName, InvalidName};
pub use people::{ADMIN_GROUP, InvalidEmail, InvalidGroup, is_slack_org, is_slack_user, parse_email, parse_group};
pub use place::Place;
pub use plugin::{Plugin, PluginName};
pub use policy::{PolicySource, StoredPolicy};
pub use port::GatewayStore;
pub use session::{ParseSessionIdError, Session, SessionEnd, SessionId, SessionState, Verb};
pub use token::{AccessToken, TokenHash, TokenOwner};
