//! The outbox: which messages should show which version, and which one they show.

use std::time::Duration;

use countersign_approval::{
    Destination, Request, RequestId, Timestamp,
    port::{Delivered, OUTBOX_HORIZON, OutboxItem, Parked, Posted},
};
use countersign_gateway::port::ShownMessage;
use serde_json::json;

use super::{
    Connection, Row,
    audit::{self, COUNTERSIGN, Entry},
    batch::Batch,
    change::{Change, Wake},
    connection::{Sql, locking, query},
    request,
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
/// What was to be posted before still is; what counts as shown without being there, still does.
const WANT_ON: &str = "UPDATE outbox SET wanted = $2, \
     shown = CASE WHEN channel IS NULL AND shown = wanted THEN $2 ELSE shown END WHERE request = $1";
const ADD: &str = "INSERT INTO outbox (request, destination, wanted, shown, due_at, attempts) \
     SELECT id, $2, version, 0, $3, 0 FROM request WHERE id = $1 ON CONFLICT (request, destination) DO NOTHING";
/// Chosen once, by a name of its own: a choice that locks must not be made anew for each row.
const LEASE: Sql = locking!(
    "WITH due (r, d) AS MATERIALIZED (SELECT request, destination FROM outbox WHERE shown < wanted \
     AND parked_at IS NULL AND (due_at <= $1 OR due_at > $4) ORDER BY due_at LIMIT $3",
    "FOR UPDATE SKIP LOCKED",
    ") UPDATE outbox SET due_at = $2 WHERE (request, destination) IN (SELECT r, d FROM due) \
     RETURNING request, destination, wanted, shown, channel, ts, attempts"
);
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
const IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM outbox WHERE request = $1 AND channel = $2 AND ts = $3) AS known";
const RELEASE: &str = "UPDATE outbox SET due_at = $1 WHERE shown < wanted AND parked_at IS NULL AND due_at > $1";
const UNPARK: &str = "UPDATE outbox SET due_at = $1, parked_at = NULL, error = NULL, attempts = 0 \
     WHERE parked_at IS NOT NULL AND channel IS NULL \
     AND request IN (SELECT id FROM request WHERE state = 'pending')";
const IS_UNDELIVERABLE: &str = "SELECT EXISTS (SELECT 1 FROM outbox WHERE request = $1) AND NOT EXISTS \
     (SELECT 1 FROM outbox WHERE request = $1 AND (parked_at IS NULL OR channel IS NOT NULL)) AS lost";
const PARKED: &str = "SELECT request, destination, error FROM outbox WHERE parked_at IS NOT NULL \
     ORDER BY parked_at DESC, request DESC, destination LIMIT $1";
const MESSAGES: &str = "SELECT destination, channel, error FROM outbox WHERE request = $1 ORDER BY destination";

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

/// Asks for the messages of an approved request to show this version, as its grant goes on.
pub(crate) fn want_on(batch: &mut Batch, id: RequestId, version: u64) {
    batch.statement(WANT_ON).bind(id.to_string()).bind(signed(version));
}

/// Asks for one more message about a request, once.
pub(crate) async fn add(
    conn: &mut Connection<'_>,
    request: RequestId,
    destination: Destination,
    at: Timestamp,
) -> Result<Change<bool>, Fault> {
    request::hold(conn, request).await?;
    let done =
        query(ADD).bind(request.to_string()).bind(destination.as_str()).bind(at.as_micros()).execute(conn).await?;
    if done == 0 {
        return Ok(Change::nothing(false));
    }
    Ok(Change::keep(true, Wake::Outbox))
}

