//! Grants: claimed once, ended once.

use countersign_approval::{CLOCK_SLACK, Grant, RequestId, Timestamp, has_lapsed, port::Claimed};
use serde_json::json;

use super::{
    Connection, Row,
    audit::{self, COUNTERSIGN, Entry},
    batch::Batch,
    change::{Change, Wake},
    connection::query,
    request,
    row::{Cells, json},
};
use crate::fault::Fault;

const TABLE: &str = "request_grant";

const INSERT: &str =
    "INSERT INTO request_grant (request, state, claim_by, data, issued_at) VALUES ($1, $2, $3, $4, $5)";
const BY_REQUEST: &str = "SELECT request, state, claim_by, data FROM request_grant WHERE request = $1";
const OPEN: &str = "SELECT request, state, claim_by, data FROM request_grant \
     WHERE state IN ('issued', 'claimed') ORDER BY claim_by, request LIMIT $1";
const CLAIM: &str = "UPDATE request_grant SET state = 'claimed', data = $2 \
     WHERE request = $1 AND state = 'issued' AND claim_by >= $3 AND issued_at <= $4 \
     AND EXISTS (SELECT 1 FROM request WHERE id = $1 AND state = 'approved') \
     RETURNING (SELECT digest FROM request WHERE id = $1) AS digest";
const LAPSE: &str = "UPDATE request_grant SET state = 'lapsed', data = $2 WHERE request = $1 AND state = 'issued'";
const END: &str = "UPDATE request_grant SET state = $2, data = $3 WHERE request = $1 AND state = 'claimed'";

/// Inserts the grant of a request that was just approved.
pub(crate) fn insert(batch: &mut Batch, id: RequestId, grant: &Grant) -> Result<(), Fault> {
    let (from, until) = match grant {
        Grant::Issued { issued_at, claim_by } => (issued_at, claim_by),
        Grant::Active { from, until } => (from, until),
        _ => return Err(Fault::Inconsistent { table: TABLE, column: "state", row: id.to_string() }),
    };
    batch
        .statement(INSERT)
        .bind(id.to_string())
        .bind(grant.name())
        .bind(until.as_micros())
        .bind(data(id, grant)?)
        .bind(from.as_micros());
    Ok(())
}

/// The grant of a request.
pub(crate) async fn of_request(conn: &mut Connection<'_>, id: RequestId) -> Result<Option<Grant>, Fault> {
    let row = query(BY_REQUEST).bind(id.to_string()).fetch_optional(conn).await?;
    optional(row.as_ref())
}

/// Asks for the grant of a request, together with other statements.
pub(crate) fn find_of_request(batch: &mut Batch, id: RequestId) {
    batch.statement(BY_REQUEST).bind(id.to_string());
}

/// The grant of a row, if there is one.
pub(crate) fn optional(row: Option<&Row>) -> Result<Option<Grant>, Fault> {
    row.map(from_row).transpose()
}

/// Grants that have not ended, oldest first.
pub(crate) async fn open(conn: &mut Connection<'_>, limit: u32) -> Result<Vec<(RequestId, Grant)>, Fault> {
    let rows = query(OPEN).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((Cells::of(row, TABLE, "request")?.parse("request")?, from_row(row)?))).collect()
}

/// Claims a grant, or says where it stands.
pub(crate) async fn claim(
    conn: &mut Connection<'_>,
    id: RequestId,
    by: String,
    at: Timestamp,
) -> Result<Change<Claimed>, Fault> {
    let claimed = Grant::Claimed { by: by.clone(), at };
    let claimed = query(CLAIM)
        .bind(id.to_string())
        .bind(data(id, &claimed)?)
        .bind(at.as_micros())
        .bind(at.plus(CLOCK_SLACK).as_micros())
        .fetch_optional(&mut *conn)
        .await?;
    if let Some(row) = &claimed {
        let digest = Cells::anonymous(row, TABLE, &id.to_string()).text("digest")?.into_owned();
        let entry = Entry { at, kind: "grant.claimed", actor: format!("claimant:{by}"), detail: json!({}) };
        audit::record(conn, entry.about_digest(id, &digest)).await?;
        // Whoever waits for the request knows that it is approved, and no message shows a claim.
        return Ok(Change::keep(Claimed::Now, Wake::Chainer));
    }
    match of_request(conn, id).await? {
        None => Ok(Change::nothing(Claimed::Missing)),
        Some(grant) => not_claimed(conn, id, grant, at).await,
    }
}

async fn not_claimed(
    conn: &mut Connection<'_>,
    id: RequestId,
    grant: Grant,
    at: Timestamp,
) -> Result<Change<Claimed>, Fault> {
    match grant {
        Grant::Issued { issued_at, claim_by } if has_lapsed(issued_at, claim_by, at) => lapse(conn, id, at).await,
        // Issued and in time, yet not claimable: the request it belongs to is not approved.
        Grant::Issued { .. } => Err(Fault::Inconsistent { table: "request", column: "state", row: id.to_string() }),
        other => Ok(Change::nothing(Claimed::Not(other))),
    }
}

async fn lapse(conn: &mut Connection<'_>, id: RequestId, at: Timestamp) -> Result<Change<Claimed>, Fault> {
    let lapsed = Grant::Lapsed { at };
    let done = query(LAPSE).bind(id.to_string()).bind(data(id, &lapsed)?).execute(&mut *conn).await?;
    if done == 0 {
        // Another node has just done the same, or claimed it with a clock of its own.
        let now = of_request(conn, id).await?;
        return Ok(Change::nothing(now.map_or(Claimed::Missing, Claimed::Not)));
    }
    let entry = Entry { at, kind: "grant.lapsed", actor: COUNTERSIGN.to_owned(), detail: json!({}) };
    request::bump_approved(conn, id, entry).await?;
    Ok(Change::keep(Claimed::Not(lapsed), Wake::Requests(vec![id])))
}

/// Records how a claimed grant ended.
pub(crate) async fn end(conn: &mut Connection<'_>, id: RequestId, end: Grant) -> Result<Change<bool>, Fault> {
    let (at, kind, detail) = match &end {
        Grant::Finished { at, status } => (*at, "grant.finished", json!({ "status": status })),
        Grant::Unknown { at, why } => (*at, "grant.unknown", json!({ "why": why })),
        _ => return Ok(Change::nothing(false)),
    };
    let done = query(END).bind(id.to_string()).bind(end.name()).bind(data(id, &end)?).execute(&mut *conn).await?;
    if done == 0 {
        return Ok(Change::nothing(false));
    }
    let entry = Entry { at, kind, actor: COUNTERSIGN.to_owned(), detail };
    request::bump_approved(conn, id, entry).await?;
    Ok(Change::keep(true, Wake::Requests(vec![id])))
}

fn data(id: RequestId, grant: &Grant) -> Result<String, Fault> {
    json(grant, TABLE, "data", &id.to_string())
}

fn from_row(row: &Row) -> Result<Grant, Fault> {
    let cells = Cells::of(row, TABLE, "request")?;
    let grant: Grant = cells.json("data")?;
    if grant.name() != cells.text("state")? {
        return Err(cells.wrong("state"));
    }
    if let Grant::Issued { claim_by, .. } | Grant::Active { until: claim_by, .. } = &grant
        && *claim_by != cells.time("claim_by")?
    {
        return Err(cells.wrong("claim_by"));
    }
    Ok(grant)
}
