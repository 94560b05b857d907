//! Requests: asked once, ended once.

use std::borrow::Cow;

use countersign_approval::{
    ApprovedBy, CancelledBy, DeniedBy, Digest, Grant, PersonId, Request, RequestId, RequestKey, RequestState,
    RequestToken, Timestamp, TransitionError,
    audit::AuditRow,
    port::{Ended, Inserted, Listed},
};
use serde_json::json;

use super::{
    Connection, Row,
    audit::{self, COUNTERSIGN, Entry, actor_of_denial, actor_of_requester},
    batch::Batch,
    change::{Change, Wake},
    connection::{Sql, locking, query},
    grant, outbox,
    row::{Cells, json, signed},
};
use crate::fault::Fault;

const TABLE: &str = "request";

macro_rules! columns {
    () => {
        "id, key, token, subject, digest, requester, policy, asked_at, expires_at, state, state_data, version, reason"
    };
}

const INSERT: &str = concat!(
    "INSERT INTO request (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (key) DO NOTHING"
);
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM request WHERE id = $1");
const BY_TOKEN: &str = concat!("SELECT ", columns!(), " FROM request WHERE token = $1");
const BY_KEY: &str = concat!("SELECT ", columns!(), " FROM request WHERE key = $1");
const PENDING: &str = "SELECT id, asked_at, expires_at, state, state_data FROM request WHERE state = 'pending' \
     ORDER BY asked_at, id LIMIT $1";
const RECENT: &str = "SELECT id, asked_at, expires_at, state, state_data FROM request \
     ORDER BY asked_at DESC, id DESC LIMIT $1";
const STATE: &str = "SELECT id, state, state_data FROM request WHERE id = $1";

/// The guard of a vote: it serialises voters on every database, and refuses late ones.
const TOUCH_FOR_VOTE: &str = concat!(
    "UPDATE request SET version = version + 1 WHERE token = $1 AND state = 'pending' AND expires_at > $2 RETURNING ",
    columns!()
);
const TOUCH: &str =
    concat!("UPDATE request SET version = version + 1 WHERE id = $1 AND state = 'pending' RETURNING ", columns!());
const SETTLE: &str =
    "UPDATE request SET state = $2, state_data = $3 WHERE id = $1 AND state = 'pending' AND version = $4";
const BUMP_APPROVED: &str =
    "UPDATE request SET version = version + 1 WHERE id = $1 AND state = 'approved' RETURNING id, version, digest";
/// In one order, so that two nodes that do the same wait for each other.
const EXPIRE: Sql = locking!(
    "WITH due (d) AS MATERIALIZED (SELECT id FROM request WHERE state = 'pending' AND expires_at <= $2 \
     ORDER BY expires_at, id LIMIT $3",
    "FOR NO KEY UPDATE",
    ") UPDATE request SET state = 'expired', state_data = $1, version = version + 1 \
     WHERE state = 'pending' AND id IN (SELECT d FROM due) RETURNING id, digest, version, expires_at"
);
const NEXT_EXPIRY: &str = "SELECT min(expires_at) AS next FROM request WHERE state = 'pending'";
const HOLD: &str = "SELECT id FROM request WHERE id = $1 FOR NO KEY UPDATE";

/// Inserts a request with its outbox and audit rows, or finds the one with its key.
pub(crate) async fn insert(conn: &mut Connection<'_>, request: Request) -> Result<Change<Inserted>, Fault> {
    if !insert_row(conn, &request).await? {
        let existing = by_key(conn, request.key).await?;
        let existing = existing.ok_or_else(|| wrong(&request, "key"))?;
        return Ok(Change::nothing(Inserted::Existing(existing)));
    }
    let mut batch = Batch::default();
    for destination in &request.policy.channels {
        outbox::insert(&mut batch, &request, destination);
    }
    audit::insert(&mut batch, &[asked(&request)]);
    batch.run(conn).await?;
    let wake = Wake::Requests(vec![request.id]);
    Ok(Change::keep(Inserted::New(request), wake))
}

