//! The audit trail: rows are written with the change they tell of, and linked later.

use std::sync::OnceLock;

use countersign_approval::{
    DeniedBy, PersonId, Request, RequestId, Requester, SlackIdentity, Timestamp, Voter,
    audit::{AuditRow, ChainedRow, Link, SignedHead, link},
    port::ChainProgress,
};

use super::{
    Connection, Row,
    batch::Batch,
    change::{Change, Wake},
    connection::query,
    row::{Cells, signed},
};
use crate::fault::Fault;

const TABLE: &str = "audit";
const HEAD_TABLE: &str = "audit_head";

macro_rules! insert {
    ($values:literal) => {
        concat!("INSERT INTO audit (at, kind, request, actor, detail) VALUES ", $values)
    };
}

const INSERT_1: &str = insert!("($1, $2, $3, $4, $5)");
const INSERT_2: &str = insert!("($1, $2, $3, $4, $5), ($6, $7, $8, $9, $10)");
const INSERT_3: &str = insert!("($1, $2, $3, $4, $5), ($6, $7, $8, $9, $10), ($11, $12, $13, $14, $15)");
/// One chainer at a time among all nodes, until the end of the transaction. The number is this lock's name: `CSGN`, 1.
const ONE_CHAINER: &str = "SELECT pg_advisory_xact_lock(1129531214, 1)";
const LAST_LINK: &str = "SELECT seq, link FROM audit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1";
const UNCHAINED: &str = "SELECT id, at, kind, request, actor, detail FROM audit WHERE seq IS NULL ORDER BY id LIMIT $1";
const PAGE: &str = "SELECT at, kind, request, actor, detail, seq, prev, link FROM audit WHERE seq > $1 \
                    ORDER BY seq LIMIT $2";
const COUNT_UNCHAINED: &str = "SELECT count(*) AS rows FROM audit WHERE seq IS NULL";
const INSERT_HEAD: &str = "INSERT INTO audit_head (seq, link, at, key, signature) VALUES ($1, $2, $3, $4, $5)";
const HEADS: &str = "SELECT seq, link, at, key, signature FROM audit_head ORDER BY id DESC LIMIT $1";

/// The statements that link 1, 2, 4 … 64 rows at once, each made when it is needed first: one for each row would keep
/// every vote waiting.
static CHAIN: [OnceLock<String>; 7] = [const { OnceLock::new() }; 7];

/// The actor where no person acted.
pub(crate) const COUNTERSIGN: &str = "countersign";

/// What is to be recorded of a request. The digest is added to the detail, so that each row says what it was about.
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) kind: &'static str,
    pub(crate) actor: String,
    pub(crate) detail: serde_json::Value,
}

impl Entry {
    /// The row about this request.
    pub(crate) fn about(self, request: &Request) -> AuditRow {
        self.about_digest(request.id, &request.digest.to_string())
    }

    /// The row about the request with this id and digest, as they are stored.
    pub(crate) fn about_digest(mut self, id: RequestId, digest: &str) -> AuditRow {
        if let Some(detail) = self.detail.as_object_mut() {
            detail.insert("digest".to_owned(), digest.into());
        }
        AuditRow { request: Some(id), ..self.of_nothing() }
    }

    /// The row about a request whose digest does not matter to it.
    pub(crate) fn of(self, id: RequestId) -> AuditRow {
        AuditRow { request: Some(id), ..self.of_nothing() }
    }

    /// The row about no request.
    pub(crate) fn of_nothing(self) -> AuditRow {
        // The keys of a JSON object are in order of their names: the text is canonical.
        let detail = self.detail.to_string();
        AuditRow { at: self.at, kind: self.kind.to_owned(), request: None, actor: self.actor, detail }
    }
}

/// A person as an actor.
pub(crate) fn person(id: &PersonId) -> String {
    format!("person:{id}")
}

/// A user of the operating system as an actor.
pub(crate) fn os_user(user: &str) -> String {
    format!("os-user:{user}")
}

