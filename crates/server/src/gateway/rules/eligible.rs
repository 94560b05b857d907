//! Who could decide a request now.

use std::collections::BTreeSet;

use countersign_approval::{
    AskPolicy, Combine, GroupName, Person, Requester, StoreError, Verdict, Voters, policy::Requirement,
};

use crate::gateway::state::Gateway;

/// The people who could say yes to a request now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Eligible {
    /// Each of them.
    pub(crate) people: Vec<Person>,
    /// Why it can never be approved as things are, for people; empty when it can.
    pub(crate) warnings: Vec<String>,
}

impl Eligible {
    /// Who could say yes to a request of this person under this policy.
    pub(crate) async fn find(gateway: &Gateway, policy: &AskPolicy, requester: &Requester) -> Result<Self, StoreError> {
        let mut people = named_by_group(gateway, policy).await?;
        for requirement in &policy.requirements {
            let Voters::Person(id) = &requirement.voters else { continue };
            let known = people.iter().any(|person| person.id == *id);
            if let (false, Some(account)) = (known, gateway.store().account(id).await?) {
                people.push(account.person);
            }
        }
        people.retain(|person| policy.eligibility(requester, person, Verdict::Approve).is_ok());
        people.sort_by(|one, other| one.id.cmp(&other.id));
        let warnings = obstacles(policy, &people);
        Ok(Self { people, warnings })
    }
}

async fn named_by_group(gateway: &Gateway, policy: &AskPolicy) -> Result<Vec<Person>, StoreError> {
    let groups: BTreeSet<GroupName> = policy
        .requirements
        .iter()
        .filter_map(|requirement| match &requirement.voters {
            Voters::Group(group) => Some(group.clone()),
            Voters::Person(_) => None,
        })
        .collect();
    if groups.is_empty() { Ok(Vec::new()) } else { gateway.store().people_in(&groups).await }
}

/// What keeps a policy from ever being fulfilled by these people.
fn obstacles(policy: &AskPolicy, people: &[Person]) -> Vec<String> {
    let count = |requirement: &Requirement| people.iter().filter(|person| requirement.voters.include(person)).count();
    let short: Vec<String> = policy
        .requirements
        .iter()
        .filter(|requirement| count(requirement) < requirement.min.max(1) as usize)
        .map(|requirement| obstacle(requirement, count(requirement)))
        .collect();
    let blocked = match policy.combine {
        Combine::AllOf => !short.is_empty(),
        Combine::AnyOf => short.len() == policy.requirements.len(),
    };
    if blocked {
        return short;
    }
    if people.len() < policy.min_people as usize {
        return vec![format!(
            "{} different people must approve, but only {} could now",
            policy.min_people,
            people.len()
        )];
    }
    Vec::new()
}

fn obstacle(requirement: &Requirement, there: usize) -> String {
    match &requirement.voters {
        Voters::Group(group) if there == 0 => format!("nobody in group {group} could approve this now"),
        Voters::Group(group) => {
            format!("{} people of group {group} must approve, but only {there} could now", requirement.min)
        }
        Voters::Person(person) => format!("{person} must approve, but cannot now"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use countersign_approval::{PersonId, SelfApproval};

    use super::*;

    fn person(id: &str, groups: &[&str]) -> Person {
        let groups = groups.iter().map(|group| GroupName::new(*group)).collect();
        Person { id: PersonId::new(id), name: id.into(), email: None, groups, active: true }
    }

    fn policy(combine: Combine, min_people: u32, groups: &[(&str, u32)]) -> AskPolicy {
        let requirements = groups
            .iter()
            .map(|(group, min)| Requirement { voters: Voters::Group(GroupName::new(*group)), min: *min })
            .collect();
        AskPolicy {
            requirements,
            combine,
            min_people,
            self_approval: SelfApproval::Refused,
            ttl: Duration::from_hours(1),
            max_duration: None,
            channels: Vec::new(),
            reason_required: false,
            claim_within: None,
            break_glass: BTreeSet::new(),
        }
    }

    #[test]
    fn an_empty_group_is_an_obstacle_when_all_are_needed() {
        let people = [person("alice", &["sre"])];
        let all = policy(Combine::AllOf, 1, &[("sre", 1), ("dba", 1)]);
        assert_eq!(obstacles(&all, &people), ["nobody in group dba could approve this now"]);
        assert!(obstacles(&policy(Combine::AnyOf, 1, &[("sre", 1), ("dba", 1)]), &people).is_empty());
        assert_eq!(obstacles(&policy(Combine::AnyOf, 1, &[("sre", 1), ("dba", 1)]), &[]).len(), 2);
    }

    #[test]
    fn too_few_people_are_an_obstacle() {
        let people = [person("alice", &["sre", "dba"])];
        let two_of_sre = policy(Combine::AllOf, 1, &[("sre", 2)]);
        assert_eq!(obstacles(&two_of_sre, &people), ["2 people of group sre must approve, but only 1 could now"]);
        let two_people = policy(Combine::AllOf, 2, &[("sre", 1), ("dba", 1)]);
        assert_eq!(obstacles(&two_people, &people), ["2 different people must approve, but only 1 could now"]);
        assert!(obstacles(&policy(Combine::AllOf, 1, &[("sre", 1), ("dba", 1)]), &people).is_empty());
    }
}
