//! People as administrators see them: with the Slack accounts that prove them.

use std::collections::BTreeSet;

use countersign_approval::{GroupName, Person, PersonId, SlackIdentity};
use countersign_gateway::port::{Account, Change as By, Deleted, Put};
use serde_json::json;

use super::{access, record, tokens};
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

const PEOPLE: &str = "SELECT id, name, email, member_of, active FROM person ORDER BY id";
const IDENTITIES: &str = "SELECT person, org, slack_user FROM identity ORDER BY person, org, slack_user";
const IDENTITIES_OF: &str = "SELECT person, org, slack_user FROM identity WHERE person = $1 ORDER BY org, slack_user";
const DEACTIVATE: &str = "UPDATE person SET active = 0, member_of = '[]' WHERE id = $1";
const FORGET_IDENTITIES: &str = "DELETE FROM identity WHERE person = $1";

pub(crate) async fn all(conn: &mut Connection<'_>) -> Result<Vec<Account>, Fault> {
    let mut accounts: Vec<Account> = people::all(&query(PEOPLE).fetch_all(&mut *conn).await?)?
        .into_iter()
        .map(|person| Account { person, identities: Vec::new() })
        .collect();
    for row in query(IDENTITIES).fetch_all(conn).await? {
        let (person, identity) = identity(&row)?;
        if let Ok(at) = accounts.binary_search_by(|account| account.person.id.cmp(&person))
            && let Some(account) = accounts.get_mut(at)
        {
            account.identities.push(identity);
        }
    }
    Ok(accounts)
}

pub(crate) async fn one(conn: &mut Connection<'_>, id: &PersonId) -> Result<Option<Account>, Fault> {
    let Some(person) = people::by_id(conn, id).await? else { return Ok(None) };
    let rows = query(IDENTITIES_OF).bind(id.as_str()).fetch_all(conn).await?;
    let identities = rows.iter().map(|row| Ok(identity(row)?.1)).collect::<Result<_, Fault>>()?;
    Ok(Some(Account { person, identities }))
}

pub(crate) async fn in_groups(conn: &mut Connection<'_>, groups: BTreeSet<GroupName>) -> Result<Vec<Person>, Fault> {
    let everybody = people::all(&query(PEOPLE).fetch_all(conn).await?)?;
    Ok(everybody.into_iter().filter(|person| person.active && !person.groups.is_disjoint(&groups)).collect())
}

pub(crate) async fn put(
    conn: &mut Connection<'_>,
    person: Person,
    identity: Option<SlackIdentity>,
    overwrite: bool,
    by: By,
) -> Result<Change<Put<Account>>, Fault> {
    let present = one(conn, &person.id).await?;
    if let Some(identity) = &identity
        && let Some(owner) = people::by_identity(conn, identity).await?
        && owner.id != person.id
    {
        return Ok(Change::nothing(Put::Exists(Account { person: owner, identities: vec![identity.clone()] })));
    }
    let bound = |present: &Account| identity.as_ref().is_none_or(|identity| present.identities.contains(identity));
    match &present {
        Some(present) if present.person == person && bound(present) => {
            return Ok(Change::nothing(Put::Unchanged(present.clone())));
        }
        // Somebody who was deleted may come again.
        Some(present) if !overwrite && present.person.active => {
            return Ok(Change::nothing(Put::Exists(present.clone())));
        }
        _ => {}
    }
    let id = person.id.clone();
    let detail = json!({ "groups": person.groups, "person": id, "slack": identity.as_ref().map(|one| &one.user) });
    let _ = people::put(conn, person, by.at).await?;
    if let Some(identity) = identity {
        let _ = people::put_identity(conn, identity, id.clone(), by.at).await?;
    }
    record(conn, &by, if present.is_some() { "account.changed" } else { "account.created" }, detail).await?;
    let account = one(conn, &id).await?;
    let account = account.ok_or(Fault::Inconsistent { table: "person", column: "id", row: id.to_string() })?;
    let answer = if present.is_some() { Put::Replaced(account) } else { Put::Created(account) };
    Ok(Change::keep(answer, Wake::Chainer))
}

/// The row stays, for whoever voted; everything by which the person could do something goes.
pub(crate) async fn delete(conn: &mut Connection<'_>, id: PersonId, by: By) -> Result<Change<Deleted>, Fault> {
    let active = people::by_id(conn, &id).await?.is_some_and(|person| person.active);
    if !active {
        return Ok(Change::nothing(Deleted::Missing));
    }
    query(DEACTIVATE).bind(id.as_str()).execute(&mut *conn).await?;
    query(FORGET_IDENTITIES).bind(id.as_str()).execute(&mut *conn).await?;
    tokens::delete_all(conn, &id).await?;
    let ended = access::end_of_person(conn, &id, &by).await?;
    record(conn, &by, "account.deleted", json!({ "person": id })).await?;
    Ok(Change::keep(Deleted::Now, Wake::Requests(ended)))
}

fn identity(row: &Row) -> Result<(PersonId, SlackIdentity), Fault> {
    let cells = Cells::of(row, "identity", "person")?;
    let identity = SlackIdentity { org: cells.text("org")?.into_owned(), user: cells.text("slack_user")?.into_owned() };
    Ok((PersonId::new(cells.text("person")?), identity))
}