async fn insert_row(conn: &mut Connection<'_>, request: &Request) -> Result<bool, Fault> {
    let id = request.id.to_string();
    let done = query(INSERT)
        .bind(&id)
        .bind(request.key.to_string())
        .bind(request.token.to_string())
        .bind(json(&request.subject, TABLE, "subject", &id)?)
        .bind(request.digest.to_string())
        .bind(json(&request.requester, TABLE, "requester", &id)?)
        .bind(json(&request.policy, TABLE, "policy", &id)?)
        .bind(request.asked_at.as_micros())
        .bind(request.expires_at.as_micros())
        .bind(request.state.name())
        .bind(json(&request.state, TABLE, "state_data", &id)?)
        .bind(signed(request.version))
        .bind(request.reason.as_deref())
        .execute(conn)
        .await?;
    Ok(done == 1)
}

/// The request by its id.
pub(crate) async fn by_id(conn: &mut Connection<'_>, id: RequestId) -> Result<Option<Request>, Fault> {
    optional(query(BY_ID).bind(id.to_string()).fetch_optional(conn).await?.as_ref())
}

/// Approves a pending request without votes, in an emergency; its grant is issued as if people had agreed.
pub(crate) async fn break_glass(
    conn: &mut Connection<'_>,
    id: RequestId,
    by: PersonId,
    reason: Option<String>,
    at: Timestamp,
) -> Result<Change<Ended>, Fault> {
    let entry =
        Entry { at, kind: "request.break_glass", actor: audit::person(&by), detail: json!({ "reason": reason }) };
    let approve = move |request: Request| request.approve(at, ApprovedBy::BreakGlass(by));
    end(conn, id, entry, approve).await
}

/// Asks for the request with an id, together with other statements.
pub(crate) fn find_by_id(batch: &mut Batch, id: RequestId) {
    batch.statement(BY_ID).bind(id.to_string());
}

/// The request by the secret in its buttons.
pub(crate) async fn by_token(conn: &mut Connection<'_>, token: RequestToken) -> Result<Option<Request>, Fault> {
    optional(query(BY_TOKEN).bind(token.to_string()).fetch_optional(conn).await?.as_ref())
}

/// The request by its client's key.
pub(crate) async fn by_key(conn: &mut Connection<'_>, key: RequestKey) -> Result<Option<Request>, Fault> {
    optional(query(BY_KEY).bind(key.to_string()).fetch_optional(conn).await?.as_ref())
}

/// Pending requests, oldest first.
pub(crate) async fn pending(conn: &mut Connection<'_>, limit: u32) -> Result<Vec<Listed>, Fault> {
    let rows = query(PENDING).bind(i64::from(limit)).fetch_all(conn).await?;
    Ok(readable(&rows))
}

/// Requests in any state, newest first.
pub(crate) async fn recent(conn: &mut Connection<'_>, limit: u32) -> Result<Vec<Listed>, Fault> {
    let rows = query(RECENT).bind(i64::from(limit)).fetch_all(conn).await?;
    Ok(readable(&rows))
}

/// How a request stands.
pub(crate) async fn state(conn: &mut Connection<'_>, id: RequestId) -> Result<Option<RequestState>, Fault> {
    let row = query(STATE).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(|row| state_of(&Cells::of(row, TABLE, "id")?)).transpose()
}

/// The requests of a list. One whose own row cannot be read is reported and left out: it must not hide the others.
/// What they are about is not read here; whoever asks for it by its id is told if it is broken.
fn readable(rows: &[Row]) -> Vec<Listed> {
    let read = |row| listed(row).inspect_err(|fault| tracing::error!(?fault, "a request in a list cannot be read"));
    rows.iter().filter_map(|row| read(row).ok()).collect()
}

fn listed(row: &Row) -> Result<Listed, Fault> {
    let cells = Cells::of(row, TABLE, "id")?;
    Ok(Listed {
        id: cells.parse("id")?,
        state: state_of(&cells)?,
        asked_at: cells.time("asked_at")?,
        expires_at: cells.time("expires_at")?,
    })
}

fn state_of(cells: &Cells<'_>) -> Result<RequestState, Fault> {
    let state: RequestState = cells.json("state_data")?;
    if state.name() == cells.text("state")? { Ok(state) } else { Err(cells.wrong("state")) }
}

