//! Which Slack team and app we are, as `auth.test` tells; and who its people are.

use countersign_approval::{Person, PersonId, SlackIdentity, StoreError};

use crate::personal::Personal;

/// What `auth.test` told about the bot token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installation {
    /// The team's id.
    pub(crate) team: String,
    /// The enterprise's id, on Enterprise Grid.
    pub(crate) enterprise: Option<String>,
    /// The team's name.
    pub(crate) team_name: String,
    /// The bot's user id.
    pub(crate) bot_user: String,
    /// Granted scopes.
    pub(crate) scopes: Vec<String>,
}

impl Installation {
    /// The identity of a user of this team.
    pub(crate) fn identity(&self, user: &str) -> SlackIdentity {
        let org = self.enterprise.clone().unwrap_or_else(|| self.team.clone());
        SlackIdentity { org, user: user.to_owned() }
    }

    /// Whether a scope was granted.
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

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
        if store.person_by_identity(&identity).await?.is_some() {
            continue;
        }
        let id = person_id(user);
        let person = Person { id: id.clone(), name: user.clone(), email: None, groups: [].into(), active: true };
        store.put_person(person, personal.approvals().now()).await?;
        store.put_identity(identity, id, personal.approvals().now()).await?;
    }
    Ok(())
}

/// Keeps the name under which Slack shows a person, as their click brought it.
pub(crate) async fn learn_name(personal: &Personal, identity: &SlackIdentity, name: &str) -> Result<(), StoreError> {
    let store = personal.approvals().store();
    match store.person_by_identity(identity).await? {
        Some(person) if person.name != name && !name.is_empty() => {
            store.put_person(Person { name: name.to_owned(), ..person }, personal.approvals().now()).await
        }
        _ => Ok(()),
    }
}
