//! A request with everything that is shown of it.

use std::collections::BTreeMap;

use countersign_approval::{Person, PersonId, Request, RequestId, Voters, port::Dossier};

use super::{Connection, batch::Batch, grant, people, request, vote};
use crate::fault::Fault;

/// Reads it all. The caller provides a transaction, so that the parts belong together.
pub(crate) async fn read(conn: &mut Connection<'_>, id: RequestId) -> Result<Option<Dossier>, Fault> {
    let mut batch = Batch::default();
    request::find_by_id(&mut batch, id);
    vote::find_of_request(&mut batch, id);
    people::find_voters(&mut batch, id);
    grant::find_of_request(&mut batch, id);
    let outcomes = batch.run(conn).await?;
    let mut outcomes = outcomes.iter().map(|outcome| outcome.rows.as_slice());
    let mut rows = || outcomes.next().unwrap_or_default();
    let Some(request) = request::optional(rows().first())? else { return Ok(None) };
    let (votes, who_voted) = (vote::all(rows())?, people::all(rows())?);
    let grant = grant::optional(rows().first())?;
    let people = with_named(conn, &request, who_voted).await?;
    Ok(Some(Dossier { request, votes, people, grant }))
}

async fn with_named(conn: &mut Connection<'_>, request: &Request, voters: Vec<Person>) -> Result<Vec<Person>, Fault> {
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
