//! Who the people of our Slack team are.

use countersign_approval::{Person, PersonId, SlackIdentity, StoreError};

use crate::core::Core;

/// The person that stands for a Slack user whom the configuration names as an approver.
pub(crate) fn person_id(user: &str) -> PersonId {
    PersonId::new(format!("slack:{user}"))
}

/// Makes sure that the approvers named by the configuration are people with a proven identity.
///
/// The configuration is the administrator here: it names Slack user ids of the team that the bot token belongs to.
pub(crate) async fn know_approvers(core: &Core, approvers: &[String]) -> Result<(), StoreError> {
    let Some(installation) = core.installation().await else { return Ok(()) };
    let store = core.approvals().store();
    for user in approvers {
        let identity = installation.identity(user);
        if store.person_by_identity(&identity).await?.is_none() {
            introduce(core, identity, user).await?;
        }
    }
    Ok(())
}

/// The same for one of them who clicked, under the name by which Slack shows them, as their click brought it.
pub(crate) async fn know_approver(core: &Core, identity: &SlackIdentity, name: &str) -> Result<(), StoreError> {
    let store = core.approvals().store();
    match store.person_by_identity(identity).await? {
        None => introduce(core, identity.clone(), name).await,
        Some(person) if person.name != name && !name.is_empty() => {
            store.put_person(Person { name: name.to_owned(), ..person }, core.approvals().now()).await
        }
        Some(_) => Ok(()),
    }
}

async fn introduce(core: &Core, identity: SlackIdentity, name: &str) -> Result<(), StoreError> {
    let store = core.approvals().store();
    let name = if name.is_empty() { &identity.user } else { name };
    let id = person_id(&identity.user);
    let person = Person { id: id.clone(), name: name.to_owned(), email: None, groups: [].into(), active: true };
    store.put_person(person, core.approvals().now()).await?;
    store.put_identity(identity, id, core.approvals().now()).await
}
