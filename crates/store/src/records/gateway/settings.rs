//! Settings: a text under a name.

use countersign_gateway::port::Change as By;
use serde_json::json;

use super::record;
use crate::{
    fault::Fault,
    records::{
        Connection,
        change::{Change, Wake},
        connection::query,
        row::Cells,
    },
};

const TABLE: &str = "setting";

const BY_NAME: &str = "SELECT name, value FROM setting WHERE name = $1";
const BY_PREFIX: &str = "SELECT name, value FROM setting WHERE name >= $1 AND name < $2 ORDER BY name";
const PUT: &str =
    "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const DELETE: &str = "DELETE FROM setting WHERE name = $1";

pub(crate) async fn get(conn: &mut Connection<'_>, name: String) -> Result<Option<String>, Fault> {
    let row = query(BY_NAME).bind(name).fetch_optional(conn).await?;
    row.as_ref().map(|row| Ok(Cells::of(row, TABLE, "name")?.text("value")?.into_owned())).transpose()
}

pub(crate) async fn with_prefix(conn: &mut Connection<'_>, prefix: String) -> Result<Vec<(String, String)>, Fault> {
    // Texts are compared by their bytes, so nothing that begins so comes after this.
    let beyond = format!("{prefix}{}", char::MAX);
    let rows = query(BY_PREFIX).bind(prefix).bind(beyond).fetch_all(conn).await?;
    let pair = |row| {
        let cells = Cells::of(row, TABLE, "name")?;
        Ok((cells.text("name")?.into_owned(), cells.text("value")?.into_owned()))
    };
    rows.iter().map(pair).collect()
}

/// The value may hold sealed secrets: it is not recorded.
pub(crate) async fn put(
    conn: &mut Connection<'_>,
    name: String,
    value: Option<String>,
    by: By,
) -> Result<Change<()>, Fault> {
    let kind = if value.is_some() { "setting.put" } else { "setting.deleted" };
    let done = match value {
        Some(value) => query(PUT).bind(name.as_str()).bind(value).execute(&mut *conn).await?,
        None => query(DELETE).bind(name.as_str()).execute(&mut *conn).await?,
    };
    if done == 0 {
        return Ok(Change::nothing(()));
    }
    record(conn, &by, kind, json!({ "setting": name })).await?;
    Ok(Change::keep((), Wake::Chainer))
}
