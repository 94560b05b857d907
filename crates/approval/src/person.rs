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

    /// The identity of whoever acted in a place where this app is, as far as Slack proves it: by the *user's* team.
    ///
    /// What else an interaction says of team and enterprise tells where it happened, not who did it: in a channel that is
    /// shared with another organisation both are ours, whoever clicks. So a user is one of ours when their team is the
    /// app's own (or the enterprise itself, which Slack names for users of no single workspace), and anybody else is a user
    /// of their own team. Without a user's team nothing is proven.
    pub fn identity_of_actor(&self, user: &str, user_team: Option<&str>) -> Option<SlackIdentity> {
        let team = user_team.filter(|team| !team.is_empty())?;
        if team == self.team || self.enterprise.as_deref() == Some(team) {
            return Some(self.identity(user));
        }
        Some(SlackIdentity { org: team.to_owned(), user: user.to_owned() })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(enterprise: Option<&str>) -> Installation {
        Installation {
            team: "T1".into(),
            enterprise: enterprise.map(str::to_owned),
            team_name: "one".into(),
            bot_user: "UBOT".into(),
            scopes: Vec::new(),
        }
    }

    #[test]
    fn a_user_of_the_apps_team_is_one_of_ours() {
        for enterprise in [None, Some("E1")] {
            let installation = installation(enterprise);
            assert_eq!(installation.identity_of_actor("U1", Some("T1")), Some(installation.identity("U1")));
        }
        let grid = installation(Some("E1"));
        assert_eq!(grid.identity_of_actor("U1", Some("E1")), Some(grid.identity("U1")));
    }

    #[test]
    fn a_user_of_another_team_is_nobody_of_ours_even_with_the_same_id() {
        for enterprise in [None, Some("E1")] {
            let installation = installation(enterprise);
            let stranger = installation.identity_of_actor("U1", Some("T2")).unwrap();
            assert_eq!(stranger, SlackIdentity { org: "T2".into(), user: "U1".into() });
            assert_ne!(stranger, installation.identity("U1"));
        }
    }

    #[test]
    fn without_a_users_team_nothing_is_proven() {
        assert_eq!(installation(Some("E1")).identity_of_actor("U1", None), None);
        assert_eq!(installation(None).identity_of_actor("U1", Some("")), None);
    }
}
