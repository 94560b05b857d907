//! Tokens of people, by their hashes.

use countersign_approval::{Person, PersonId, Timestamp};
use countersign_gateway::{
    AccessToken, TokenHash, TokenOwner,
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
        people,
        row::Cells,
    },
};

const TABLE: &str = "access_token";

const BY_HASH: &str = "SELECT hash, person, name, created_at, expires_at, used_at FROM access_token \
     WHERE hash = $1 AND (expires_at IS NULL OR expires_at > $2)";
const ALL: &str = "SELECT hash, person, name, created_at, expires_at, used_at FROM access_token \
     WHERE person IS NOT NULL ORDER BY person, name";
const OF_PERSON: &str = "SELECT hash, person, name, created_at, expires_at, used_at FROM access_token \
     WHERE person = $1 ORDER BY name";
const PUT: &str = "INSERT INTO access_token (hash, person, name, created_at, expires_at, used_at) \
     VALUES ($1, $2, $3, $4, $5, NULL) ON CONFLICT DO NOTHING";
const USED: &str = "UPDATE access_token SET used_at = $2 WHERE hash = $1";
const DELETE: &str = "DELETE FROM access_token WHERE person = $1 AND name = $2";
const DELETE_OF_PERSON: &str = "DELETE FROM access_token WHERE person = $1";
const TAKE: &str = "DELETE FROM access_token WHERE hash = $1 AND person IS NULL \
     AND (expires_at IS NULL OR expires_at > $2)";

pub(crate) async fn by_hash(
    conn: &mut Connection<'_>,
    hash: TokenHash,
    now: Timestamp,
) -> Result<Option<AccessToken>, Fault> {
    let row = query(BY_HASH).bind(hash.to_string()).bind(now.as_micros()).fetch_optional(conn).await?;
    row.as_ref().map(from_row).transpose()
}

pub(crate) async fn all(conn: &mut Connection<'_>, person: Option<PersonId>) -> Result<Vec<AccessToken>, Fault> {
    let rows = match person {
        Some(person) => query(OF_PERSON).bind(person.as_str()).fetch_all(conn).await?,
        None => query(ALL).fetch_all(conn).await?,
    };
    rows.iter().map(from_row).collect()
}

pub(crate) async fn put(
    conn: &mut Connection<'_>,
    token: AccessToken,
    by: By,
) -> Result<Change<Put<AccessToken>>, Fault> {
    if insert(conn, &token).await? == 0 {
        return Ok(Change::nothing(Put::Exists(token)));
    }
    let person = owner(&token);
    record(conn, &by, "token.created", json!({ "name": token.name, "person": person })).await?;
    Ok(Change::keep(Put::Created(token), Wake::Chainer))
}

async fn insert(conn: &mut Connection<'_>, token: &AccessToken) -> Result<u64, Fault> {
    let done = query(PUT)
        .bind(token.hash.to_string())
        .bind(owner(token))
        .bind(token.name.as_str())
        .bind(token.created_at.as_micros())
        .bind(token.expires_at.map(Timestamp::as_micros))
        .execute(conn)
        .await?;
    Ok(done)
}

fn owner(token: &AccessToken) -> Option<&str> {
    match &token.owner {
        TokenOwner::Person(person) => Some(person.as_str()),
        TokenOwner::Bootstrap => None,
    }
}

pub(crate) async fn used(conn: &mut Connection<'_>, hash: TokenHash, at: Timestamp) -> Result<Change<()>, Fault> {
    query(USED).bind(hash.to_string()).bind(at.as_micros()).execute(conn).await?;
    Ok(Change::keep((), Wake::Nobody))
}

pub(crate) async fn delete(
    conn: &mut Connection<'_>,
    person: PersonId,
    name: String,
    by: By,
) -> Result<Change<Deleted>, Fault> {
    if query(DELETE).bind(person.as_str()).bind(name.as_str()).execute(&mut *conn).await? == 0 {
        return Ok(Change::nothing(Deleted::Missing));
    }
    record(conn, &by, "token.deleted", json!({ "name": name, "person": person })).await?;
    Ok(Change::keep(Deleted::Now, Wake::Chainer))
}

/// Deletes every token of a person; answers how many.
pub(crate) async fn delete_all(conn: &mut Connection<'_>, person: &PersonId) -> Result<u64, Fault> {
    Ok(query(DELETE_OF_PERSON).bind(person.as_str()).execute(conn).await?)
}

pub(crate) async fn take_bootstrap(
    conn: &mut Connection<'_>,
    hash: TokenHash,
    person: Person,
    token: AccessToken,
    at: Timestamp,
) -> Result<Change<bool>, Fault> {
    if query(TAKE).bind(hash.to_string()).bind(at.as_micros()).execute(&mut *conn).await? == 0 {
        return Ok(Change::nothing(false));
    }
    let by = By { actor: person.id.clone(), at };
    let _ = people::put(conn, person, at).await?;
    insert(conn, &token).await?;
    record(conn, &by, "administrator.first", json!({ "person": by.actor })).await?;
    Ok(Change::keep(true, Wake::Chainer))
}

fn from_row(row: &Row) -> Result<AccessToken, Fault> {
    let cells = Cells::of(row, TABLE, "hash")?;
    let owner = match cells.optional_text("person")? {
        Some(person) => TokenOwner::Person(PersonId::new(person)),
        None => TokenOwner::Bootstrap,
    };
    Ok(AccessToken {
        name: cells.text("name")?.into_owned(),
        hash: cells.parse("hash")?,
        owner,
        created_at: cells.time("created_at")?,
        expires_at: cells.optional_time("expires_at")?,
        used_at: cells.optional_time("used_at")?,
    })
}