/// Whoever tried to vote and is not known here, as an actor.
pub(crate) fn voter(voter: &Voter) -> String {
    match voter {
        Voter::Slack(identity) => slack_account(identity),
        Voter::Person(id) => person(id),
    }
}

/// A Slack account that nobody here is known by, as an actor.
fn slack_account(identity: &SlackIdentity) -> String {
    format!("slack:{}/{}", identity.org, identity.user)
}

/// Who asks, as an actor.
pub(crate) fn actor_of_requester(requester: &Requester) -> String {
    match requester {
        Requester::Person(id) => person(id),
        Requester::OsUser { user, machine } => os_user(&format!("{user}@{machine}")),
    }
}

/// Who denied, as an actor.
pub(crate) fn actor_of_denial(by: &DeniedBy) -> String {
    match by {
        DeniedBy::Person(id) => person(id),
        DeniedBy::Policy(name) => format!("policy:{name}"),
        DeniedBy::OsUser(user) => os_user(user),
    }
}

/// Inserts unchained rows: one statement for up to three, which is what a decision writes.
pub(crate) fn insert(batch: &mut Batch, rows: &[AuditRow]) {
    for rows in rows.chunks(3) {
        batch.statement(match rows.len() {
            1 => INSERT_1,
            2 => INSERT_2,
            _ => INSERT_3,
        });
        for row in rows {
            batch
                .bind(row.at.as_micros())
                .bind(row.kind.as_str())
                .bind(row.request.map(|id| id.to_string()))
                .bind(row.actor.as_str())
                .bind(row.detail.as_str());
        }
    }
}

/// Inserts one unchained row.
pub(crate) async fn record(conn: &mut Connection<'_>, row: AuditRow) -> Result<(), sqlx::Error> {
    let mut batch = Batch::default();
    insert(&mut batch, &[row]);
    batch.run(conn).await.map(drop)
}

/// Adds a row that belongs to no other change.
pub(crate) async fn add(conn: &mut Connection<'_>, row: AuditRow) -> Result<Change<()>, Fault> {
    record(conn, row).await?;
    Ok(Change::keep((), Wake::Chainer))
}

/// Links unchained rows behind the last one, in the order of their insertion.
pub(crate) async fn chain(conn: &mut Connection<'_>, limit: u32) -> Result<Change<ChainProgress>, Fault> {
    if let Connection::Postgres(_) = conn {
        query(ONE_CHAINER).execute(conn).await?;
    }
    let last = query(LAST_LINK).fetch_optional(&mut *conn).await?;
    let mut head = last.as_ref().map(place).transpose()?;
    let rows = query(UNCHAINED).bind(i64::from(limit)).fetch_all(&mut *conn).await?;
    let mut linked = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = Cells::anonymous(row, TABLE, "unchained").integer("id")?;
        let next = link(head, unlinked(&Cells::anonymous(row, TABLE, &id.to_string()))?);
        head = Some((next.seq, next.link));
        linked.push((id, next));
    }
    set_links(conn, &linked).await?;
    let progress = ChainProgress { linked: u32::try_from(linked.len()).unwrap_or(limit), head };
    if linked.is_empty() {
        return Ok(Change::nothing(progress));
    }
    Ok(Change::keep(progress, Wake::Nobody))
}

async fn set_links(conn: &mut Connection<'_>, mut rows: &[(i64, ChainedRow)]) -> Result<(), Fault> {
    while let Some(power) = rows.len().checked_ilog2() {
        let power = (power as usize).min(CHAIN.len() - 1);
        let Some(((now, later), statement)) = rows.split_at_checked(1 << power).zip(CHAIN.get(power)) else {
            break;
        };
        let statement = statement.get_or_init(|| chain_statement(now.len())).as_str();
        let linking = now.iter().fold(query(statement), |linking, (id, row)| {
            linking.bind(*id).bind(signed(row.seq)).bind(row.prev.to_string()).bind(row.link.to_string())
        });
        let done = linking.execute(&mut *conn).await?;
        if let Some((id, _)) = now.first()
            && done != now.len() as u64
        {
            return Err(Fault::Inconsistent { table: TABLE, column: "seq", row: id.to_string() });
        }
        rows = later;
    }
    Ok(())
}

