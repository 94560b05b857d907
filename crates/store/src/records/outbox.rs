//! The outbox: which messages should show which version, and which one they show.

use std::time::Duration;

use countersign_approval::{
    Destination, Request, RequestId, Timestamp,
    port::{Delivered, OUTBOX_HORIZON, OutboxItem, Parked, Posted},
};
use serde_json::json;

use super::{
    Connection, Row,
    audit::{self, COUNTERSIGN, Entry},
    batch::Batch,
    change::{Change, Wake},
    row::{Cells, signed},
};
use crate::fault::Fault;

const TABLE: &str = "outbox";

const INSERT: &str = "INSERT INTO outbox (request, destination, wanted, shown, due_at, attempts) \
     VALUES ($1, $2, $3, 0, $4, 0) ON CONFLICT (request, destination) DO NOTHING";
const WANT: &str = "UPDATE outbox SET wanted = $2 WHERE request = $1";
/// What was never posted need not be any more: it counts as shown. A first post that is under way just now answers
/// later with the older version it shows, and is brought up to date then.
const WANT_FINAL: &str = "UPDATE outbox SET wanted = $2, \
     shown = CASE WHEN channel IS NULL THEN $2 ELSE shown END WHERE request = $1";
const LEASE: &str = "UPDATE outbox SET due_at = $2 WHERE (request, destination) IN \
     (SELECT request, destination FROM outbox WHERE shown < wanted AND parked_at IS NULL \
     AND (due_at <= $1 OR due_at > $4) ORDER BY due_at LIMIT $3) \
     RETURNING request, destination, wanted, shown, channel, ts, attempts";
const SHOWN: &str = "UPDATE outbox SET shown = $3, channel = $4, ts = $5, attempts = 0, error = NULL, \
     due_at = CASE WHEN wanted > $3 THEN $6 ELSE 0 END WHERE request = $1 AND destination = $2 \
     RETURNING request, destination, wanted, shown, channel, ts, attempts";
const FORGET_COPY: &str = "DELETE FROM outbox WHERE request = $1 AND destination = $2";
const RETRY: &str = "UPDATE outbox SET attempts = attempts + 1, due_at = $3, error = $4 \
     WHERE request = $1 AND destination = $2 AND parked_at IS NULL";
const PARK: &str = "UPDATE outbox SET attempts = attempts + 1, parked_at = $3, error = $4 \
     WHERE request = $1 AND destination = $2 AND parked_at IS NULL";
/// Two questions, since the database answers each from one end of the index.
const NEXT: &str = "SELECT (SELECT min(due_at) FROM outbox WHERE shown < wanted AND parked_at IS NULL) AS first, \
     (SELECT max(due_at) FROM outbox WHERE shown < wanted AND parked_at IS NULL) AS last";
const REGISTER: &str = "INSERT INTO outbox (request, destination, wanted, shown, channel, ts, due_at, attempts) \
     SELECT id, $2, version, 0, $3, $4, 0, 0 FROM request WHERE id = $1 AND NOT EXISTS \
     (SELECT 1 FROM outbox WHERE request = $1 AND channel = $3 AND ts = $4) \
     ON CONFLICT (request, destination) DO NOTHING";
const IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM outbox WHERE request = $1 AND channel = $2 AND ts = $3)";
const RELEASE: &str = "UPDATE outbox SET due_at = $1 WHERE shown < wanted AND parked_at IS NULL AND due_at > $1";
const UNPARK: &str = "UPDATE outbox SET due_at = $1, parked_at = NULL, error = NULL, attempts = 0 \
     WHERE parked_at IS NOT NULL AND channel IS NULL \
     AND request IN (SELECT id FROM request WHERE state = 'pending')";
const IS_UNDELIVERABLE: &str = "SELECT EXISTS (SELECT 1 FROM outbox WHERE request = $1) AND NOT EXISTS \
     (SELECT 1 FROM outbox WHERE request = $1 AND (parked_at IS NULL OR channel IS NOT NULL))";
