//! People and the Slack identities that prove them.

use std::borrow::Cow;

use countersign_approval::{Person, PersonId, RequestId, SlackIdentity, Timestamp, Voter};
use serde_json::json;

use super::{
    Connection, Row,
    audit::{self, COUNTERSIGN, Entry},
    batch::Batch,
    change::{Change, Wake},
    connection::query,
    row::{Cells, json},
};
use crate::fault::Fault;

const TABLE: &str = "person";

const PUT: &str = "INSERT INTO person (id, name, email, member_of, active) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, member_of = excluded.member_of, \
     active = excluded.active WHERE person.name <> excluded.name OR person.email IS DISTINCT FROM excluded.email \
     OR person.member_of <> excluded.member_of OR person.active <> excluded.active";
const PUT_IDENTITY: &str = "INSERT INTO identity (org, slack_user, person, proven_at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (org, slack_user) DO UPDATE SET person = excluded.person, proven_at = excluded.proven_at \
     WHERE identity.person <> excluded.person";
const BY_IDENTITY: &str = "SELECT p.id, p.name, p.email, p.member_of, p.active FROM identity i \
     JOIN person p ON p.id = i.person WHERE i.org = $1 AND i.slack_user = $2";
const BY_ID: &str = "SELECT id, name, email, member_of, active FROM person WHERE id = $1";
const VOTERS: &str = "SELECT p.id, p.name, p.email, p.member_of, p.active FROM vote v \
     JOIN person p ON p.id = v.person WHERE v.request = $1";

/// Inserts or replaces a person. One who is so already leaves no trace.
pub(crate) async fn put(conn: &mut Connection<'_>, person: Person, at: Timestamp) -> Result<Change<()>, Fault> {
    let done = query(PUT)
        .bind(person.id.as_str())
        .bind(person.name.as_str())
        .bind(person.email.as_deref())
        .bind(json(&person.groups, TABLE, "member_of", person.id.as_str())?)
        .bind(i64::from(person.active))
        .execute(&mut *conn)
        .await?;
    if done == 0 {
        return Ok(Change::nothing(()));
    }
    let detail = json!({ "person": person.id, "groups": person.groups, "active": person.active });
    let entry = Entry { at, kind: "person.put", actor: COUNTERSIGN.to_owned(), detail };
    audit::record(conn, entry.of_nothing()).await?;
    Ok(Change::keep((), Wake::Chainer))
}

/// Binds a proven identity to a person. One that is so already leaves no trace.
pub(crate) async fn put_identity(
    conn: &mut Connection<'_>,
    identity: SlackIdentity,
    person: PersonId,
    at: Timestamp,
) -> Result<Change<()>, Fault> {
    let done = query(PUT_IDENTITY)
        .bind(identity.org.as_str())
        .bind(identity.user.as_str())
        .bind(person.as_str())
        .bind(at.as_micros())
        .execute(&mut *conn)
        .await?;
    if done == 0 {
        return Ok(Change::nothing(()));
    }
    let detail = json!({ "org": identity.org, "person": person, "user": identity.user });
    let entry = Entry { at, kind: "identity.put", actor: COUNTERSIGN.to_owned(), detail };
    audit::record(conn, entry.of_nothing()).await?;
    Ok(Change::keep((), Wake::Chainer))
}

/// The person with a Slack identity.
pub(crate) async fn by_identity(conn: &mut Connection<'_>, identity: &SlackIdentity) -> Result<Option<Person>, Fault> {
    let mut batch = Batch::default();
    find_by_identity(&mut batch, identity);
    let outcomes = batch.run(conn).await?;
    optional(outcomes.first().and_then(|outcome| outcome.rows.first()))
}

/// Asks for the person with a Slack identity, together with other statements.
pub(crate) fn find_by_identity(batch: &mut Batch, identity: &SlackIdentity) {
    batch.statement(BY_IDENTITY).bind(identity.org.clone()).bind(identity.user.clone());
}

/// Asks for the person who votes, together with other statements.
pub(crate) fn find_voter(batch: &mut Batch, voter: &Voter) {
    match voter {
        Voter::Slack(identity) => find_by_identity(batch, identity),
        Voter::Person(id) => {
            batch.statement(BY_ID).bind(id.as_str());
        }
    }
}

/// The person of a row, if there is one.
pub(crate) fn optional(row: Option<&Row>) -> Result<Option<Person>, Fault> {
    row.map(|row| from_row(row, "id")).transpose()
}

/// The person with this id.
pub(crate) async fn by_id(conn: &mut Connection<'_>, id: &PersonId) -> Result<Option<Person>, Fault> {
    let row = query(BY_ID).bind(id.as_str()).fetch_optional(conn).await?;
    optional(row.as_ref())
}

/// Asks for the people who voted on a request, together with other statements.
pub(crate) fn find_voters(batch: &mut Batch, request: RequestId) {
    batch.statement(VOTERS).bind(request.to_string());
}

/// The people of some rows.
pub(crate) fn all(rows: &[Row]) -> Result<Vec<Person>, Fault> {
    rows.iter().map(|row| from_row(row, "id")).collect()
}

/// A person whose id stands in `id_column`.
pub(crate) fn from_row(row: &Row, id_column: &'static str) -> Result<Person, Fault> {
    let cells = Cells::of(row, TABLE, id_column)?;
    Ok(Person {
        id: PersonId::new(cells.text(id_column)?),
        name: cells.text("name")?.into_owned(),
        email: cells.optional_text("email")?.map(Cow::into_owned),
        groups: cells.json("member_of")?,
        active: cells.flag("active")?,
    })
}
