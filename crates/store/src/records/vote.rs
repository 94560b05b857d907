//! Votes, and what they amount to.

use std::borrow::Cow;

use countersign_approval::{
    ApprovedBy, DeniedBy, Grant, Person, PersonId, Request, RequestId, Timestamp, Verdict, Vote,
    audit::AuditRow,
    policy::{self, Evaluation, Ineligible, evaluate},
    port::{Ballot, Voted},
};
use serde_json::json;

use super::{
    Connection, Row,
    audit::{self, COUNTERSIGN, Entry},
    batch::Batch,
    change::{Change, Wake},
    outbox, people, request,
    row::Cells,
};
use crate::fault::Fault;

const TABLE: &str = "vote";

/// An approval may become a denial, never the reverse; the same vote again changes nothing.
const RECORD: &str = "INSERT INTO vote (request, person, verdict, reason, at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (request, person) DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason, \
     at = excluded.at WHERE vote.verdict = 'approve' AND excluded.verdict = 'deny'";
const WITH_VOTERS: &str = "SELECT v.person, v.verdict, v.reason, v.at, p.name, p.email, p.member_of, p.active \
     FROM vote v JOIN person p ON p.id = v.person WHERE v.request = $1 ORDER BY v.at, v.person";
const OF_REQUEST: &str = "SELECT person, verdict, reason, at FROM vote WHERE request = $1 ORDER BY at, person";

/// A vote with its voter as they are now.
struct Counted {
    vote: Vote,
    person: Person,
}

/// Takes a vote. The guarded UPDATE comes first; everything after it happens with the request held.
pub(crate) async fn cast(conn: &mut Connection<'_>, ballot: Ballot) -> Result<Change<Voted>, Fault> {
    let (request, person) = hold(conn, &ballot).await?;
    let Some(request) = request else { return late(conn, &ballot, person).await };
    let Some(person) = person else {
        return Ok(ineligible(request, &ballot, actor(&ballot, None), Ineligible::Unknown));
    };
    if let Err(why) = request.policy.eligibility(&request.requester, &person, ballot.verdict) {
        return Ok(ineligible(request, &ballot, actor(&ballot, Some(&person)), why));
    }
    let (recorded, counted) = record(conn, request.id, &person.id, &ballot).await?;
    let ballots: Vec<policy::Ballot> = counted
        .iter()
        .map(|counted| policy::Ballot { person: counted.person.clone(), verdict: counted.vote.verdict })
        .collect();
    let cast = cast_row(&request, &person.id, &ballot);
    match evaluate(&request.policy, &request.requester, &ballots) {
        open @ Evaluation::Open { .. } if !recorded => Ok(Change::nothing(Voted::Counted(as_before(request), open))),
        open @ Evaluation::Open { .. } => count(conn, request, cast, open).await,
        Evaluation::Approved => {
            let by = approvers(&request, &ballots);
            approve(conn, request, cast, by, ballot.at).await
        }
        Evaluation::Denied { by } => {
            let reason = counted.into_iter().find(|counted| counted.person.id == by);
            let reason = reason.and_then(|counted| counted.vote.reason);
            deny(conn, request, cast, DeniedBy::Person(by), reason).await
        }
    }
}

/// Asks for the votes on a request, oldest first, together with other statements.
pub(crate) fn find_of_request(batch: &mut Batch, request: RequestId) {
    batch.statement(OF_REQUEST).bind(request.to_string());
}

/// The votes of some rows.
pub(crate) fn all(rows: &[Row]) -> Result<Vec<Vote>, Fault> {
    rows.iter().map(from_row).collect()
}

/// Holds the request, if it takes votes; and finds out who votes.
async fn hold(conn: &mut Connection<'_>, ballot: &Ballot) -> Result<(Option<Request>, Option<Person>), Fault> {
    let mut batch = Batch::default();
    request::touch_for_vote(&mut batch, ballot.token, ballot.at);
    people::find_voter(&mut batch, &ballot.voter);
    let outcomes = batch.run(conn).await?;
    let mut rows = outcomes.iter().map(|outcome| outcome.rows.first());
    let request = request::optional(rows.next().flatten())?;
    Ok((request, people::optional(rows.next().flatten())?))
}

async fn late(conn: &mut Connection<'_>, ballot: &Ballot, person: Option<Person>) -> Result<Change<Voted>, Fault> {
    let Some(request) = request::by_token(conn, ballot.token).await? else {
        return Ok(Change::nothing(Voted::UnknownToken));
    };
    let record = refused(&request, ballot, actor(ballot, person.as_ref()), "too late");
    Ok(Change::refuse(Voted::TooLate(request), record))
}

/// Who clicked, as far as they are known.
fn actor(ballot: &Ballot, person: Option<&Person>) -> String {
    match person {
        Some(person) => audit::person(&person.id),
        None => audit::voter(&ballot.voter),
    }
}

fn ineligible(request: Request, ballot: &Ballot, actor: String, why: Ineligible) -> Change<Voted> {
    let record = refused(&request, ballot, actor, &why.to_string());
    Change::refuse(Voted::Ineligible(as_before(request), why), record)
}