const PARKED: &str = "SELECT request, destination, error FROM outbox WHERE parked_at IS NOT NULL \
     ORDER BY parked_at DESC, request DESC, destination LIMIT $1";

/// A place where a new request is to be shown.
pub(crate) fn insert(batch: &mut Batch, request: &Request, destination: &Destination) {
    batch
        .statement(INSERT)
        .bind(request.id.to_string())
        .bind(destination.as_str())
        .bind(signed(request.version))
        .bind(request.asked_at.as_micros());
}

/// Asks for the messages of a pending request to show this version.
pub(crate) fn want(batch: &mut Batch, id: RequestId, version: u64) {
    batch.statement(WANT).bind(id.to_string()).bind(signed(version));
}

/// Asks for the messages of an ended request to show this version, where there are any.
pub(crate) fn want_final(batch: &mut Batch, id: RequestId, version: u64) {
    batch.statement(WANT_FINAL).bind(id.to_string()).bind(signed(version));
}

/// Leases what is due.
pub(crate) async fn lease(
    conn: &mut Connection,
    now: Timestamp,
    lease: Duration,
    limit: u32,
) -> Result<Change<Vec<OutboxItem>>, Fault> {
    let rows = sqlx::query(LEASE)
        .bind(now.as_micros())
        .bind(now.plus(lease).as_micros())
        .bind(i64::from(limit))
        .bind(now.plus(OUTBOX_HORIZON).as_micros())
        .fetch_all(conn)
        .await?;
    let mut items = rows.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    if items.is_empty() {
        return Ok(Change::nothing(items));
    }
    items.sort_by(|a, b| (a.request, &a.destination).cmp(&(b.request, &b.destination)));
    Ok(Change::keep(items, Wake::Nobody))
}

/// Ends a lease with what came of the call.
pub(crate) async fn done(
    conn: &mut Connection,
    request: RequestId,
    destination: Destination,
    delivered: Delivered,
    lease_until: Timestamp,
) -> Result<Change<Option<OutboxItem>>, Fault> {
    match delivered {
        Delivered::Shown { version, posted } => {
            let rows = sqlx::query(SHOWN)
                .bind(request.to_string())
                .bind(destination.as_str())
                .bind(signed(version))
                .bind(posted.channel.as_str())
                .bind(posted.ts.as_str())
                .bind(lease_until.as_micros())
                .fetch_all(&mut *conn)
                .await?;
            forget_copy(conn, request, &destination, &posted).await?;
            let item = rows.first().map(item).transpose()?;
            Ok(Change::keep(item.filter(|item| item.shown < item.wanted), Wake::Nobody))
        }
        Delivered::Retry { not_before, error } => {
            give_back(conn, RETRY, (request, &destination), not_before, &error).await?;
            // The worker's next look may have to come earlier than it thought.
            Ok(Change::keep(None, Wake::Outbox))
        }
        Delivered::Park { at, error } => park(conn, request, destination, at, error).await,
    }
}

/// A message that was registered as a copy, before its own post was known to have succeeded, is shown by one row only:
/// two rows could call for it at once, and the older text could win.
async fn forget_copy(
    conn: &mut Connection,
    request: RequestId,
    destination: &Destination,
    posted: &Posted,
) -> Result<(), Fault> {
    let copy = copy_of(posted);
    if destination.as_str() != copy {
        sqlx::query(FORGET_COPY).bind(request.to_string()).bind(copy).execute(conn).await?;
    }
    Ok(())
}

async fn park(
    conn: &mut Connection,
    request: RequestId,
    destination: Destination,
    at: Timestamp,
    error: String,
) -> Result<Change<Option<OutboxItem>>, Fault> {
    if !give_back(conn, PARK, (request, &destination), at, &error).await? {
        return Ok(Change::nothing(None));
    }
    let detail = json!({ "destination": destination, "error": error });
    let entry = Entry { at, kind: "message.parked", actor: COUNTERSIGN.to_owned(), detail };
    audit::record(conn, entry.of(request)).await?;
    Ok(Change::keep(None, Wake::Chainer))
}

