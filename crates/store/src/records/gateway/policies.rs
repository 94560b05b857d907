//! Policies, in their order.

use countersign_gateway::{
    PolicySource, StoredPolicy,
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
        row::{Cells, json},
    },
};

const TABLE: &str = "policy";

const ALL: &str = "SELECT name, priority, source, data FROM policy ORDER BY priority, name";
const BY_NAME: &str = "SELECT name, priority, source, data FROM policy WHERE name = $1";
const PUT: &str = "INSERT INTO policy (name, priority, source, data) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (name) DO UPDATE SET priority = excluded.priority, source = excluded.source, data = excluded.data";
const DELETE: &str = "DELETE FROM policy WHERE name = $1";
const DELETE_OF_SOURCE: &str = "DELETE FROM policy WHERE source = $1";

pub(crate) async fn all(conn: &mut Connection<'_>) -> Result<Vec<StoredPolicy>, Fault> {
    query(ALL).fetch_all(conn).await?.iter().map(from_row).collect()
}

pub(crate) async fn put(
    conn: &mut Connection<'_>,
    policy: StoredPolicy,
    overwrite: bool,
    by: By,
) -> Result<Change<Put<StoredPolicy>>, Fault> {
    let present = query(BY_NAME).bind(policy.policy.name.as_str()).fetch_optional(&mut *conn).await?;
    let present = present.as_ref().map(from_row).transpose()?;
    match &present {
        Some(present) if *present == policy => return Ok(Change::nothing(Put::Unchanged(policy))),
        Some(present) if !overwrite => return Ok(Change::nothing(Put::Exists(present.clone()))),
        _ => {}
    }
    write(conn, &policy).await?;
    record(conn, &by, "policy.put", json!({ "policy": policy.policy, "priority": policy.priority })).await?;
    let answer = if present.is_some() { Put::Replaced(policy) } else { Put::Created(policy) };
    Ok(Change::keep(answer, Wake::Chainer))
}

pub(crate) async fn replace(
    conn: &mut Connection<'_>,
    source: PolicySource,
    policies: Vec<StoredPolicy>,
    by: By,
) -> Result<Change<()>, Fault> {
    query(DELETE_OF_SOURCE).bind(source.as_str()).execute(&mut *conn).await?;
    for policy in &policies {
        write(conn, policy).await?;
    }
    let names: Vec<&str> = policies.iter().map(|policy| policy.policy.name.as_str()).collect();
    let texts: Vec<&countersign_approval::Policy> = policies.iter().map(|policy| &policy.policy).collect();
    let detail = json!({ "names": names, "policies": texts, "source": source.as_str() });
    record(conn, &by, "policies.replaced", detail).await?;
    Ok(Change::keep((), Wake::Chainer))
}

async fn write(conn: &mut Connection<'_>, policy: &StoredPolicy) -> Result<(), Fault> {
    let name = policy.policy.name.as_str();
    query(PUT)
        .bind(name)
        .bind(policy.priority)
        .bind(policy.source.as_str())
        .bind(json(&policy.policy, TABLE, "data", name)?)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn delete(conn: &mut Connection<'_>, name: String, by: By) -> Result<Change<Deleted>, Fault> {
    if query(DELETE).bind(name.as_str()).execute(&mut *conn).await? == 0 {
        return Ok(Change::nothing(Deleted::Missing));
    }
    record(conn, &by, "policy.deleted", json!({ "policy": name })).await?;
    Ok(Change::keep(Deleted::Now, Wake::Chainer))
}

fn from_row(row: &Row) -> Result<StoredPolicy, Fault> {
    let cells = Cells::of(row, TABLE, "name")?;
    let source = match &*cells.text("source")? {
        "review" => PolicySource::Review,
        "jit" => PolicySource::Jit,
        "policy" => PolicySource::Policy,
        _ => return Err(cells.wrong("source")),
    };
    Ok(StoredPolicy { priority: cells.integer("priority")?, source, policy: cells.json("data")? })
}
