//! What belongs to the access gateway alone.

pub(crate) mod access;
pub(crate) mod accounts;
pub(crate) mod agents;
pub(crate) mod connections;
pub(crate) mod links;
pub(crate) mod nodes;
pub(crate) mod policies;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod tokens;

use countersign_gateway::port;
use serde_json::Value;

use super::{
    Connection,
    audit::{self, Entry},
};

/// Records that somebody changed something which no request is about.
async fn record(
    conn: &mut Connection<'_>,
    change: &port::Change,
    kind: &'static str,
    detail: Value,
) -> Result<(), sqlx::Error> {
    let entry = Entry { at: change.at, kind, actor: audit::person(&change.actor), detail };
    audit::record(conn, entry.of_nothing()).await
}
