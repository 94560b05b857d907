//! A request with everything that is shown of it.

use std::collections::BTreeMap;

use countersign_approval::{Person, PersonId, Request, RequestId, Voters, port::Dossier};

use super::{Connection, grant, people, request, vote};
use crate::fault::Fault;

/// Reads it all. The caller provides a transaction, so that the parts belong together.
pub(crate) async fn read(conn: &mut Connection, id: RequestId) -> Result<Option<Dossier>, Fault> {
    let Some(request) = request::by_id(conn, id).await? else { return Ok(None) };
    let votes = vote::of_request(conn, id).await?;
    let mut people = Vec::new();
    if !votes.is_empty() {
        people = people::voters(conn, id).await?;
    }
    let people = with_named(conn, &request, people).await?;
    let grant = grant::of_request(conn, id).await?;
    Ok(Some(Dossier { request, votes, people, grant }))
}

async fn with_named(conn: &mut Connection, request: &Request, voters: Vec<Person>) -> Result<Vec<Person>, Fault> {
    let mut people: BTreeMap<PersonId, Person> = voters.into_iter().map(|person| (person.id.clone(), person)).collect();
    for requirement in &request.policy.requirements {
        if let Voters::Person(id) = &requirement.voters
            && !people.contains_key(id)
            && let Some(person) = people::by_id(conn, id).await?
        {
            people.insert(id.clone(), person);
        }
    }
    Ok(people.into_values().collect())
}
