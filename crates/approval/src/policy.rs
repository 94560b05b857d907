//! Policies: who must say yes before something happens. Pure functions; no policy reads a clock or a database.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    id::{GroupName, PersonId},
    person::Person,
    request::{Destination, Requester},
    vote::Verdict,
};

/// A rule about requests: what it matches, and what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name, shown to people who wonder why they were asked.
    pub name: String,
    /// What it is about.
    pub matches: Matches,
    /// What follows.
    pub effect: Effect,
}

/// Which requests a policy is about; all three must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matches {
    /// The doors it covers; empty covers every door.
    pub doors: Vec<Door>,
    /// Pattern for the tool or connection, `*` standing for any run of characters.
    pub target: String,
    /// The requester is in one of these groups; empty matches everybody.
    pub groups: BTreeSet<GroupName>,
}

/// The way a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// A coding agent's hook.
    Hook,
    /// A command on a connection.
    Exec,
    /// Access to a connection.
    Connect,
    /// A command on the asking machine.
    Guard,
    /// A security remediation.
    Remediation,
}

/// What follows when a policy matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Goes ahead, recorded.
    Allow,
    /// Does not, recorded.
    Deny {
        /// Told to the requester.
        reason: String,
    },
    /// People are asked.
    Ask(AskPolicy),
}

/// How people are asked, stored with the request: a later change of policy never changes what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskPolicy {
    /// Who must say yes.
    pub requirements: Vec<Requirement>,
    /// All of the requirements, or any.
    pub combine: Combine,
    /// How many different people must have said yes, over all requirements.
    pub min_people: u32,
    /// Whether the requester's own yes counts.
    pub self_approval: SelfApproval,
    /// How long the request may stay open.
    pub ttl: Duration,
    /// Longest window of access that may be asked for; `None` where it does not apply.
    pub max_duration: Option<Duration>,
    /// Where the request is shown.
    pub channels: Vec<Destination>,
    /// Whether a denial must carry a reason.
    pub reason_required: bool,
    /// How long an approval may wait to be used; [`crate::CLAIM_WITHIN`] when nothing is said.
    #[serde(default)]
    pub claim_within: Option<Duration>,
    /// Groups whose people may go ahead in an emergency without approval.
    #[serde(default)]
    pub break_glass: BTreeSet<GroupName>,
}

/// A number of people from one set of voters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// From whom.
    pub voters: Voters,
    /// How many of them.
    pub min: u32,
}

/// A set of voters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voters {
    /// Everybody in a group.
    Group(GroupName),
    /// One person: the approver of somebody's own coding agent.
    Person(PersonId),
}

/// How requirements are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Every requirement.
    AllOf,
    /// One is enough.
    AnyOf,
}

/// Whether the requester's own yes counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfApproval {
    /// It counts.
    Allowed,
    /// It does not.
    Refused,
}

/// A vote with its voter as they are now.
#[derive(Clone, Debug)]
pub struct Ballot {
    /// The voter, with their present groups.
    pub person: Person,
    /// What they said.
    pub verdict: Verdict,
}

/// What the votes so far amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Evaluation {
    /// Not yet; these requirements are open.
    Open {
        /// What is still missing. Empty when only `min_people` is not reached.
        missing: Vec<Requirement>,
    },
    /// Everything required is there.
    Approved,
    /// Somebody eligible said no.
    Denied {
        /// Who.
        by: PersonId,
    },
}

/// Why somebody's vote is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ineligible {
    /// Nobody here has that Slack identity.
    #[error("this Slack account is not known here")]
    Unknown,
    /// The person has left.
    #[error("this person is no longer active")]
    Inactive,
    /// The policy does not name the person.
    #[error("the policy names other approvers")]
    NotAnApprover,
    /// The person asked for it themselves.
    #[error("the requester cannot approve their own request")]
    OwnRequest,
}

impl Policy {
    /// Whether the policy is about such a request.
    pub fn covers(&self, door: Door, target: &str, groups: &BTreeSet<GroupName>) -> bool {
        let door_fits = self.matches.doors.is_empty() || self.matches.doors.contains(&door);
        let groups_fit = self.matches.groups.is_empty() || !self.matches.groups.is_disjoint(groups);
        door_fits && groups_fit && pattern_matches(&self.matches.target, target)
    }
}

/// The effect for a request: the first policy that covers it; none covering it denies.
pub fn select<'a>(
    policies: &'a [Policy],
    door: Door,
    target: &str,
    groups: &BTreeSet<GroupName>,
) -> Option<&'a Policy> {
    policies.iter().find(|policy| policy.covers(door, target, groups))
}

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters. Linear in both.
pub fn pattern_matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

impl Voters {
    /// Whether somebody belongs to this set now.
    pub fn include(&self, person: &Person) -> bool {
        match self {
            Self::Group(group) => person.groups.contains(group),
            Self::Person(id) => person.id == *id,
        }
    }
}

impl AskPolicy {
    /// Whether this person's vote is taken.
    pub fn eligibility(&self, requester: &Requester, person: &Person, verdict: Verdict) -> Result<(), Ineligible> {
        if !person.active {
            return Err(Ineligible::Inactive);
        }
        if !self.names(person) {
            return Err(Ineligible::NotAnApprover);
        }
        // Their own no is welcome: it can only make the outcome safer.
        let own = requester.person() == Some(&person.id);
        if own && self.self_approval == SelfApproval::Refused && verdict == Verdict::Approve {
            return Err(Ineligible::OwnRequest);
        }
        Ok(())
    }

    /// Whether this person may go ahead without approval in an emergency.
    pub fn may_break_glass(&self, person: &Person) -> bool {
        person.active && !self.break_glass.is_disjoint(&person.groups)
    }

    fn names(&self, person: &Person) -> bool {
        self.requirements.iter().any(|requirement| requirement.voters.include(person))
    }
}

/// What the votes amount to, judged by the policy as it was when asked and the voters as they are now.
pub fn evaluate(policy: &AskPolicy, requester: &Requester, ballots: &[Ballot]) -> Evaluation {
    let counted: Vec<&Ballot> =
        ballots.iter().filter(|ballot| policy.eligibility(requester, &ballot.person, ballot.verdict).is_ok()).collect();
    if let Some(denial) = counted.iter().find(|ballot| ballot.verdict == Verdict::Deny) {
        return Evaluation::Denied { by: denial.person.id.clone() };
    }
    let people: BTreeSet<&PersonId> = counted.iter().map(|ballot| &ballot.person.id).collect();
    let missing = missing(policy, &counted);
    let met = match policy.combine {
        // A policy without requirements names nobody, so nobody can fulfil it.
        Combine::AllOf => missing.is_empty() && !policy.requirements.is_empty(),
        Combine::AnyOf => missing.len() < policy.requirements.len(),
    };
    if met && people.len() >= policy.min_people.max(1) as usize {
        Evaluation::Approved
    } else {
        Evaluation::Open { missing }
    }
}

fn missing(policy: &AskPolicy, approvals: &[&Ballot]) -> Vec<Requirement> {
    policy
        .requirements
        .iter()
        .filter(|requirement| {
            let people: BTreeSet<&PersonId> = approvals
                .iter()
                .filter(|ballot| requirement.voters.include(&ballot.person))
                .map(|ballot| &ballot.person.id)
                .collect();
            // A minimum of nought would approve by itself.
            people.len() < requirement.min.max(1) as usize
        })
        .cloned()
        .collect()
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