/// Records the vote. Answers whether it is new, or a denial in place of an approval; and all votes with their voters.
async fn record(
    conn: &mut Connection<'_>,
    request: RequestId,
    person: &PersonId,
    ballot: &Ballot,
) -> Result<(bool, Vec<Counted>), Fault> {
    let mut batch = Batch::default();
    batch
        .statement(RECORD)
        .bind(request.to_string())
        .bind(person.as_str())
        .bind(ballot.verdict.as_str())
        .bind(ballot.reason.as_deref())
        .bind(ballot.at.as_micros());
    batch.statement(WITH_VOTERS).bind(request.to_string());
    let mut outcomes = batch.run(conn).await?.into_iter();
    let recorded = outcomes.next().unwrap_or_default();
    let votes = outcomes.next().unwrap_or_default();
    let counted = votes
        .rows
        .iter()
        .map(|row| Ok(Counted { vote: from_row(row)?, person: people::from_row(row, "person")? }))
        .collect::<Result<_, Fault>>()?;
    Ok((recorded.changed == 1, counted))
}

async fn count(
    conn: &mut Connection<'_>,
    request: Request,
    cast: AuditRow,
    open: Evaluation,
) -> Result<Change<Voted>, Fault> {
    let mut batch = Batch::default();
    outbox::want(&mut batch, request.id, request.version);
    audit::insert(&mut batch, &[cast]);
    batch.run(conn).await?;
    let wake = Wake::Requests(vec![request.id]);
    Ok(Change::keep(Voted::Counted(request, open), wake))
}

async fn approve(
    conn: &mut Connection<'_>,
    request: Request,
    cast: AuditRow,
    by: Vec<PersonId>,
    at: Timestamp,
) -> Result<Change<Voted>, Fault> {
    let people = json!({ "by": by });
    let request = request.approve(at, ApprovedBy::Votes(by)).map_err(|error| impossible(error.id))?;
    let approved = Entry { at, kind: "request.approved", actor: COUNTERSIGN.to_owned(), detail: people };
    let granted = Entry { at, kind: "grant.issued", actor: COUNTERSIGN.to_owned(), detail: json!({}) };
    let records = [cast, approved.about(&request), granted.about(&request)];
    request::settle(conn, &request, Some(&Grant::of_approval(&request.subject, &request.policy, at)), &records).await?;
    let wake = Wake::Requests(vec![request.id]);
    Ok(Change::keep(Voted::Decided(request), wake))
}

async fn deny(
    conn: &mut Connection<'_>,
    request: Request,
    cast: AuditRow,
    by: DeniedBy,
    reason: Option<String>,
) -> Result<Change<Voted>, Fault> {
    let at = cast.at;
    let entry = Entry {
        at,
        kind: "request.denied",
        actor: audit::actor_of_denial(&by),
        detail: json!({ "reason": reason.is_some() }),
    };
    let request = request.deny(at, by, reason).map_err(|error| impossible(error.id))?;
    let records = [cast, entry.about(&request)];
    request::settle(conn, &request, None, &records).await?;
    let wake = Wake::Requests(vec![request.id]);
    Ok(Change::keep(Voted::Decided(request), wake))
}

/// The people whose approval counts now, in the order of their votes.
fn approvers(request: &Request, ballots: &[policy::Ballot]) -> Vec<PersonId> {
    ballots
        .iter()
        .filter(|ballot| ballot.verdict == Verdict::Approve)
        .filter(|ballot| request.policy.eligibility(&request.requester, &ballot.person, ballot.verdict).is_ok())
        .map(|ballot| ballot.person.id.clone())
        .collect()
}

/// The request as it was before it was touched: what was written is rolled back.
fn as_before(request: Request) -> Request {
    Request { version: request.version.saturating_sub(1), ..request }
}

fn impossible(id: RequestId) -> Fault {
    Fault::Inconsistent { table: "request", column: "state", row: id.to_string() }
}

fn cast_row(request: &Request, person: &PersonId, ballot: &Ballot) -> AuditRow {
    let detail = json!({ "reason": ballot.reason.is_some(), "verdict": ballot.verdict });
    Entry { at: ballot.at, kind: "vote.cast", actor: audit::person(person), detail }.about(request)
}

fn refused(request: &Request, ballot: &Ballot, actor: String, why: &str) -> AuditRow {
    let detail = json!({ "verdict": ballot.verdict, "why": why });
    Entry { at: ballot.at, kind: "vote.refused", actor, detail }.about(request)
}

fn from_row(row: &Row) -> Result<Vote, Fault> {
    let cells = Cells::of(row, TABLE, "person")?;
    let verdict = match cells.text("verdict")?.as_ref() {
        "approve" => Verdict::Approve,
        "deny" => Verdict::Deny,
        _ => return Err(cells.wrong("verdict")),
    };
    Ok(Vote {
        person: PersonId::new(cells.text("person")?),
        verdict,
        reason: cells.optional_text("reason")?.map(Cow::into_owned),
        at: cells.time("at")?,
    })
}
