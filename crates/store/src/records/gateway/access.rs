//! Windows of access, and taking approvals back.

use countersign_approval::{
    CLOCK_SLACK, Grant, PersonId, Request, RequestId, Requester, Subject, Timestamp, has_lapsed,
};
use countersign_gateway::{
    ConnectionName,
    port::{Change as By, Revoked},
};
use serde_json::json;

use crate::{
    fault::Fault,
    records::{
        Connection,
        audit::{self, COUNTERSIGN, Entry},
        change::{Change, Wake},
        connection::query,
        grant, request,
        row::{Cells, json},
    },
};

const TABLE: &str = "request_grant";

const OF_PERSON: &str = "SELECT g.request, g.claim_by FROM request_grant g JOIN request r ON r.id = g.request \
     WHERE g.state = 'active' AND r.requester = $1 AND g.claim_by > $2 AND g.issued_at <= $3 \
     ORDER BY g.claim_by DESC, g.request";
const DUE: &str =
    "SELECT request FROM request_grant WHERE state = 'active' AND claim_by <= $1 ORDER BY claim_by LIMIT $2";
const NEXT: &str = "SELECT min(claim_by) AS next FROM request_grant WHERE state = 'active'";
const CLOSE: &str = "UPDATE request_grant SET state = 'ended', data = $2 WHERE request = $1 AND state = 'active'";
const REVOKE: &str = "UPDATE request_grant SET state = 'revoked', data = $2 WHERE request = $1 AND state = 'issued'";
/// Holds the grant until the end of the transaction, if access is open.
const USE: &str = "UPDATE request_grant SET state = state WHERE request = $1 AND state = 'active' \
     AND claim_by > $2 AND issued_at <= $3";
const NOTE: &str = "INSERT INTO revocation (request, why, at) VALUES ($1, $2, $3) ON CONFLICT (request) DO NOTHING";
const NOTED: &str = "SELECT request, why FROM revocation WHERE request = $1";

/// The access of a person to a connection that lasts longest.
pub(crate) async fn active(
    conn: &mut Connection<'_>,
    person: PersonId,
    connection: ConnectionName,
    now: Timestamp,
) -> Result<Option<(Request, Timestamp)>, Fault> {
    for (id, until) in open_windows(conn, &person, now).await? {
        let Some(request) = request::by_id(conn, id).await? else { continue };
        if let Subject::Access(access) = &request.subject
            && access.connection == connection.as_str()
            && noted(conn, id).await?.is_none()
        {
            return Ok(Some((request, until)));
        }
    }
    Ok(None)
}

async fn open_windows(
    conn: &mut Connection<'_>,
    person: &PersonId,
    now: Timestamp,
) -> Result<Vec<(RequestId, Timestamp)>, Fault> {
    let requester = json(&Requester::Person(person.clone()), "request", "requester", person.as_str())?;
    let rows = query(OF_PERSON)
        .bind(requester)
        .bind(now.as_micros())
        .bind(now.plus(CLOCK_SLACK).as_micros())
        .fetch_all(conn)
        .await?;
    let window = |row| {
        let cells = Cells::of(row, TABLE, "request")?;
        Ok((cells.parse("request")?, cells.time("claim_by")?))
    };
    rows.iter().map(window).collect()
}

/// Whether access is open; then it stays so until the end of the transaction.
pub(crate) async fn hold(conn: &mut Connection<'_>, id: RequestId, at: Timestamp) -> Result<bool, Fault> {
    let held = query(USE)
        .bind(id.to_string())
        .bind(at.as_micros())
        .bind(at.plus(CLOCK_SLACK).as_micros())
        .execute(conn)
        .await?;
    Ok(held == 1)
}