/// Leases what is due.
pub(crate) async fn lease(
    conn: &mut Connection<'_>,
    now: Timestamp,
    lease: Duration,
    limit: u32,
) -> Result<Change<Vec<OutboxItem>>, Fault> {
    let rows = query(LEASE)
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
    conn: &mut Connection<'_>,
    request: RequestId,
    destination: Destination,
    delivered: Delivered,
    lease_until: Timestamp,
) -> Result<Change<Option<OutboxItem>>, Fault> {
    match delivered {
        Delivered::Shown { version, posted } => {
            request::hold(conn, request).await?;
            let rows = query(SHOWN)
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
    conn: &mut Connection<'_>,
    request: RequestId,
    destination: &Destination,
    posted: &Posted,
) -> Result<(), Fault> {
    let copy = copy_of(posted);
    if destination.as_str() != copy {
        query(FORGET_COPY).bind(request.to_string()).bind(copy).execute(conn).await?;
    }
    Ok(())
}

async fn park(
    conn: &mut Connection<'_>,
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
    conn: &mut Connection<'_>,
    statement: &'static str,
    (request, destination): (RequestId, &Destination),
    at: Timestamp,
    error: &str,
) -> Result<bool, Fault> {
    let done = query(statement)
        .bind(request.to_string())
        .bind(destination.as_str())
        .bind(at.as_micros())
        .bind(error)
        .execute(conn)
        .await?;
    Ok(done == 1)
}

/// When the next row is due.
pub(crate) async fn next(conn: &mut Connection<'_>, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let row = query(NEXT).fetch_one(conn).await?;
    let cells = Cells::anonymous(&row, TABLE, "next");
    let (first, last) = (cells.optional_time("first")?, cells.optional_time("last")?);
    let set_back = last.is_some_and(|last| last > now.plus(OUTBOX_HORIZON));
    Ok(first.map(|first| if set_back { first.min(now) } else { first }))
}

/// Makes every waiting row due, where one process works on the outbox. On PostgreSQL other nodes may hold leases: those of
/// the dead run out. What was given up is tried again on both.
pub(crate) async fn release(conn: &mut Connection<'_>, now: Timestamp) -> Result<Change<()>, Fault> {
    if let Connection::Sqlite(_) = conn {
        query(RELEASE).bind(now.as_micros()).execute(&mut *conn).await?;
    }
    query(UNPARK).bind(now.as_micros()).execute(conn).await?;
    Ok(Change::keep((), Wake::Outbox))
}

/// Whether every message of a request was given up before it was posted.
pub(crate) async fn is_undeliverable(conn: &mut Connection<'_>, request: RequestId) -> Result<bool, Fault> {
    let row = query(IS_UNDELIVERABLE).bind(request.to_string()).fetch_one(conn).await?;
    Cells::anonymous(&row, TABLE, "lost").flag("lost")
}

/// Whether a message is known.
pub(crate) async fn is_known(conn: &mut Connection<'_>, request: RequestId, posted: &Posted) -> Result<bool, Fault> {
    let row = query(IS_KNOWN)
        .bind(request.to_string())
        .bind(posted.channel.as_str())
        .bind(posted.ts.as_str())
        .fetch_one(conn)
        .await?;
    Cells::anonymous(&row, TABLE, "known").flag("known")
}

/// Adds a message that was not known.
pub(crate) async fn register(
    conn: &mut Connection<'_>,
    request: RequestId,
    posted: Posted,
) -> Result<Change<bool>, Fault> {
    request::hold(conn, request).await?;
    let done = query(REGISTER)
        .bind(request.to_string())
        .bind(copy_of(&posted))
        .bind(posted.channel.as_str())
        .bind(posted.ts.as_str())
        .execute(conn)
        .await?;
    if done == 0 {
        return Ok(Change::nothing(false));
    }
    Ok(Change::keep(true, Wake::Outbox))
}

/// Rows that were given up, newest first.
pub(crate) async fn parked(conn: &mut Connection<'_>, limit: u32) -> Result<Vec<Parked>, Fault> {
    let rows = query(PARKED).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let cells = Cells::of(row, TABLE, "request")?;
            Ok(Parked {
                request: cells.parse("request")?,
                destination: Destination::new(cells.text("destination")?),
                error: cells.text("error")?.into_owned(),
            })
        })
        .collect()
}

/// The messages of a request, by destination.
pub(crate) async fn messages(conn: &mut Connection<'_>, request: RequestId) -> Result<Vec<ShownMessage>, Fault> {
    let rows = query(MESSAGES).bind(request.to_string()).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let cells = Cells::of(row, TABLE, "destination")?;
            Ok(ShownMessage {
                destination: Destination::new(cells.text("destination")?),
                posted: cells.optional_text("channel")?.is_some(),
                error: cells.optional_text("error")?.map(std::borrow::Cow::into_owned),
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
        (Some(channel), Some(ts)) => Some(Posted { channel: channel.into_owned(), ts: ts.into_owned() }),
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
