use countersign_approval::{GroupName, Person, SlackIdentity, Timestamp};

use super::*;
use crate::{
    apply::Document,
    connection::{Secret, SecretSource, Target},
    token::TokenHash,
};

const FILE: &str = "
users:
  alice@example.com: {name: Alice, groups: [sre, admin], slack_id: U012AB}
agents: {default: }
connections:
  bash: {agent: default, command: [bash], env: {PASSWORD: hunter2, REGION: 'env:REGION'}}
policies:
  night: {connection: 'prod-*', doors: [exec], deny: not at night}
plugins:
  review: {connections: ['bash:admin;sre']}
  slack: {config: {SLACK_BOT_TOKEN: xoxb-1, SLACK_APP_TOKEN: xapp-1, SLACK_CHANNEL: ops}, connections: [bash]}
";

fn desired(text: &str) -> Desired {
    Document::read(text).unwrap().try_into().unwrap()
}

/// Sealed by writing it backwards.
fn sealed(text: &str) -> String {
    text.chars().rev().collect()
}

fn planned(text: &str, state: &State) -> Result<Plan, Invalid> {
    let caller = PersonId::new("root@example.com");
    plan(&desired(text), state, &caller, &|_, known, secret| sealed(secret.expose()) == known)
}

/// The state that [`FILE`] leads to.
fn applied() -> State {
    let at = Timestamp::from_micros(0);
    let groups = ["admin", "sre"].map(GroupName::new).into();
    let id = PersonId::new("alice@example.com");
    let person = Person { id, name: "Alice".into(), email: None, groups, active: true };
    let identities = vec![SlackIdentity { org: "T1".into(), user: "U012AB".into() }];
    let agent = Agent {
        name: "default".parse().unwrap(),
        token: TokenHash::of("x"),
        created_at: at,
        seen_at: None,
        version: None,
    };
    let env = vec![
        Secret { name: "PASSWORD".into(), source: SecretSource::Sealed { sealed: sealed("hunter2") } },
        Secret { name: "REGION".into(), source: SecretSource::Env { name: "REGION".into() } },
    ];
    let target = Target::CommandLine { argv: vec!["bash".into()] };
    let connection = Connection {
        name: "bash".parse().unwrap(),
        revision: 1,
        agent: agent.name.clone(),
        target,
        env,
        changed_at: at,
    };
    let desired = desired(FILE);
    let mut policies: Vec<StoredPolicy> =
        desired.policies.iter().flatten().map(|(name, input)| input.to_policy(name).unwrap()).collect();
    let mut slack = None;
    for (_, plugin) in desired.plugins.unwrap().values() {
        match plugin {
            Plugin::Approvals(plugin) => policies.extend(plugin.policies()),
            Plugin::Slack(change) => {
                slack = Some(change.onto::<PluginError>(None, |_, token| Ok(sealed(token.expose()))).unwrap());
            }
        }
    }
    State {
        accounts: vec![Account { person, identities }],
        agents: vec![agent],
        connections: vec![connection],
        policies,
        slack,
    }
}

#[test]
fn everything_is_created_in_an_order_that_works() {
    let plan = planned(FILE, &State::default()).unwrap();
    assert_eq!(
        plan.to_string(),
        "\
+ agent default
+ plugin slack
    config.SLACK_APP_TOKEN: (sealed)
    config.SLACK_BOT_TOKEN: (sealed)
    config.SLACK_CHANNEL: ops
    connections.bash: []
    priority: 0
+ user alice@example.com
    active: true
    groups: [admin, sre]
    name: \"Alice\"
    slack_id: U012AB
+ policy night
    allow: 
    connection: prod-*
    deny: \"not at night\"
    doors: [exec]
    groups: []
    priority: 0
+ plugin review
    connections.bash: [admin, sre]
    priority: 0
+ connection bash
    agent: default
    command: bash
    env.PASSWORD: (sealed)
    env.REGION: env:REGION
6 to create, 0 to change, 0 to delete, 0 unchanged"
            .replace("    allow: \n", "")
    );
    assert!(!format!("{plan:?}").contains("hunter2"));
}