/// Ends windows whose time is over.
pub(crate) async fn end_due(
    conn: &mut Connection<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<Change<Vec<RequestId>>, Fault> {
    let rows = query(DUE).bind(now.as_micros()).bind(i64::from(limit)).fetch_all(&mut *conn).await?;
    let mut ended = Vec::new();
    for row in &rows {
        let id = Cells::of(row, TABLE, "request")?.parse("request")?;
        let by = Closing { at: now, actor: COUNTERSIGN.to_owned(), why: "its time is over".to_owned() };
        if close(conn, id, by).await? {
            ended.push(id);
        }
    }
    if ended.is_empty() {
        return Ok(Change::nothing(ended));
    }
    Ok(Change::keep(ended.clone(), Wake::Requests(ended)))
}

pub(crate) async fn next_end(conn: &mut Connection<'_>) -> Result<Option<Timestamp>, Fault> {
    let row = query(NEXT).fetch_one(conn).await?;
    Cells::anonymous(&row, TABLE, "next").optional_time("next")
}

/// Ends every window of somebody who is no longer active.
pub(crate) async fn end_of_person(
    conn: &mut Connection<'_>,
    person: &PersonId,
    by: &By,
) -> Result<Vec<RequestId>, Fault> {
    let mut ended = Vec::new();
    for (id, _) in open_windows(conn, person, by.at).await? {
        let why = "the requester is no longer active".to_owned();
        let closing = Closing { at: by.at, actor: audit::person(&by.actor), why };
        if close(conn, id, closing).await? {
            ended.push(id);
        }
    }
    Ok(ended)
}

/// Who closes a window, when and why.
struct Closing {
    at: Timestamp,
    actor: String,
    why: String,
}

async fn close(conn: &mut Connection<'_>, id: RequestId, by: Closing) -> Result<bool, Fault> {
    request::hold(conn, id).await?;
    let ended = Grant::Ended { at: by.at, why: by.why.clone() };
    let data = json(&ended, TABLE, "data", &id.to_string())?;
    if query(CLOSE).bind(id.to_string()).bind(data).execute(&mut *conn).await? == 0 {
        return Ok(false);
    }
    let entry = Entry { at: by.at, kind: "access.ended", actor: by.actor, detail: json!({ "why": by.why }) };
    request::bump_approved(conn, id, entry).await?;
    Ok(true)
}

/// Takes an approval back.
pub(crate) async fn revoke(
    conn: &mut Connection<'_>,
    id: RequestId,
    why: String,
    by: By,
) -> Result<Change<Revoked>, Fault> {
    request::hold(conn, id).await?;
    let Some(asked) = request::by_id(conn, id).await? else { return Ok(Change::nothing(Revoked::Missing)) };
    let grant = grant::of_request(conn, id).await?;
    let refused = |text: &str| Ok(Change::nothing(Revoked::Not(Box::new(asked.clone()), text.to_owned())));
    let done = match grant {
        None => return refused(&format!("it is {}: there is no approval to take back", asked.state.name())),
        Some(Grant::Issued { issued_at, claim_by }) if has_lapsed(issued_at, claim_by, by.at) => {
            return refused("its approval has lapsed already");
        }
        Some(Grant::Issued { .. }) => take_back(conn, id, &why, &by).await?,
        Some(Grant::Active { .. }) => {
            let closing = Closing { at: by.at, actor: audit::person(&by.actor), why: why.clone() };
            close(conn, id, closing).await?
        }
        // It runs: its grant is spent, and whoever runs it is told.
        Some(Grant::Claimed { .. }) => {
            let entry = Entry {
                at: by.at,
                kind: "grant.revoked",
                actor: audit::person(&by.actor),
                detail: json!({ "running": true, "why": why }),
            };
            request::bump_approved(conn, id, entry).await?;
            true
        }
        Some(other) => return refused(&format!("its approval is {} already", other.name())),
    };
    if !done {
        return refused("its approval has been used meanwhile");
    }
    query(NOTE).bind(id.to_string()).bind(why).bind(by.at.as_micros()).execute(&mut *conn).await?;
    let now = request::by_id(conn, id).await?.unwrap_or(asked);
    Ok(Change::keep(Revoked::Now(Box::new(now)), Wake::Requests(vec![id])))
}

async fn take_back(conn: &mut Connection<'_>, id: RequestId, why: &str, by: &By) -> Result<bool, Fault> {
    let data = json(&Grant::Revoked { at: by.at }, TABLE, "data", &id.to_string())?;
    if query(REVOKE).bind(id.to_string()).bind(data).execute(&mut *conn).await? == 0 {
        return Ok(false);
    }
    let detail = json!({ "why": why });
    let entry = Entry { at: by.at, kind: "grant.revoked", actor: audit::person(&by.actor), detail };
    request::bump_approved(conn, id, entry).await?;
    Ok(true)
}

/// Why an approval was taken back, if it was.
pub(crate) async fn noted(conn: &mut Connection<'_>, id: RequestId) -> Result<Option<String>, Fault> {
    let row = query(NOTED).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(|row| Ok(Cells::of(row, "revocation", "request")?.text("why")?.into_owned())).transpose()
}