async fn give_back(
    conn: &mut Connection,
    statement: &'static str,
    (request, destination): (RequestId, &Destination),
    at: Timestamp,
    error: &str,
) -> Result<bool, Fault> {
    let done = sqlx::query(statement)
        .bind(request.to_string())
        .bind(destination.as_str())
        .bind(at.as_micros())
        .bind(error)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// When the next row is due.
pub(crate) async fn next(conn: &mut Connection, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let (first, last): (Option<i64>, Option<i64>) = sqlx::query_as(NEXT).fetch_one(conn).await?;
    let (first, last) = (first.map(Timestamp::from_micros), last.map(Timestamp::from_micros));
    let set_back = last.is_some_and(|last| last > now.plus(OUTBOX_HORIZON));
    Ok(first.map(|first| if set_back { first.min(now) } else { first }))
}

/// Makes every waiting row due.
pub(crate) async fn release(conn: &mut Connection, now: Timestamp) -> Result<Change<()>, Fault> {
    sqlx::query(RELEASE).bind(now.as_micros()).execute(&mut *conn).await?;
    sqlx::query(UNPARK).bind(now.as_micros()).execute(conn).await?;
    Ok(Change::keep((), Wake::Outbox))
}

/// Whether every message of a request was given up before it was posted.
pub(crate) async fn is_undeliverable(conn: &mut Connection, request: RequestId) -> Result<bool, Fault> {
    let lost: i64 = sqlx::query_scalar(IS_UNDELIVERABLE).bind(request.to_string()).fetch_one(conn).await?;
    Ok(lost != 0)
}

/// Whether a message is known.
pub(crate) async fn is_known(conn: &mut Connection, request: RequestId, posted: &Posted) -> Result<bool, Fault> {
    let known: i64 = sqlx::query_scalar(IS_KNOWN)
        .bind(request.to_string())
        .bind(posted.channel.as_str())
        .bind(posted.ts.as_str())
        .fetch_one(conn)
        .await?;
    Ok(known != 0)
}

/// Adds a message that was not known.
pub(crate) async fn register(conn: &mut Connection, request: RequestId, posted: Posted) -> Result<Change<bool>, Fault> {
    let done = sqlx::query(REGISTER)
        .bind(request.to_string())
        .bind(copy_of(&posted))
        .bind(posted.channel.as_str())
        .bind(posted.ts.as_str())
        .execute(conn)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(Change::nothing(false));
    }
    Ok(Change::keep(true, Wake::Outbox))
}

/// Rows that were given up, newest first.
pub(crate) async fn parked(conn: &mut Connection, limit: u32) -> Result<Vec<Parked>, Fault> {
    let rows = sqlx::query(PARKED).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let cells = Cells::of(row, TABLE, "request")?;
            Ok(Parked {
                request: cells.parse("request")?,
                destination: Destination::new(cells.text("destination")?),
                error: cells.text("error")?.to_owned(),
            })
        })
        .collect()
}

fn copy_of(posted: &Posted) -> String {
    format!("copy:{}:{}", posted.channel, posted.ts)
}

fn item(row: &Row) -> Result<OutboxItem, Fault> {
    let cells = Cells::of(row, TABLE, "request")?;
    let posted = match (cells.optional_text("channel")?, cells.optional_text("ts")?) {
        (Some(channel), Some(ts)) => Some(Posted { channel: channel.to_owned(), ts: ts.to_owned() }),
        (None, None) => None,
        _ => return Err(cells.wrong("ts")),
    };
    Ok(OutboxItem {
        request: cells.parse("request")?,
        destination: Destination::new(cells.text("destination")?),
        wanted: cells.number("wanted")?,
        shown: cells.number("shown")?,
        posted,
        attempts: cells.number("attempts")?,
    })
}