/// When the next pending request expires.
pub(crate) async fn next_expiry(conn: &mut Connection<'_>) -> Result<Option<Timestamp>, Fault> {
    let row = query(NEXT_EXPIRY).fetch_one(conn).await?;
    Cells::anonymous(&row, TABLE, "next").optional_time("next")
}

/// Takes hold of a request until the end of the transaction: nobody else changes it, or what hangs on it, meanwhile. On
/// SQLite that is so of every change.
pub(crate) async fn hold(conn: &mut Connection<'_>, id: RequestId) -> Result<(), Fault> {
    if let Connection::Postgres(_) = conn {
        query(HOLD).bind(id.to_string()).execute(conn).await?;
    }
    Ok(())
}

/// Takes hold of a request for a vote, if it is open: the statement answers the request with its next version.
pub(crate) fn touch_for_vote(batch: &mut Batch, token: RequestToken, at: Timestamp) {
    batch.statement(TOUCH_FOR_VOTE).bind(token.to_string()).bind(at.as_micros());
}

/// Writes how a touched request ended, with its grant if it has one, asks for its messages to be brought up to date,
/// and records it.
pub(crate) async fn settle(
    conn: &mut Connection<'_>,
    request: &Request,
    grant: Option<&Grant>,
    records: &[AuditRow],
) -> Result<(), Fault> {
    let id = request.id.to_string();
    let mut batch = Batch::default();
    batch
        .statement(SETTLE)
        .bind(id.as_str())
        .bind(request.state.name())
        .bind(json(&request.state, TABLE, "state_data", &id)?)
        .bind(signed(request.version));
    if let RequestState::Approved { by: ApprovedBy::BreakGlass(_), .. } = request.state {
        // Nobody was asked: all the more has everybody to see it.
        outbox::want(&mut batch, request.id, request.version);
    } else {
        outbox::want_final(&mut batch, request.id, request.version);
    }
    if let Some(grant) = grant {
        grant::insert(&mut batch, request.id, grant)?;
    }
    audit::insert(&mut batch, records);
    match batch.run(conn).await?.first() {
        Some(settled) if settled.changed == 1 => Ok(()),
        // Whatever came after it is rolled back.
        _ => Err(wrong(request, "state")),
    }
}

/// Counts and records a change of what is shown of an approved request: its grant went on.
pub(crate) async fn bump_approved(conn: &mut Connection<'_>, id: RequestId, entry: Entry) -> Result<(), Fault> {
    let rows = query(BUMP_APPROVED).bind(id.to_string()).fetch_all(&mut *conn).await?;
    let Some(row) = rows.first() else {
        return Err(Fault::Inconsistent { table: TABLE, column: "state", row: id.to_string() });
    };
    let cells = Cells::of(row, TABLE, "id")?;
    let mut batch = Batch::default();
    outbox::want_on(&mut batch, id, cells.number("version")?);
    audit::insert(&mut batch, &[entry.about_digest(id, &cells.text("digest")?)]);
    batch.run(conn).await?;
    Ok(())
}

/// Denies without a vote.
pub(crate) async fn deny(
    conn: &mut Connection<'_>,
    id: RequestId,
    by: DeniedBy,
    reason: Option<String>,
    at: Timestamp,
) -> Result<Change<Ended>, Fault> {
    let detail = json!({ "reason": reason.is_some() });
    let actor = actor_of_denial(&by);
    let entry = Entry { at, kind: "request.denied", actor, detail };
    end(conn, id, entry, |request| request.deny(at, by, reason)).await
}

/// Cancels a pending request.
pub(crate) async fn cancel(
    conn: &mut Connection<'_>,
    id: RequestId,
    by: CancelledBy,
    at: Timestamp,
) -> Result<Change<Ended>, Fault> {
    let (actor, why) = match &by {
        CancelledBy::ClientGone => (COUNTERSIGN.to_owned(), "client gone"),
        CancelledBy::AnsweredAtTerminal => (COUNTERSIGN.to_owned(), "answered at the terminal"),
        CancelledBy::Undeliverable(_) => (COUNTERSIGN.to_owned(), "undeliverable"),
        CancelledBy::OsUser(user) => (audit::os_user(user), "withdrawn"),
        CancelledBy::Requester(person) => (audit::person(person), "withdrawn"),
    };
    let entry = Entry { at, kind: "request.cancelled", actor, detail: json!({ "why": why }) };
    end(conn, id, entry, |request| request.cancel(at, by)).await
}

