//! Who the people of our Slack team are.

use countersign_approval::{Person, PersonId, SlackIdentity, StoreError};

use crate::personal::Personal;

/// The person that stands for a Slack user whom the configuration names as an approver.
pub(crate) fn person_id(user: &str) -> PersonId {
    PersonId::new(format!("slack:{user}"))
}

/// Makes sure that the approvers named by the configuration are people with a proven identity.
///
/// The configuration is the administrator here: it names Slack user ids of the team that the bot token belongs to.
pub(crate) async fn know_approvers(personal: &Personal, approvers: &[String]) -> Result<(), StoreError> {
    let Some(installation) = personal.installation().await else { return Ok(()) };
    let store = personal.approvals().store();
    for user in approvers {
        let identity = installation.identity(user);
        if store.person_by_identity(&identity).await?.is_none() {
            introduce(personal, identity, user).await?;
        }
    }
    Ok(())
}

/// The same for one of them who clicked, under the name by which Slack shows them, as their click brought it.
pub(crate) async fn know_approver(personal: &Personal, identity: &SlackIdentity, name: &str) -> Result<(), StoreError> {
    let store = personal.approvals().store();
    match store.person_by_identity(identity).await? {
        None => introduce(personal, identity.clone(), name).await,
        Some(person) if person.name != name && !name.is_empty() => {
            store.put_person(Person { name: name.to_owned(), ..person }, personal.approvals().now()).await
        }
        Some(_) => Ok(()),
    }
}

async fn introduce(personal: &Personal, identity: SlackIdentity, name: &str) -> Result<(), StoreError> {
    let store = personal.approvals().store();
    let name = if name.is_empty() { &identity.user } else { name };
    let id = person_id(&identity.user);
    let person = Person { id: id.clone(), name: name.to_owned(), email: None, groups: [].into(), active: true };
    store.put_person(person, personal.approvals().now()).await?;
    store.put_identity(identity, id, personal.approvals().now()).await
}
