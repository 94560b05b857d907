//! Connections, and the revisions that approvals are about.

use countersign_gateway::{
    Connection as Target, ConnectionDraft, ConnectionName,
    port::{Change as By, Deleted, Put},
};
use serde_json::json;

use super::record;
use crate::{
    fault::Fault,
    records::{
        Connection, Row,
        change::{Change, Wake},
        connection::query,
        row::{Cells, json, signed},
    },
};

const TABLE: &str = "connection";

const ALL: &str = "SELECT name, revision, agent, target, env, changed_at FROM connection WHERE gone = 0 ORDER BY name";
const BY_NAME: &str =
    "SELECT name, revision, agent, target, env, changed_at FROM connection WHERE name = $1 AND gone = 0";
const REVISION: &str = "SELECT name, revision FROM connection WHERE name = $1";
/// Expects the revision that was read: whoever changed it meanwhile is not overwritten.
const PUT: &str = "INSERT INTO connection (name, revision, agent, target, env, changed_at, gone) \
     VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, \
     agent = excluded.agent, target = excluded.target, env = excluded.env, changed_at = excluded.changed_at, gone = 0 \
     WHERE connection.revision = excluded.revision - 1";
const DELETE: &str = "UPDATE connection SET gone = 1, revision = revision + 1, env = '[]', changed_at = $2 \
     WHERE name = $1 AND gone = 0";
const OPEN_SESSIONS: &str =
    "SELECT id FROM session WHERE connection = $1 AND state <> 'ended' ORDER BY opened_at LIMIT 10";
const POLICIES: &str = "SELECT name, data FROM policy ORDER BY name";
/// Holds the row until the end of the transaction, if it is as it was.
const HOLD: &str = "UPDATE connection SET revision = revision WHERE name = $1 AND revision = $2 AND gone = 0";

pub(crate) async fn all(conn: &mut Connection<'_>) -> Result<Vec<Target>, Fault> {
    query(ALL).fetch_all(conn).await?.iter().map(from_row).collect()
}

pub(crate) async fn by_name(conn: &mut Connection<'_>, name: &ConnectionName) -> Result<Option<Target>, Fault> {
    query(BY_NAME).bind(name.as_str()).fetch_optional(conn).await?.as_ref().map(from_row).transpose()
}

/// Whether it is there with this revision; then it stays so until the end of the transaction.
pub(crate) async fn hold(conn: &mut Connection<'_>, name: &ConnectionName, revision: u64) -> Result<bool, Fault> {
    Ok(query(HOLD).bind(name.as_str()).bind(signed(revision)).execute(conn).await? == 1)
}

pub(crate) async fn put(
    conn: &mut Connection<'_>,
    draft: ConnectionDraft,
    overwrite: bool,
    by: By,
) -> Result<Change<Put<Target>>, Fault> {
    let present = by_name(conn, &draft.name).await?;
    match &present {
        Some(present) if !present.differs_from(&draft) => {
            return Ok(Change::nothing(Put::Unchanged(present.clone())));
        }
        Some(present) if !overwrite => return Ok(Change::nothing(Put::Exists(present.clone()))),
        _ => {}
    }
    let last = query(REVISION).bind(draft.name.as_str()).fetch_optional(&mut *conn).await?;
    let last = last.as_ref().map(|row| Cells::of(row, TABLE, "name")?.number::<u64>("revision")).transpose()?;
    let ConnectionDraft { name, agent, target, env } = draft;
    let revision = last.unwrap_or_default().saturating_add(1);
    let put = Target { name, revision, agent, target, env, changed_at: by.at };
    if write(conn, &put).await? == 0 {
        // Somebody else changed it between reading and writing.
        let now = by_name(conn, &put.name).await?;
        return Ok(Change::nothing(Put::Exists(now.unwrap_or(put))));
    }
    let kind = if present.is_some() { "connection.changed" } else { "connection.created" };
    let detail = json!({
        "agent": put.agent, "connection": put.name, "revision": put.revision, "target": put.target,
        "variables": put.env.iter().map(|secret| secret.name.as_str()).collect::<Vec<_>>(),
    });
    record(conn, &by, kind, detail).await?;
    let answer = if present.is_some() { Put::Replaced(put) } else { Put::Created(put) };
    Ok(Change::keep(answer, Wake::Chainer))
}

async fn write(conn: &mut Connection<'_>, put: &Target) -> Result<u64, Fault> {
    let name = put.name.as_str();
    let written = query(PUT)
        .bind(name)
        .bind(signed(put.revision))
        .bind(put.agent.as_str())
        .bind(json(&put.target, TABLE, "target", name)?)
        .bind(json(&put.env, TABLE, "env", name)?)
        .bind(put.changed_at.as_micros())
        .execute(conn)
        .await?;
    Ok(written)
}

pub(crate) async fn delete(conn: &mut Connection<'_>, name: ConnectionName, by: By) -> Result<Change<Deleted>, Fault> {
    let done = query(DELETE).bind(name.as_str()).bind(by.at.as_micros()).execute(&mut *conn).await?;
    if done == 0 {
        return Ok(Change::nothing(Deleted::Missing));
    }
    let mut users = Vec::new();
    for row in query(OPEN_SESSIONS).bind(name.as_str()).fetch_all(&mut *conn).await? {
        users.push(format!("session {}", Cells::of(&row, "session", "id")?.text("id")?));
    }
    for row in query(POLICIES).fetch_all(&mut *conn).await? {
        let cells = Cells::of(&row, "policy", "name")?;
        let policy: countersign_approval::Policy = cells.json("data")?;
        // A pattern goes on matching whatever has the name next; a policy of this very name would be left behind.
        if policy.matches.target == name.as_str() {
            users.push(format!("policy {}", cells.text("name")?));
        }
    }
    if !users.is_empty() {
        return Ok(Change::nothing(Deleted::InUse(users)));
    }
    record(conn, &by, "connection.deleted", json!({ "connection": name })).await?;
    Ok(Change::keep(Deleted::Now, Wake::Chainer))
}

fn from_row(row: &Row) -> Result<Target, Fault> {
    let cells = Cells::of(row, TABLE, "name")?;
    Ok(Target {
        name: cells.parse("name")?,
        revision: cells.number("revision")?,
        agent: cells.parse("agent")?,
        target: cells.json("target")?,
        env: cells.json("env")?,
        changed_at: cells.time("changed_at")?,
    })
}
