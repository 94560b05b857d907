//! Users and their tokens.

use countersign_approval::Timestamp;
use serde::{Deserialize, Serialize};

use super::{duration::HumanDuration, secret::WireSecret};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their e-mail address, in lower case: what they are called everywhere.
    pub email: String,
    /// What to call them in texts.
    pub name: String,
    /// The groups they are in, sorted.
    pub groups: Vec<String>,
    /// Somebody inactive can do nothing.
    pub active: bool,
    /// The Slack accounts that are proven to be theirs.
    pub slack: Vec<SlackAccount>,
}

/// A Slack account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlackAccount {
    /// The enterprise's id where there is one, else the team's.
    pub org: String,
    /// The user's id in it.
    pub user: String,
}

/// A person as an administrator describes them. What is left out stays as it is; of a new person, and of one who had left, it
/// is the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserInput {
    /// Change a person who is there already.
    #[serde(default)]
    pub overwrite: bool,
    /// What to call them; the part before the `@` when nothing is said.
    #[serde(default)]
    pub name: Option<String>,
    /// Their groups, all of them.
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    /// The Slack user id that is theirs.
    #[serde(default)]
    pub slack_id: Option<String>,
    /// The team or enterprise of that Slack user; needed only when the app is installed in several.
    #[serde(default)]
    pub slack_team: Option<String>,
    /// Whether they may do anything at all. Made inactive they lose tokens, Slack accounts and open access, as when deleted.
    #[serde(default)]
    pub active: Option<bool>,
}

/// A token in a list: nobody sees the token itself again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    /// Its name, unique for its owner.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenInput {
    /// Its name.
    pub name: String,
    /// For how long it is good; for ever when nothing is said.
    #[serde(default)]
    pub expires_in: Option<HumanDuration>,
}

/// A token that was made, shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    /// The token.
    pub token: WireSecret,
    /// What lists show of it.
    pub view: TokenView,
}
