//! What approvers and requesters see of commands and access, as snapshots.

use std::{collections::BTreeSet, time::Duration};

use countersign_approval::{
    Access, ApprovedBy, AskPolicy, Blob, CancelledBy, Combine, Command, DeniedBy, Destination, Digest, EnvValue,
    FileDigest, Grant, GroupName, Local, Person, PersonId, Request, RequestState, Requester, Requirement, SelfApproval,
    Subject, Timestamp, Verdict, Vote, Voters, port::Dossier,
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{Message, Standings, message, notice, ran_notice, review_file, review_modal};

const ASKED: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn ada() -> PersonId {
    PersonId::new("ada@example.org")
}

fn carol() -> PersonId {
    PersonId::new("carol@example.org")
}

fn dave() -> PersonId {
    PersonId::new("dave@example.org")
}

fn person(id: PersonId, name: &str, groups: &[&str]) -> Person {
    let groups = groups.iter().map(|group| GroupName::new(*group)).collect();
    Person { email: Some(id.as_str().to_owned()), id, name: name.to_owned(), groups, active: true }
}

fn command(argv: &[&str], input: &[u8]) -> Subject {
    Subject::Command(Command {
        connection: "pg-prod".into(),
        revision: 3,
        agent: "db1".into(),
        argv: argv.iter().map(|argument| (*argument).to_owned()).collect(),
        input: Blob::from(input.to_vec()),
        env: vec![
            EnvValue { name: "PGHOST".into(), value_hash: "00".into() },
            EnvValue { name: "PGPASSWORD".into(), value_hash: "11".into() },
        ],
        requester: ada(),
    })
}

fn access() -> Subject {
    Subject::Access(Access {
        connection: "bash-jit".into(),
        revision: 1,
        requester: ada(),
        duration: Duration::from_mins(30),
    })
}

fn request(subject: Subject) -> Request {
    let group = |name: &str| Requirement { voters: Voters::Group(GroupName::new(name)), min: 1 };
    Request {
        id: "0190a1b2c3d4e5f60718293a4b5c6d7e".parse().unwrap(),
        key: "11111111111111111111111111111111".parse().unwrap(),
        token: "22222222222222222222222222222222".parse().unwrap(),
        digest: Digest::of(&subject),
        subject,
        requester: Requester::Person(ada()),
        policy: AskPolicy {
            requirements: vec![group("sre"), group("dba")],
            combine: Combine::AllOf,
            min_people: 2,
            self_approval: SelfApproval::Refused,
            ttl: Duration::from_hours(1),
            max_duration: None,
            channels: vec![Destination::new("C1"), Destination::new("C2")],
            reason_required: false,
            claim_within: Some(Duration::from_hours(1)),
            break_glass: BTreeSet::new(),
        },
        reason: Some("INC-7: the <!channel> invoices are *late*".into()),
        asked_at: ASKED,
        expires_at: ASKED.plus(Duration::from_hours(1)),
        state: RequestState::Pending,
        version: 1,
    }
}

fn dossier(subject: Subject) -> Dossier {
    let people = vec![
        person(ada(), "Ada Lovelace", &["sre"]),
        person(carol(), "Carol", &["sre"]),
        person(dave(), "Dave", &["dba"]),
    ];
    Dossier { request: request(subject), votes: vec![], people, grant: None }
}

fn vote(person: PersonId) -> Vote {
    Vote { person, verdict: Verdict::Approve, reason: None, at: ASKED }
}

fn approved(subject: Subject, grant: Grant) -> Dossier {
    let mut dossier = dossier(subject);
    dossier.votes = vec![vote(carol()), vote(dave())];
    dossier.request.state = RequestState::Approved { at: ASKED, by: ApprovedBy::Votes(vec![carol(), dave()]) };
    dossier.grant = Some(grant);
    dossier
}

fn psql() -> Subject {
    command(&["psql", "-c", "select 1"], b"\\dt\nselect * from invoice;\n")
}

fn json_of(drawn: &Message) -> Value {
    let blocks = serde_json::to_value(&drawn.blocks).unwrap();
    countersign_slack::blocks::validate_blocks(&blocks, countersign_slack::blocks::Surface::Message).unwrap();
    json!({ "text": drawn.text.as_str(), "blocks": blocks })
}

fn drawn(dossier: &Dossier) -> Value {
    json_of(&message(dossier).unwrap())
}

#[test]
fn a_pending_command_shows_everything_and_who_must_approve() {
    insta::assert_json_snapshot!("command_pending", drawn(&dossier(psql())));
}

#[test]
fn a_partial_approval_is_shown() {
    let mut partial = dossier(psql());
    partial.votes = vec![vote(carol())];
    insta::assert_json_snapshot!("command_partly_approved", drawn(&partial));
}

#[rstest]
#[case::issued("issued", Grant::issue_within(ASKED, Duration::from_hours(1)))]
#[case::finished("finished", Grant::Finished { at: ASKED, status: "exit code 0".into() })]
#[case::unknown("unknown", Grant::Unknown { at: ASKED, why: "the agent did not come back".into() })]
#[case::lapsed("lapsed", Grant::Lapsed { at: ASKED })]
#[case::revoked("revoked", Grant::Revoked { at: ASKED })]
fn an_approved_command_says_what_became_of_it(#[case] name: &str, #[case] grant: Grant) {
    let dossier = approved(psql(), grant);
    let notice = notice(&dossier).unwrap().unwrap();
    let ran = ran_notice(&dossier).map(|ran| json_of(&ran.unwrap()));
    let all = json!({ "message": drawn(&dossier), "to_the_requester": json_of(&notice), "in_the_thread": ran });
    insta::assert_json_snapshot!(format!("command_{name}"), all);
}

#[rstest]
#[case::denied("denied", RequestState::Denied { at: ASKED, by: DeniedBy::Person(dave()), reason: Some("not today".into()) })]
#[case::expired("expired", RequestState::Expired { at: ASKED })]
#[case::cancelled("cancelled", RequestState::Cancelled { at: ASKED, by: CancelledBy::Requester(ada()) })]
fn a_command_that_is_not_to_be_says_so(#[case] name: &str, #[case] state: RequestState) {
    let mut dossier = dossier(psql());
    dossier.request.state = state;
    assert!(ran_notice(&dossier).is_none());
    let notice = notice(&dossier).unwrap().unwrap();
    let all = json!({ "message": drawn(&dossier), "to_the_requester": json_of(&notice) });
    insta::assert_json_snapshot!(format!("command_{name}"), all);
}

#[rstest]
#[case::active("active", Grant::Active { from: ASKED, until: ASKED.plus(Duration::from_mins(30)) })]
#[case::ended("ended", Grant::Ended { at: ASKED, why: "its time was over".into() })]
fn access_says_until_when(#[case] name: &str, #[case] grant: Grant) {
    let dossier = approved(access(), grant);
    let notice = notice(&dossier).unwrap().unwrap();
    let ran = ran_notice(&dossier).map(|ran| json_of(&ran.unwrap()));
    let all = json!({ "message": drawn(&dossier), "to_the_requester": json_of(&notice), "in_the_thread": ran });
    insta::assert_json_snapshot!(format!("access_{name}"), all);
}

#[test]
fn pending_access_and_guarded_commands_have_their_messages() {
    insta::assert_json_snapshot!("access_pending", drawn(&dossier(access())));
    let local = Subject::Local(Local {
        machine: "ci-7".into(),
        user: "runner".into(),
        cwd: "/srv/deploy".into(),
        argv: vec!["terraform".into(), "apply".into(), "plan file".into()],
        files: vec![FileDigest { path: "/usr/bin/terraform".into(), sha256: "ab".repeat(32) }],
    });
    insta::assert_json_snapshot!("local_pending", drawn(&dossier(local)));
}

#[test]
fn an_emergency_is_named() {
    let mut dossier = approved(psql(), Grant::issue_within(ASKED, Duration::from_hours(1)));
    dossier.votes.clear();
    dossier.request.state = RequestState::Approved { at: ASKED, by: ApprovedBy::BreakGlass(ada()) };
    let text = drawn(&dossier).to_string();
    assert!(text.contains("in an emergency by Ada Lovelace"), "{text}");
}

#[test]
fn only_names_of_the_environment_are_shown() {
    let text = drawn(&dossier(psql())).to_string();
    assert!(text.contains("PGPASSWORD") && !text.contains("\"11\"") && !text.contains("value_hash"), "{text}");
}

#[rstest]
#[case::long_input(command(&["bash"], "x".repeat(5000).as_bytes()))]
#[case::many_arguments(command(&["x\n"; 100], b""))]
#[case::hidden_input(command(&["bash"], "\u{202e}".repeat(1000).as_bytes()))]
fn what_does_not_fit_has_to_be_reviewed(#[case] subject: Subject) {
    let long = dossier(subject);
    let text = drawn(&long).to_string();
    assert!(text.contains("countersign:review") && !text.contains("countersign:approve"), "{text}");
    let view = serde_json::to_value(review_modal(&long.request, None).unwrap()).unwrap();
    countersign_slack::blocks::validate_view(&view).unwrap();
    assert!(review_file(&long.request).ends_with(&format!("Digest: {}\n", long.request.digest)));
}

#[test]
fn what_is_missing_is_counted() {
    let mut partial = dossier(psql());
    assert_eq!(Standings::of(&partial).missing(), ["1 of sre", "1 of dba"]);
    // The requester's own yes does not count, though she is in the group.
    partial.votes = vec![vote(ada())];
    assert_eq!(Standings::of(&partial).missing(), ["1 of sre", "1 of dba"]);
    partial.votes = vec![vote(carol())];
    assert_eq!(Standings::of(&partial).missing(), ["1 of dba"]);
    partial.request.policy.combine = Combine::AnyOf;
    assert_eq!(Standings::of(&partial).missing(), ["1 more of the approvers"]);
    partial.request.policy.min_people = 1;
    assert!(Standings::of(&partial).missing().is_empty());
    partial.votes.clear();
    assert_eq!(Standings::of(&partial).missing(), ["1 of sre or 1 of dba"]);
}

#[test]
fn a_hundred_groups_fit_a_message() {
    let mut many = dossier(psql());
    let group = |n: usize| Requirement { voters: Voters::Group(GroupName::new(format!("group{n}"))), min: 1 };
    many.request.policy.requirements = (0..100).map(group).collect();
    assert!(drawn(&many).to_string().contains("and 80 more"));
}
