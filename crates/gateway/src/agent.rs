//! Agents: what runs approved commands next to the resource.

use countersign_approval::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{name::AgentName, token::TokenHash};

/// An agent as the server knows it. Whether one is connected now, the server's nodes know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name: at most one is connected under it, the newer one.
    pub name: AgentName,
    /// Of the token that it dials in with; the token itself is shown once and never kept.
    pub token: TokenHash,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last heard of, to the minute.
    pub seen_at: Option<Timestamp>,
    /// The version it told.
    pub version: Option<String>,
}