/// Only the number of parameters depends on the number of rows. That the row is unlinked is said in a way that keeps
/// the database from looking through all that are, once for each.
fn chain_statement(rows: usize) -> String {
    let values: Vec<String> = (0..rows)
        .map(|row| row * 4)
        .map(|at| format!("(${}, ${}, ${}, ${})", at + 1, at + 2, at + 3, at + 4))
        .collect();
    format!(
        "WITH linked (id, seq, prev, link) AS (VALUES {}) \
         UPDATE audit SET seq = linked.seq, prev = linked.prev, link = linked.link \
         FROM linked WHERE audit.id = linked.id AND coalesce(audit.seq, 0) = 0",
        values.join(", ")
    )
}

/// Linked rows after `seq`, in order.
pub(crate) async fn page(conn: &mut Connection<'_>, after: u64, limit: u32) -> Result<Vec<ChainedRow>, Fault> {
    let rows = query(PAGE).bind(signed(after)).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter().map(chained).collect()
}

/// How many rows are not linked yet.
pub(crate) async fn unchained(conn: &mut Connection<'_>) -> Result<u64, Fault> {
    let row = query(COUNT_UNCHAINED).fetch_one(conn).await?;
    Cells::anonymous(&row, TABLE, "count").number("rows")
}

/// Keeps a signed head.
pub(crate) async fn put_head(conn: &mut Connection<'_>, head: SignedHead) -> Result<Change<()>, Fault> {
    query(INSERT_HEAD)
        .bind(signed(head.seq))
        .bind(head.link.to_string())
        .bind(head.at.as_micros())
        .bind(head.key)
        .bind(head.signature)
        .execute(conn)
        .await?;
    Ok(Change::keep((), Wake::Nobody))
}

/// Signed heads, newest first.
pub(crate) async fn heads(conn: &mut Connection<'_>, limit: u32) -> Result<Vec<SignedHead>, Fault> {
    let rows = query(HEADS).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter().map(signed_head).collect()
}

fn place(row: &Row) -> Result<(u64, Link), Fault> {
    let cells = Cells::anonymous(row, TABLE, "last");
    Ok((cells.number("seq")?, cells.parse("link")?))
}

fn unlinked(cells: &Cells<'_>) -> Result<AuditRow, Fault> {
    let request = match cells.optional_text("request")? {
        Some(id) => Some(id.parse().map_err(|_| cells.wrong("request"))?),
        None => None,
    };
    Ok(AuditRow {
        at: cells.time("at")?,
        kind: cells.text("kind")?.into_owned(),
        request,
        actor: cells.text("actor")?.into_owned(),
        detail: cells.text("detail")?.into_owned(),
    })
}

fn chained(row: &Row) -> Result<ChainedRow, Fault> {
    let seq: u64 = Cells::anonymous(row, TABLE, "chained").number("seq")?;
    let id = seq.to_string();
    let cells = Cells::anonymous(row, TABLE, &id);
    Ok(ChainedRow { seq, prev: cells.parse("prev")?, link: cells.parse("link")?, row: unlinked(&cells)? })
}

fn signed_head(row: &Row) -> Result<SignedHead, Fault> {
    let seq: u64 = Cells::anonymous(row, HEAD_TABLE, "head").number("seq")?;
    let id = seq.to_string();
    let cells = Cells::anonymous(row, HEAD_TABLE, &id);
    Ok(SignedHead {
        seq,
        link: cells.parse("link")?,
        at: cells.time("at")?,
        key: cells.text("key")?.into_owned(),
        signature: cells.text("signature")?.into_owned(),
    })
}
