//! Installations: which Slack teams the app is in.

use countersign_approval::{Installation, Timestamp};

use super::{
    Connection, Row,
    change::{Change, Wake},
    connection::query,
    row::{Cells, json},
};
use crate::fault::Fault;

const TABLE: &str = "installation";

const PUT: &str = "INSERT INTO installation (team, data, seen_at) VALUES ($1, $2, $3) \
     ON CONFLICT (team) DO UPDATE SET data = excluded.data, seen_at = excluded.seen_at";
const ALL: &str = "SELECT team, data FROM installation ORDER BY seen_at DESC, team";

/// Keeps what is known of one.
pub(crate) async fn put(
    conn: &mut Connection<'_>,
    installation: Installation,
    at: Timestamp,
) -> Result<Change<()>, Fault> {
    let data = json(&installation, TABLE, "data", &installation.team)?;
    query(PUT).bind(installation.team).bind(data).bind(at.as_micros()).execute(conn).await?;
    Ok(Change::keep((), Wake::Nobody))
}

/// What is known of all, the latest first.
pub(crate) async fn all(conn: &mut Connection<'_>) -> Result<Vec<Installation>, Fault> {
    let rows = query(ALL).fetch_all(conn).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Installation, Fault> {
    Cells::of(row, TABLE, "team")?.json("data")
}