async fn end(
    conn: &mut Connection<'_>,
    id: RequestId,
    entry: Entry,
    transition: impl FnOnce(Request) -> Result<Request, TransitionError>,
) -> Result<Change<Ended>, Fault> {
    let rows = query(TOUCH).bind(id.to_string()).fetch_all(&mut *conn).await?;
    let Some(request) = optional(rows.first())? else {
        let there = by_id(conn, id).await?;
        return Ok(Change::nothing(there.map_or(Ended::Missing, Ended::Before)));
    };
    let request = transition(request).map_err(|error| Fault::Inconsistent {
        table: TABLE,
        column: "state",
        row: error.id.to_string(),
    })?;
    let record = entry.about(&request);
    let grant = match &request.state {
        RequestState::Approved { at, .. } => Some(Grant::of_approval(&request.subject, &request.policy, *at)),
        _ => None,
    };
    settle(conn, &request, grant.as_ref(), &[record]).await?;
    Ok(Change::keep(Ended::Now(request), Wake::Requests(vec![id])))
}

/// Ends a pending request as expired.
pub(crate) async fn expire(conn: &mut Connection<'_>, id: RequestId, at: Timestamp) -> Result<Change<Ended>, Fault> {
    end(conn, id, expired(at), |request| request.expire(at)).await
}

/// Ends pending requests whose time is over.
///
/// What they are about is not read: one broken row must not keep the others open, and a few hundred whole requests
/// may be gigabytes.
pub(crate) async fn expire_due(
    conn: &mut Connection<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<Change<Vec<RequestId>>, Fault> {
    let state = RequestState::Expired { at: now };
    let rows = query(EXPIRE)
        .bind(json(&state, TABLE, "state_data", "expired")?)
        .bind(now.as_micros())
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await?;
    let mut due = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::of(row, TABLE, "id")?;
        let id: RequestId = cells.parse("id")?;
        let mut batch = Batch::default();
        outbox::want_final(&mut batch, id, cells.number("version")?);
        audit::insert(&mut batch, &[expired(now).about_digest(id, &cells.text("digest")?)]);
        batch.run(&mut *conn).await?;
        due.push((cells.time("expires_at")?, id));
    }
    if due.is_empty() {
        return Ok(Change::nothing(Vec::new()));
    }
    due.sort_unstable();
    let ids: Vec<RequestId> = due.into_iter().map(|(_, id)| id).collect();
    Ok(Change::keep(ids.clone(), Wake::Requests(ids)))
}

fn expired(at: Timestamp) -> Entry {
    Entry { at, kind: "request.expired", actor: COUNTERSIGN.to_owned(), detail: json!({}) }
}

/// The request of a row, if there is one.
pub(crate) fn optional(row: Option<&Row>) -> Result<Option<Request>, Fault> {
    row.map(from_row).transpose()
}

/// A stored request. Its digest is computed anew: a subject that was changed behind our back is never shown nor run.
fn from_row(row: &Row) -> Result<Request, Fault> {
    let cells = Cells::of(row, TABLE, "id")?;
    let request = Request {
        id: cells.parse("id")?,
        key: cells.parse("key")?,
        token: cells.parse("token")?,
        subject: cells.json("subject")?,
        digest: cells.parse("digest")?,
        requester: cells.json("requester")?,
        policy: cells.json("policy")?,
        asked_at: cells.time("asked_at")?,
        expires_at: cells.time("expires_at")?,
        state: state_of(&cells)?,
        version: cells.number("version")?,
        reason: cells.optional_text("reason")?.map(Cow::into_owned),
    };
    if request.digest != Digest::of(&request.subject) {
        return Err(cells.wrong("digest"));
    }
    Ok(request)
}

fn asked(request: &Request) -> AuditRow {
    let entry = Entry {
        at: request.asked_at,
        kind: "request.asked",
        actor: actor_of_requester(&request.requester),
        detail: json!({ "subject": request.subject.kind() }),
    };
    entry.about(request)
}

fn wrong(request: &Request, column: &'static str) -> Fault {
    Fault::Inconsistent { table: TABLE, column, row: request.id.to_string() }
}
