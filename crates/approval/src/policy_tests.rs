use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn person(id: &str, groups: &[&str]) -> Person {
    Person {
        id: PersonId::new(id),
        name: id.to_owned(),
        email: None,
        groups: groups.iter().map(|&group| GroupName::new(group)).collect(),
        active: true,
    }
}

fn yes(id: &str, groups: &[&str]) -> Ballot {
    Ballot { person: person(id, groups), verdict: Verdict::Approve }
}

fn no(id: &str, groups: &[&str]) -> Ballot {
    Ballot { person: person(id, groups), verdict: Verdict::Deny }
}

fn group(name: &str, min: u32) -> Requirement {
    Requirement { voters: Voters::Group(GroupName::new(name)), min }
}

fn policy(requirements: Vec<Requirement>, combine: Combine, min_people: u32) -> AskPolicy {
    AskPolicy {
        requirements,
        combine,
        min_people,
        self_approval: SelfApproval::Refused,
        ttl: Duration::from_mins(5),
        max_duration: None,
        channels: vec![],
        reason_required: false,
        claim_within: None,
        break_glass: BTreeSet::new(),
    }
}

fn rita() -> Requester {
    Requester::Person(PersonId::new("rita"))
}

#[rstest]
#[case::nobody_yet(vec![], false)]
#[case::one_of_two_groups(vec![yes("a", &["sre"])], false)]
#[case::one_person_in_both_groups(vec![yes("a", &["sre", "dba"])], true)]
#[case::two_people(vec![yes("a", &["sre"]), yes("b", &["dba"])], true)]
#[case::somebody_from_elsewhere(vec![yes("a", &["sre"]), yes("b", &["sales"])], false)]
fn all_of_needs_every_group(#[case] ballots: Vec<Ballot>, #[case] approved: bool) {
    let policy = policy(vec![group("sre", 1), group("dba", 1)], Combine::AllOf, 1);
    assert_eq!(evaluate(&policy, &rita(), &ballots) == Evaluation::Approved, approved);
}

#[test]
fn any_of_needs_one_group() {
    let policy = policy(vec![group("sre", 2), group("dba", 1)], Combine::AnyOf, 1);
    assert_eq!(evaluate(&policy, &rita(), &[yes("a", &["dba"])]), Evaluation::Approved);
    assert!(
        matches!(evaluate(&policy, &rita(), &[yes("a", &["sre"])]), Evaluation::Open { missing } if missing.len() == 2)
    );
}

#[test]
fn min_people_counts_different_people() {
    let policy = policy(vec![group("sre", 1)], Combine::AllOf, 2);
    assert!(matches!(evaluate(&policy, &rita(), &[yes("a", &["sre"]), yes("a", &["sre"])]), Evaluation::Open { .. }));
    assert_eq!(evaluate(&policy, &rita(), &[yes("a", &["sre"]), yes("b", &["sre"])]), Evaluation::Approved);
}

#[test]
fn one_eligible_no_denies() {
    let policy = policy(vec![group("sre", 1)], Combine::AllOf, 1);
    let ballots = [yes("a", &["sre"]), no("b", &["sre"])];
    assert_eq!(evaluate(&policy, &rita(), &ballots), Evaluation::Denied { by: PersonId::new("b") });
}

#[test]
fn a_no_from_elsewhere_is_not_counted() {
    let policy = policy(vec![group("sre", 1)], Combine::AllOf, 1);
    assert_eq!(evaluate(&policy, &rita(), &[yes("a", &["sre"]), no("b", &["sales"])]), Evaluation::Approved);
}

#[test]
fn nobody_approves_their_own_request() {
    let policy = policy(vec![group("sre", 1)], Combine::AllOf, 1);
    let own = person("rita", &["sre"]);
    assert_eq!(policy.eligibility(&rita(), &own, Verdict::Approve), Err(Ineligible::OwnRequest));
    assert_eq!(policy.eligibility(&rita(), &own, Verdict::Deny), Ok(()));
    assert!(matches!(evaluate(&policy, &rita(), &[yes("rita", &["sre"])]), Evaluation::Open { .. }));
}

