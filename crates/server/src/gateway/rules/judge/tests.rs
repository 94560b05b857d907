use countersign_approval::{Policy, Timestamp, policy::Matches};
use countersign_gateway::{Plugin, PolicySource, wire::api::PluginInput};
use rstest::rstest;

use super::*;

fn connection(name: &str) -> Connection {
    let target = Target::CommandLine { argv: vec!["bash".into()] };
    Connection {
        name: name.parse().unwrap(),
        revision: 1,
        agent: "default".parse().unwrap(),
        target,
        env: Vec::new(),
        changed_at: Timestamp::from_micros(0),
    }
}

fn plugin(name: &str, connections: &str) -> Vec<StoredPolicy> {
    let input = PluginInput { connections: vec![connections.to_owned()], ..PluginInput::default() };
    match Plugin::parse(name, &input).unwrap() {
        Plugin::Approvals(plugin) => plugin.policies(),
        Plugin::Slack(_) => panic!("writes no policies"),
    }
}

fn policy(name: &str, doors: &[Door], target: &str, groups: &[&str], effect: Effect) -> StoredPolicy {
    let groups = groups.iter().map(|group| GroupName::new(*group)).collect();
    let matches = Matches { doors: doors.to_vec(), target: target.into(), groups };
    StoredPolicy { priority: 0, source: PolicySource::Policy, policy: Policy { name: name.into(), matches, effect } }
}

fn deny() -> Effect {
    Effect::Deny { reason: "closed".into() }
}

fn decided(policies: &[StoredPolicy], name: &str, verb: Verb, groups: &[&str]) -> Decision {
    let groups = groups.iter().map(|group| GroupName::new(*group)).collect();
    let connection = connection(name);
    judge(&Question { policies, groups: &groups, connection: &connection, verb, duration: None }, true)
}

fn works(decision: &Decision) -> Option<Verb> {
    match decision {
        Decision::Refused { works, .. } => *works,
        other => panic!("not refused: {other:?}"),
    }
}

fn is_asked(decision: &Decision, policy: &str) -> bool {
    matches!(decision, Decision::Ask(asking) if asking.name == policy)
}

#[test]
fn review_governs_exec_and_jit_connect() {
    let mut policies = plugin("review", "bash:sre");
    policies.extend(plugin("jit", "bash:sre"));
    assert!(is_asked(&decided(&policies, "bash", Verb::Exec, &[]), "review/bash"));
    assert!(is_asked(&decided(&policies, "bash", Verb::Connect, &[]), "jit/bash"));
}

#[test]
fn a_verb_without_its_plugin_is_refused_and_the_one_that_works_is_named() {
    let review = plugin("review", "bash:sre");
    let refused = decided(&review, "bash", Verb::Connect, &[]);
    assert_eq!(works(&refused), Some(Verb::Exec));
    let Decision::Refused { why, .. } = refused else { unreachable!() };
    assert_eq!(
        why,
        "connect is not possible on connection bash: only exec is governed there (plugin review), use `exec bash`"
    );
    let jit = plugin("jit", "bash:sre");
    assert_eq!(works(&decided(&jit, "bash", Verb::Exec, &[])), Some(Verb::Connect));
}

#[test]
fn a_verb_beside_a_denied_one_is_refused_and_nothing_works() {
    let policies = [policy("no", &[Door::Exec], "bash", &[], deny())];
    assert_eq!(works(&decided(&policies, "bash", Verb::Connect, &[])), None);
    assert_eq!(works(&decided(&policies, "bash", Verb::Exec, &[])), None);
}

#[test]
fn what_no_policy_is_about_is_the_servers_choice() {
    let policies = plugin("review", "other:sre");
    assert_eq!(decided(&policies, "bash", Verb::Exec, &[]), Decision::Allowed { policy: None });
    let groups = BTreeSet::new();
    let connection = connection("bash");
    let question =
        Question { policies: &policies, groups: &groups, connection: &connection, verb: Verb::Exec, duration: None };
    assert_eq!(works(&judge(&question, false)), None);
}

#[test]
fn the_first_that_covers_decides() {
    let mut policies = vec![
        policy("admins", &[], "*", &["admin"], Effect::Allow),
        policy("contractors", &[Door::Exec], "ba*", &["ext"], deny()),
    ];
    policies.extend(plugin("review", "bash:sre"));
    let allowed = Decision::Allowed { policy: Some("admins".into()) };
    assert_eq!(decided(&policies, "bash", Verb::Exec, &["admin", "ext"]), allowed);
    let denied = decided(&policies, "bash", Verb::Exec, &["ext"]);
    assert_eq!(works(&denied), None);
    assert!(matches!(denied, Decision::Refused { why, .. } if why.contains("policy contractors: closed")));
    assert!(is_asked(&decided(&policies, "bash", Verb::Exec, &["dev"]), "review/bash"));
}

#[test]
fn a_policy_for_some_leaves_the_others_both_verbs() {
    let policies = [policy("ext", &[Door::Exec], "bash", &["ext"], deny())];
    assert_eq!(decided(&policies, "bash", Verb::Connect, &["dev"]), Decision::Allowed { policy: None });
    assert_eq!(works(&decided(&policies, "bash", Verb::Connect, &["ext"])), None);
}

#[test]
fn nothing_is_executed_on_a_port() {
    let mut tcp = connection("pg");
    tcp.target = Target::Tcp { host: "127.0.0.1".into(), port: 5432 };
    let groups = BTreeSet::new();
    let policies = plugin("review", "pg:dba");
    let question =
        Question { policies: &policies, groups: &groups, connection: &tcp, verb: Verb::Exec, duration: None };
    assert_eq!(works(&judge(&question, true)), Some(Verb::Connect));
    let connect = Question { verb: Verb::Connect, ..question };
    assert_eq!(works(&judge(&connect, true)), None, "exec is governed, but does not work on a port");
}

#[rstest]
#[case::nothing_said(None, Ok(1_800))]
#[case::shortest(Some(60), Ok(60))]
#[case::too_short(Some(59), Err("less than a minute"))]
#[case::zero(Some(0), Err("less than a minute"))]
#[case::longest(Some(172_800), Ok(172_800))]
#[case::too_long(Some(172_801), Err("at most 2d"))]
#[case::far_too_long(Some(u64::MAX), Err("at most 2d"))]
fn access_is_as_long_as_the_policy_gives(#[case] seconds: Option<u64>, #[case] expected: Result<u64, &str>) {
    let policies = plugin("jit", "bash:sre");
    let groups = BTreeSet::new();
    let connection = connection("bash");
    let duration = seconds.map(Duration::from_secs);
    let question =
        Question { policies: &policies, groups: &groups, connection: &connection, verb: Verb::Connect, duration };
    match (judge(&question, true), expected) {
        (Decision::Ask(asking), Ok(seconds)) => assert_eq!(asking.duration.as_secs(), seconds),
        (Decision::Refused { why, invalid: true, .. }, Err(part)) => assert!(why.contains(part), "{why}"),
        (other, _) => panic!("{other:?}"),
    }
}
