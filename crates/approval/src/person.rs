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

/// A proven Slack identity; unique over all people.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SlackIdentity {
    /// The enterprise's id where there is one, else the id of the *user's* team.
    pub org: String,
    /// The user's id in it.
    pub user: String,
}
