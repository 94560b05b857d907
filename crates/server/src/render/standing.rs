//! Who has agreed to a request, and who still has to.

use std::collections::BTreeSet;

use countersign_approval::{Combine, Person, PersonId, Verdict, Voters, port::Dossier};

use super::{status::name, visible};

/// One requirement of a policy, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// From whom: a group's name, or a person's.
    pub who: String,
    /// How many of them have to agree.
    pub needed: u32,
    /// Who of them has agreed.
    pub agreed: Vec<String>,
}

/// How a request stands with its approvers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standings {
    /// Each requirement.
    pub each: Vec<Standing>,
    /// Whether all are needed, or one.
    pub combine: Combine,
    /// How many different people are needed in all, and how many have agreed.
    pub people: (u32, u32),
}

impl Standing {
    /// How many more have to agree.
    pub fn missing(&self) -> u32 {
        let agreed = u32::try_from(self.agreed.len()).unwrap_or(u32::MAX);
        self.needed.saturating_sub(agreed)
    }
}

impl Standings {
    /// How a request stands, by the votes that count now.
    pub fn of(dossier: &Dossier) -> Self {
        let policy = &dossier.request.policy;
        let agreed: Vec<&Person> = agreed(dossier);
        let each = policy
            .requirements
            .iter()
            .map(|requirement| Standing {
                who: voters_name(&dossier.people, &requirement.voters),
                needed: requirement.min.max(1),
                agreed: agreed
                    .iter()
                    .filter(|person| requirement.voters.include(person))
                    .map(|person| visible(&person.name))
                    .collect(),
            })
            .collect();
        let people = u32::try_from(agreed.len()).unwrap_or(u32::MAX);
        Self { each, combine: policy.combine, people: (policy.min_people.max(1), people) }
    }

    /// What is still missing, for people: e.g. `1 of sre`.
    pub fn missing(&self) -> Vec<String> {
        let open: Vec<String> = self
            .each
            .iter()
            .filter(|standing| standing.missing() > 0)
            .map(|standing| format!("{} of {}", standing.missing(), standing.who))
            .collect();
        let met = self.combine == Combine::AnyOf && open.len() < self.each.len();
        let mut missing = match (self.combine, met) {
            (_, true) => Vec::new(),
            (Combine::AnyOf, false) => vec![open.join(" or ")],
            (Combine::AllOf, false) => open,
        };
        let (needed, have) = self.people;
        if missing.is_empty() && have < needed {
            missing.push(format!("{} more of the approvers", needed - have));
        }
        missing
    }
}

/// Whose yes counts: active, named by the policy, not their own request unless that is allowed.
fn agreed(dossier: &Dossier) -> Vec<&Person> {
    let request = &dossier.request;
    let mut seen: BTreeSet<&PersonId> = BTreeSet::new();
    dossier
        .votes
        .iter()
        .filter(|vote| vote.verdict == Verdict::Approve && seen.insert(&vote.person))
        .filter_map(|vote| dossier.people.iter().find(|person| person.id == vote.person))
        .filter(|person| request.policy.eligibility(&request.requester, person, Verdict::Approve).is_ok())
        .collect()
}

/// The groups and people who can decide, for texts.
pub(crate) fn approvers(dossier: &Dossier) -> String {
    let names: Vec<String> = dossier
        .request
        .policy
        .requirements
        .iter()
        .map(|requirement| voters_name(&dossier.people, &requirement.voters))
        .collect();
    names.join(", ")
}

fn voters_name(people: &[Person], voters: &Voters) -> String {
    match voters {
        Voters::Group(group) => visible(group.as_str()),
        Voters::Person(person) => name(people, person),
    }
}
