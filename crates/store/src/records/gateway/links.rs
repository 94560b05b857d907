//! Codes that bind a Slack account to a person.

use countersign_approval::{PersonId, SlackIdentity, Timestamp};
use countersign_gateway::{
    TokenHash,
    port::{Change as By, LinkCode, Linked},
};
use serde_json::json;

use super::record;
use crate::{
    fault::Fault,
    records::{
        Connection,
        change::{Change, Wake},
        connection::query,
        people,
        row::Cells,
    },
};

const TABLE: &str = "link_code";

/// Tries that a code has.
const TRIES: i64 = 5;

const PUT: &str = "INSERT INTO link_code (person, hash, org, slack_user, expires_at, tries_left) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, org = excluded.org, \
     slack_user = excluded.slack_user, expires_at = excluded.expires_at, tries_left = excluded.tries_left";
/// A try is spent before the code is looked at: two at once spend two.
const TRY: &str = "UPDATE link_code SET tries_left = tries_left - 1 \
     WHERE person = $1 AND tries_left > 0 AND expires_at > $2 RETURNING person, hash, org, slack_user, tries_left";
const DELETE: &str = "DELETE FROM link_code WHERE person = $1";

pub(crate) async fn put(conn: &mut Connection<'_>, code: LinkCode) -> Result<Change<()>, Fault> {
    query(PUT)
        .bind(code.person.as_str())
        .bind(code.hash.to_string())
        .bind(code.identity.org)
        .bind(code.identity.user)
        .bind(code.expires_at.as_micros())
        .bind(TRIES)
        .execute(conn)
        .await?;
    Ok(Change::keep((), Wake::Nobody))
}

pub(crate) async fn enter(
    conn: &mut Connection<'_>,
    person: PersonId,
    hash: TokenHash,
    at: Timestamp,
) -> Result<Change<Linked>, Fault> {
    let row = query(TRY).bind(person.as_str()).bind(at.as_micros()).fetch_optional(&mut *conn).await?;
    let Some(row) = row else { return Ok(Change::nothing(Linked::NoCode)) };
    let cells = Cells::of(&row, TABLE, "person")?;
    let left: u32 = cells.number("tries_left")?;
    let expected: TokenHash = cells.parse("hash")?;
    let identity = SlackIdentity { org: cells.text("org")?.into_owned(), user: cells.text("slack_user")?.into_owned() };
    let by = By { actor: person.clone(), at };
    if expected != hash {
        record(conn, &by, "identity.refused", json!({ "slack": identity.user, "tries_left": left })).await?;
        return Ok(Change::keep(Linked::Wrong { left }, Wake::Chainer));
    }
    query(DELETE).bind(person.as_str()).execute(&mut *conn).await?;
    let _ = people::put_identity(conn, identity.clone(), person, at).await?;
    Ok(Change::keep(Linked::Now(identity), Wake::Chainer))
}