#[test]
fn somebody_who_left_decides_nothing() {
    let policy = policy(vec![group("sre", 1)], Combine::AllOf, 1);
    let mut gone = yes("a", &["sre"]);
    gone.person.active = false;
    assert!(matches!(evaluate(&policy, &rita(), &[gone]), Evaluation::Open { .. }));
}

#[rstest]
#[case::no_requirements(policy(vec![], Combine::AllOf, 0))]
#[case::no_alternatives(policy(vec![], Combine::AnyOf, 0))]
#[case::a_minimum_of_nought(policy(vec![group("sre", 0)], Combine::AllOf, 0))]
#[case::any_of_noughts(policy(vec![group("sre", 0)], Combine::AnyOf, 0))]
fn no_policy_approves_without_a_person(#[case] policy: AskPolicy) {
    assert!(matches!(evaluate(&policy, &rita(), &[]), Evaluation::Open { .. }));
}

#[rstest]
#[case::exact("Bash", "Bash", true)]
#[case::exact_is_whole("Bash", "BashX", false)]
#[case::all("*", "", true)]
#[case::prefix("mcp__*", "mcp__github__push", true)]
#[case::suffix("*-prod", "db-prod", true)]
#[case::middle("a*b*c", "a-b-b-c", true)]
#[case::overlap("ab*ba", "aba", false)]
#[case::empty("", "x", false)]
fn patterns(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
    assert_eq!(pattern_matches(pattern, text), expected);
}

#[test]
fn the_first_covering_policy_is_taken_and_none_is_none() {
    let rule = |name: &str, target: &str, effect| Policy {
        name: name.to_owned(),
        matches: Matches { doors: vec![Door::Hook], target: target.to_owned(), groups: BTreeSet::new() },
        effect,
    };
    let policies =
        [rule("no-pushes", "git_push", Effect::Deny { reason: "never".into() }), rule("rest", "git_*", Effect::Allow)];
    let none = BTreeSet::new();
    assert_eq!(select(&policies, Door::Hook, "git_push", &none).map(|p| p.name.as_str()), Some("no-pushes"));
    assert_eq!(select(&policies, Door::Hook, "git_log", &none).map(|p| p.name.as_str()), Some("rest"));
    assert_eq!(select(&policies, Door::Exec, "git_log", &none), None);
    assert_eq!(select(&policies, Door::Hook, "rm", &none), None);
}

fn ballots() -> impl Strategy<Value = Vec<Ballot>> {
    let groups = proptest::collection::vec(prop_oneof![Just("sre"), Just("dba"), Just("sales")], 0..3);
    let ballot = ("[a-e]", groups, any::<bool>(), any::<bool>()).prop_map(|(id, groups, approve, active)| Ballot {
        person: Person { active, ..person(&id, &groups) },
        verdict: if approve { Verdict::Approve } else { Verdict::Deny },
    });
    proptest::collection::vec(ballot, 0..8)
}

proptest! {
    #[test]
    fn approval_always_rests_on_an_eligible_yes(ballots in ballots(), all in any::<bool>(), min in 0u32..3) {
        let combine = if all { Combine::AllOf } else { Combine::AnyOf };
        let policy = policy(vec![group("sre", min), group("dba", 1)], combine, min);
        if evaluate(&policy, &rita(), &ballots) == Evaluation::Approved {
            let eligible = |ballot: &Ballot| {
                ballot.verdict == Verdict::Approve
                    && policy.eligibility(&rita(), &ballot.person, Verdict::Approve).is_ok()
            };
            prop_assert!(ballots.iter().any(eligible));
        }
    }

    #[test]
    fn a_further_eligible_no_always_denies(mut ballots in ballots()) {
        let policy = policy(vec![group("sre", 1)], Combine::AllOf, 1);
        ballots.push(no("z", &["sre"]));
        let denied = matches!(evaluate(&policy, &rita(), &ballots), Evaluation::Denied { .. });
        prop_assert!(denied);
    }
}
