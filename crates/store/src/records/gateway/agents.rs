//! Agents and the hashes of their tokens.

use std::borrow::Cow;

use countersign_approval::Timestamp;
use countersign_gateway::{
    Agent, AgentName, TokenHash,
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
        row::Cells,
    },
};

const TABLE: &str = "agent";

const ALL: &str = "SELECT name, token, created_at, seen_at, version FROM agent ORDER BY name";
const BY_NAME: &str = "SELECT name, token, created_at, seen_at, version FROM agent WHERE name = $1";
const BY_TOKEN: &str = "SELECT name, token, created_at, seen_at, version FROM agent WHERE token = $1";
const PUT: &str = "INSERT INTO agent (name, token, created_at, seen_at, version) VALUES ($1, $2, $3, NULL, NULL) \
     ON CONFLICT (name) DO UPDATE SET token = excluded.token, created_at = excluded.created_at";
const SEEN: &str = "UPDATE agent SET seen_at = $2, version = $3 WHERE name = $1";
const DELETE: &str = "DELETE FROM agent WHERE name = $1";
const USERS: &str = "SELECT name FROM connection WHERE agent = $1 AND gone = 0 ORDER BY name LIMIT 10";

pub(crate) async fn all(conn: &mut Connection<'_>) -> Result<Vec<Agent>, Fault> {
    query(ALL).fetch_all(conn).await?.iter().map(from_row).collect()
}

pub(crate) async fn by_token(conn: &mut Connection<'_>, token: TokenHash) -> Result<Option<Agent>, Fault> {
    query(BY_TOKEN).bind(token.to_string()).fetch_optional(conn).await?.as_ref().map(from_row).transpose()
}

pub(crate) async fn put(
    conn: &mut Connection<'_>,
    agent: Agent,
    overwrite: bool,
    by: By,
) -> Result<Change<Put<Agent>>, Fault> {
    let present = query(BY_NAME).bind(agent.name.as_str()).fetch_optional(&mut *conn).await?;
    let present = present.as_ref().map(from_row).transpose()?;
    if let Some(present) = &present
        && !overwrite
    {
        return Ok(Change::nothing(Put::Exists(present.clone())));
    }
    query(PUT)
        .bind(agent.name.as_str())
        .bind(agent.token.to_string())
        .bind(agent.created_at.as_micros())
        .execute(&mut *conn)
        .await?;
    let kind = if present.is_some() { "agent.changed" } else { "agent.created" };
    record(conn, &by, kind, json!({ "agent": agent.name })).await?;
    let answer = if present.is_some() { Put::Replaced(agent) } else { Put::Created(agent) };
    Ok(Change::keep(answer, Wake::Chainer))
}

pub(crate) async fn seen(
    conn: &mut Connection<'_>,
    name: AgentName,
    version: String,
    at: Timestamp,
) -> Result<Change<()>, Fault> {
    query(SEEN).bind(name.as_str()).bind(at.as_micros()).bind(version).execute(conn).await?;
    Ok(Change::keep((), Wake::Nobody))
}

pub(crate) async fn delete(conn: &mut Connection<'_>, name: AgentName, by: By) -> Result<Change<Deleted>, Fault> {
    if query(DELETE).bind(name.as_str()).execute(&mut *conn).await? == 0 {
        return Ok(Change::nothing(Deleted::Missing));
    }
    let mut users = Vec::new();
    for row in query(USERS).bind(name.as_str()).fetch_all(&mut *conn).await? {
        users.push(format!("connection {}", Cells::of(&row, "connection", "name")?.text("name")?));
    }
    if !users.is_empty() {
        return Ok(Change::nothing(Deleted::InUse(users)));
    }
    record(conn, &by, "agent.deleted", json!({ "agent": name })).await?;
    Ok(Change::keep(Deleted::Now, Wake::Chainer))
}

fn from_row(row: &Row) -> Result<Agent, Fault> {
    let cells = Cells::of(row, TABLE, "name")?;
    Ok(Agent {
        name: cells.parse("name")?,
        token: cells.parse("token")?,
        created_at: cells.time("created_at")?,
        seen_at: cells.optional_time("seen_at")?,
        version: cells.optional_text("version")?.map(Cow::into_owned),
    })
}
