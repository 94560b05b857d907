//! The inbox: envelopes that are kept before they are acknowledged, until they are handled.

use countersign_approval::{
    Timestamp,
    port::{InboxInsert, InboxItem},
};

use super::{
    Connection, Row,
    change::{Change, Wake},
    connection::{Sql, query},
    row::Cells,
};
use crate::fault::Fault;

const INSERT: &str = "INSERT INTO inbox (id, kind, payload, at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
const HANDLED: &str = "UPDATE inbox SET handled_at = $2 WHERE id = $1 AND handled_at IS NULL";
const UNHANDLED: Sql = Sql {
    sqlite: "SELECT id, kind, payload, at FROM inbox WHERE handled_at IS NULL ORDER BY at, id LIMIT $1",
    postgres: "SELECT id, kind, payload, at FROM inbox WHERE handled_at IS NULL \
         AND node = current_setting('countersign.node')::bigint ORDER BY at, id LIMIT $1",
};
/// Of whoever is not there any more: each node holds a lock that has its number, for as long as it is connected.
const TAKE_OVER: &str = "WITH left_over (i) AS MATERIALIZED (SELECT id FROM inbox WHERE handled_at IS NULL \
     AND node IS DISTINCT FROM current_setting('countersign.node')::bigint AND NOT EXISTS (SELECT 1 FROM pg_locks held \
     WHERE held.locktype = 'advisory' AND held.classid = 1129531215 AND held.objid::bigint = inbox.node \
     AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())) \
     ORDER BY at, id LIMIT $1 FOR UPDATE SKIP LOCKED) \
     UPDATE inbox SET node = current_setting('countersign.node')::bigint WHERE id IN (SELECT i FROM left_over)";
const PRUNE: &str = "DELETE FROM inbox WHERE id IN \
     (SELECT id FROM inbox WHERE handled_at < $1 ORDER BY handled_at LIMIT $2)";

/// Keeps an envelope.
pub(crate) async fn insert(conn: &mut Connection<'_>, item: InboxItem) -> Result<Change<InboxInsert>, Fault> {
    let done =
        query(INSERT).bind(item.id).bind(item.kind).bind(item.payload).bind(item.at.as_micros()).execute(conn).await?;
    if done == 0 {
        return Ok(Change::nothing(InboxInsert::Duplicate));
    }
    Ok(Change::keep(InboxInsert::New, Wake::Nobody))
}

/// Marks an envelope as handled. The first time counts.
pub(crate) async fn handled(conn: &mut Connection<'_>, id: String, at: Timestamp) -> Result<Change<()>, Fault> {
    query(HANDLED).bind(id).bind(at.as_micros()).execute(conn).await?;
    Ok(Change::keep((), Wake::Nobody))
}

/// Takes over the oldest envelopes of nodes that have ended. SQLite has one: all of them are its own.
pub(crate) async fn take_over(conn: &mut Connection<'_>, limit: u32) -> Result<Change<()>, Fault> {
    if let Connection::Postgres(_) = conn {
        query(TAKE_OVER).bind(i64::from(limit)).execute(conn).await?;
    }
    Ok(Change::keep((), Wake::Nobody))
}

/// Envelopes of this node that were not handled to the end, oldest first.
pub(crate) async fn unhandled(conn: &mut Connection<'_>, limit: u32) -> Result<Vec<InboxItem>, Fault> {
    let rows = query(UNHANDLED).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter().map(from_row).collect()
}

/// Forgets handled envelopes.
pub(crate) async fn prune(conn: &mut Connection<'_>, before: Timestamp, limit: u32) -> Result<Change<u64>, Fault> {
    let done = query(PRUNE).bind(before.as_micros()).bind(i64::from(limit)).execute(conn).await?;
    Ok(Change::keep(done, Wake::Nobody))
}

fn from_row(row: &Row) -> Result<InboxItem, Fault> {
    let cells = Cells::of(row, "inbox", "id")?;
    Ok(InboxItem {
        id: cells.text("id")?.into_owned(),
        kind: cells.text("kind")?.into_owned(),
        payload: cells.text("payload")?.into_owned(),
        at: cells.time("at")?,
    })
}