#[test]
fn what_is_applied_is_unchanged() {
    let plan = planned(FILE, &applied()).unwrap();
    assert!(plan.is_empty(), "{plan}");
    assert_eq!(plan.unchanged, 6);
}

#[test]
fn every_changed_field_is_named_and_no_secret_is_shown() {
    let changed = FILE
        .replace("[sre, admin]", "[sre]")
        .replace("hunter2", "hunter3")
        .replace("command: [bash]", "command: [bash, \"-c\", \"a b\\e\"]")
        .replace("env:REGION", "file:/run/region")
        .replace("doors: [exec], ", "")
        .replace("bash:admin;sre", "bash:sre")
        .replace("xoxb-1", "xoxb-2")
        .replace("U012AB", "U034CD");
    let plan = planned(&changed, &applied()).unwrap();
    assert_eq!(
        plan.to_string(),
        "\
~ plugin slack
    config.SLACK_BOT_TOKEN: (sealed) → (changed)
~ user alice@example.com
    groups: [admin, sre] → [sre]
    slack_id: [U012AB] → U034CD
~ policy night
    doors: [exec] → []
~ plugin review
    connections.bash: [admin, sre] → [sre]
~ connection bash
    command: bash → bash -c \"a b\\u{1b}\"
    env.PASSWORD: (sealed) → (changed)
    env.REGION: env:REGION → file:/run/region
0 to create, 5 to change, 0 to delete, 1 unchanged"
    );
    let json = serde_json::to_string(&plan).unwrap();
    assert!(!json.contains("hunter") && !json.contains("xoxb"));
    assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
}

#[test]
fn what_is_left_out_stays_and_is_pruned_only_where_that_is_said() {
    assert!(planned("{}", &applied()).unwrap().is_empty());
    assert!(planned("prune: true", &applied()).unwrap().is_empty(), "a section that is not there is not looked at");
    assert!(planned("connections: {}", &applied()).unwrap().is_empty(), "nothing is deleted without prune");
    let all = "prune: true\nusers: {root@example.com: }\nagents: {}\nconnections: {}\npolicies: {}\nplugins: {}";
    let plan = planned(all, &applied()).unwrap();
    let steps: Vec<String> = plan.steps.iter().map(ToString::to_string).collect();
    assert_eq!(
        steps,
        [
            "+ user root@example.com",
            "- plugin review",
            "- plugin slack",
            "- connection bash",
            "- policy night",
            "- user alice@example.com",
            "- agent default"
        ]
    );
}

#[test]
fn whoever_applies_is_not_pruned() {
    let mut state = applied();
    state.accounts[0].person.id = PersonId::new("root@example.com");
    let error = planned("prune: true\nusers: {}", &state).unwrap_err();
    assert!(error.to_string().contains("would delete root@example.com"), "{error}");
}

#[test]
fn a_plugin_may_name_only_connections_that_there_will_be() {
    let plugins = "plugins: {review: {connections: ['bash:sre']}}";
    assert!(planned(plugins, &applied()).is_ok());
    let error = planned(plugins, &State::default()).unwrap_err();
    assert!(error.to_string().starts_with("plugins.review: there is no connection bash"), "{error}");
    let pruned = format!("prune: true\nconnections: {{}}\n{plugins}");
    assert!(planned(&pruned, &applied()).is_err());
}

#[test]
fn an_inactive_person_comes_back() {
    let mut state = applied();
    state.accounts[0].person.active = false;
    let plan = planned(FILE, &state).unwrap();
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.steps[0].changes[0].to_string(), "active: false → true");
}

#[test]
fn a_slack_plugin_without_tokens_needs_one_that_is_there() {
    let slack = "plugins: {slack: {connections: []}}";
    assert_eq!(planned(slack, &applied()).unwrap().steps[0].changes[0].to_string(), "connections.bash: [] → (gone)");
    let error = planned(slack, &State::default()).unwrap_err();
    assert_eq!(error.to_string(), "plugins.slack: plugin slack needs --config SLACK_BOT_TOKEN=…");
}
