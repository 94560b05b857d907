//! People, and how a click proves whose it is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{GroupName, PersonId};

/// Somebody who may decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// What to call them in texts.
    pub name: String,
    /// Their e-mail address, where known.
    pub email: Option<String>,
    /// The groups they are in now: eligibility is judged with the groups at the moment of the click.
    pub groups: BTreeSet<GroupName>,
    /// Somebody who left keeps their row, but decides nothing.
    pub active: bool,
}

/// A Slack workspace that the app is installed in, as Slack told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// The team's id.
    pub team: String,
    /// The enterprise's id, on Enterprise Grid.
    pub enterprise: Option<String>,
    /// The team's name.
    pub team_name: String,
    /// The bot's user id.
    pub bot_user: String,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
}

impl Installation {
    /// The identity of a user of this team.
    pub fn identity(&self, user: &str) -> SlackIdentity {
        let org = self.enterprise.clone().unwrap_or_else(|| self.team.clone());
        SlackIdentity { org, user: user.to_owned() }
    }

    /// Whether a scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

/// A proven Slack identity; unique over all people.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SlackIdentity {
    /// The enterprise's id where there is one, else the id of the *user's* team.
    pub org: String,
    /// The user's id in it.
    pub user: String,
}
