//! The inbox: envelopes that are kept before they are acknowledged, until they are handled.

use countersign_approval::{
    Timestamp,
    port::{InboxInsert, InboxItem},
};

use super::{
    Connection, Row,
    change::{Change, Wake},
    row::Cells,
};
use crate::fault::Fault;

const INSERT: &str = "INSERT INTO inbox (id, kind, payload, at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
const HANDLED: &str = "UPDATE inbox SET handled_at = $2 WHERE id = $1 AND handled_at IS NULL";
const UNHANDLED: &str = "SELECT id, kind, payload, at FROM inbox WHERE handled_at IS NULL ORDER BY at, id LIMIT $1";
const PRUNE: &str = "DELETE FROM inbox WHERE id IN \
     (SELECT id FROM inbox WHERE handled_at < $1 ORDER BY handled_at LIMIT $2)";

/// Keeps an envelope.
pub(crate) async fn insert(conn: &mut Connection, item: InboxItem) -> Result<Change<InboxInsert>, Fault> {
    let done = sqlx::query(INSERT)
        .bind(item.id)
        .bind(item.kind)
        .bind(item.payload)
        .bind(item.at.as_micros())
        .execute(conn)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(Change::nothing(InboxInsert::Duplicate));
    }
    Ok(Change::keep(InboxInsert::New, Wake::Nobody))
}

/// Marks an envelope as handled. The first time counts.
pub(crate) async fn handled(conn: &mut Connection, id: String, at: Timestamp) -> Result<Change<()>, Fault> {
    sqlx::query(HANDLED).bind(id).bind(at.as_micros()).execute(conn).await?;
    Ok(Change::keep((), Wake::Nobody))
}

/// Envelopes that were not handled to the end, oldest first.
pub(crate) async fn unhandled(conn: &mut Connection, limit: u32) -> Result<Vec<InboxItem>, Fault> {
    let rows = sqlx::query(UNHANDLED).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter().map(from_row).collect()
}

/// Forgets handled envelopes.
pub(crate) async fn prune(conn: &mut Connection, before: Timestamp, limit: u32) -> Result<Change<u64>, Fault> {
    let done = sqlx::query(PRUNE).bind(before.as_micros()).bind(i64::from(limit)).execute(conn).await?;
    Ok(Change::keep(done.rows_affected(), Wake::Nobody))
}

fn from_row(row: &Row) -> Result<InboxItem, Fault> {
    let cells = Cells::of(row, "inbox", "id")?;
    Ok(InboxItem {
        id: cells.text("id")?.to_owned(),
        kind: cells.text("kind")?.to_owned(),
        payload: cells.text("payload")?.to_owned(),
        at: cells.time("at")?,
    })
}
