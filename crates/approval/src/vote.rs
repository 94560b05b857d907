//! Votes: one per person and request.

use serde::{Deserialize, Serialize};

use crate::{id::PersonId, person::SlackIdentity, time::Timestamp};

/// What somebody said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No. One eligible no is enough.
    Deny,
}

impl Verdict {
    /// The word as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

/// Whose vote it is, as far as it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voter {
    /// Somebody who clicked in Slack.
    Slack(SlackIdentity),
    /// Somebody who is signed in here.
    Person(PersonId),
}

impl From<SlackIdentity> for Voter {
    fn from(identity: SlackIdentity) -> Self {
        Self::Slack(identity)
    }
}

impl From<PersonId> for Voter {
    fn from(person: PersonId) -> Self {
        Self::Person(person)
    }
}

/// A person's vote on a request. An approval may become a denial, never the reverse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Whose.
    pub person: PersonId,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why, in their words.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}
