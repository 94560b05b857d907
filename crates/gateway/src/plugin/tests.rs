use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::wire::api::WireSecret;

fn input(config: &[(&str, &str)], connections: &[&str]) -> PluginInput {
    PluginInput {
        config: config.iter().map(|(key, value)| ((*key).to_owned(), WireSecret::new(*value))).collect(),
        connections: connections.iter().map(|text| (*text).to_owned()).collect(),
        ..PluginInput::default()
    }
}

fn approvals(name: &str, connections: &[&str]) -> ApprovalPlugin {
    match Plugin::parse(name, &input(&[], connections)).unwrap() {
        Plugin::Approvals(plugin) => plugin,
        Plugin::Slack(_) => panic!("not an approval plugin"),
    }
}

fn slack(config: &[(&str, &str)], connections: &[&str]) -> Result<StoredSlack, PluginError> {
    let Plugin::Slack(change) = Plugin::parse("slack", &input(config, connections))? else { panic!("not slack") };
    change.onto(None, |key, token| Ok(format!("sealed {key} {}", token.expose().len())))
}

const TOKENS: [(&str, &str); 2] = [("SLACK_BOT_TOKEN", "xoxb-1"), ("SLACK_APP_TOKEN", "xapp-1")];

#[test]
fn review_writes_a_policy_for_exec_and_jit_one_for_connect() {
    let policies = approvals("review", &["bash:admin;sre"]).policies();
    assert_eq!(policies.len(), 1);
    let policy = &policies[0].policy;
    assert_eq!(policy.name, "review/bash");
    assert_eq!(policy.matches.doors, [Door::Exec]);
    assert_eq!(policy.matches.target, "bash");
    let Effect::Ask(ask) = &policy.effect else { panic!("asks nobody") };
    let groups: Vec<_> = ask.requirements.iter().map(|requirement| (&requirement.voters, requirement.min)).collect();
    let group = |name| Voters::Group(GroupName::new(name));
    assert_eq!(groups, [(&group("admin"), 1), (&group("sre"), 1)]);
    assert_eq!((ask.combine, ask.min_people, ask.self_approval), (Combine::AllOf, 1, SelfApproval::Refused));
    assert_eq!((ask.ttl, ask.claim_within, ask.max_duration), (DEFAULT_TTL, Some(DEFAULT_CLAIM_WITHIN), None));

    let jit = approvals("jit", &["bash-jit:admin;sre"]).policies();
    assert_eq!(jit[0].policy.name, "jit/bash-jit");
    assert_eq!(jit[0].policy.matches.doors, [Door::Connect]);
    let Effect::Ask(ask) = &jit[0].policy.effect else { panic!("asks nobody") };
    assert_eq!(ask.max_duration, Some(Duration::from_hours(48)));
}

#[test]
fn what_policies_say_is_read_back() {
    let plugin = approvals("review", &["bash:admin;sre, db:dba"]);
    let mut policies = plugin.policies();
    policies.extend(approvals("jit", &["bash:admin"]).policies());
    assert_eq!(ApprovalPlugin::of_policies(ApprovalVerb::Review, &policies), Some(plugin));
    assert_eq!(ApprovalPlugin::of_policies(ApprovalVerb::Review, &[]), None);
}

#[test]
fn several_connections_stand_in_one_text_or_in_several() {
    let one = approvals("review", &["bash:admin;sre,db:dba"]);
    let several = approvals("review", &["bash:admin;sre", "db:dba"]);
    let spaced = approvals("review", &[" bash : admin ; sre , db:dba"]);
    assert_eq!(one, several);
    assert_eq!(one, spaced);
}

#[test]
fn the_slack_plugin_of_the_manual_is_read() {
    let config = [TOKENS[0], TOKENS[1], ("SLACK_CHANNEL", "#approvals")];
    let stored = slack(&config, &["bash,bash-jit"]).unwrap();
    assert_eq!(stored.channels_of(&"bash".parse().unwrap())[0].as_str(), "approvals");
    assert!(stored.channels_of(&"other".parse().unwrap()).is_empty(), "the plugin is not on for it");
    assert_eq!(stored.shown()["SLACK_BOT_TOKEN"], "(sealed)");
    assert_eq!(stored.bot_token, "sealed SLACK_BOT_TOKEN 6");
}

#[test]
fn a_connections_own_channels_come_before_the_common_one() {
    let config = [TOKENS[0], TOKENS[1], ("SLACK_CHANNEL", "C0COMMON")];
    let stored = slack(&config, &["bash:C0FIRST;ops;C0COMMON", "db"]).unwrap();
    let names = |connection: &str| {
        let channels = stored.channels_of(&connection.parse().unwrap());
        channels.iter().map(|channel| (channel.as_str().to_owned(), channel.is_id())).collect::<Vec<_>>()
    };
    let own = [("C0FIRST", true), ("ops", false), ("C0COMMON", true)].map(|(name, id)| (name.to_owned(), id));
    assert_eq!(names("bash"), own);
    assert_eq!(names("db"), [("C0COMMON".to_owned(), true)]);
}

#[test]
fn what_is_not_said_again_stays() {
    let before = slack(&[TOKENS[0], TOKENS[1], ("SLACK_CHANNEL", "ops")], &["bash"]).unwrap();
    let Plugin::Slack(change) = Plugin::parse("slack", &input(&[], &["db"])).unwrap() else { panic!("not slack") };
    let after = change.onto(Some(&before), |_, _| Err(PluginError::MissingKey { key: "never asked for" })).unwrap();
    assert_eq!((&after.bot_token, &after.channels), (&before.bot_token, &before.channels));
    assert_eq!(after.connections.keys().map(ConnectionName::as_str).collect::<Vec<_>>(), ["db"]);
}

#[rstest]
#[case::unknown("slak", &["bash"], r#"there is no plugin "slak"; there are review, jit and slack; did you mean `slack`?"#)]
#[case::unknown_and_far("zzz", &["bash"], r#"there is no plugin "zzz"; there are review, jit and slack"#)]
#[case::no_groups("review", &["bash"], "connection bash has no groups, so nobody could approve anything on it: write 'bash:GROUP;GROUP' (';' between groups, ',' between connections)")]
#[case::no_groups_after_the_colon("review", &["bash:"], "connection bash has no groups, so nobody could approve anything on it: write 'bash:GROUP;GROUP' (';' between groups, ',' between connections)")]
#[case::empty_group("jit", &["bash:admin;;sre"], "connection bash has an empty group: there is a ';' or ':' too many")]
#[case::group_twice("jit", &["bash:admin;sre;admin"], r#"connection bash names group "admin" twice"#)]
#[case::connection_twice("review", &["bash:admin", "bash:sre"], "connection bash stands there twice: name it once, with everything that belongs to it")]
#[case::no_connections("review", &[], "plugin review needs connections: --connection 'NAME:GROUP;GROUP'; to turn it off, delete it: admin delete plugin review")]
#[case::empty_connection("review", &["bash:a,,db:b"], r#"an empty connection in "bash:a,,db:b": connections are written NAME:ITEM;ITEM, with ',' between them"#)]
#[case::empty_text("review", &[""], r#"an empty connection in "": connections are written NAME:ITEM;ITEM, with ',' between them"#)]
#[case::space_in_a_name("review", &["ba sh:a"], r#""ba sh" is not a name for a connection: it takes 1 to 64 letters, digits, '.', '_' and '-', and begins with a letter or digit"#)]
#[case::control("review", &["ba\u{1b}sh:a"], r#""ba\u{1b}sh" is not a name for a connection: it takes 1 to 64 letters, digits, '.', '_' and '-', and begins with a letter or digit"#)]
#[case::control_in_a_group("review", &["bash:a\u{202e}b"], r#"connection bash: "a\u{202e}b" is not the name of a group: it takes 1 to 64 letters, digits, '.', '_', '-', '/', '+' and single spaces between them"#)]
#[case::two_colons("review", &["bash:a:b"], r#"connection bash: "a:b" is not the name of a group: it takes 1 to 64 letters, digits, '.', '_', '-', '/', '+' and single spaces between them"#)]
fn what_is_wrong_is_said(#[case] name: &str, #[case] connections: &[&str], #[case] expected: &str) {
    let error = Plugin::parse(name, &input(&[], connections)).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[rstest]
#[case::key(&[("SLACK_BOT_TOKE", "xoxb-hush")], "plugin slack has no configuration \"SLACK_BOT_TOKE\"; there are SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_CHANNEL; did you mean `SLACK_BOT_TOKEN`?")]
#[case::missing(&[("SLACK_BOT_TOKEN", "xoxb-hush")], "plugin slack needs --config SLACK_APP_TOKEN=…")]
#[case::swapped(&[("SLACK_BOT_TOKEN", "xapp-hush")], "the value of SLACK_BOT_TOKEN must be the bot's token, which begins with xoxb-")]
#[case::rubbish(&[("SLACK_BOT_TOKEN", "xoxb-hu sh")], "the value of SLACK_BOT_TOKEN holds characters that no token has")]
#[case::channel(&[("SLACK_CHANNEL", "My Channel")], "\"My Channel\" is not a Slack channel: give its id (C…) or its name, as in #approvals")]
fn what_is_wrong_with_slack_is_said_without_its_tokens(#[case] config: &[(&str, &str)], #[case] expected: &str) {
    let error = slack(config, &[]).unwrap_err().to_string();
    assert_eq!(error, expected);
    assert!(!error.contains("hush"));
}

#[test]
fn a_connection_without_any_channel_is_refused() {
    let error = slack(&TOKENS, &["bash"]).unwrap_err();
    assert!(error.to_string().starts_with("connection bash has no channel:"), "{error}");
}

#[test]
fn configuration_of_an_approval_plugin_is_refused() {
    let error = Plugin::parse("review", &input(&[("GROUPS", "x")], &["bash:a"])).unwrap_err();
    assert!(error.to_string().contains("it takes connections and a priority only"), "{error}");
}

#[test]
fn connections_that_do_not_exist_are_named() {
    let plugin = Plugin::parse("review", &input(&[], &["bash:a,dbb:b,other:c"])).unwrap();
    let known = ["bash", "db"].map(|name| name.parse().unwrap()).into();
    let error = plugin.check_connections(&known).unwrap_err();
    assert!(error.to_string().starts_with("there is no connection dbb, nor other:"), "{error}");
    let near = Plugin::parse("review", &input(&[], &["bsah:a"])).unwrap();
    assert_eq!(
        near.check_connections(&known).unwrap_err().to_string(),
        "there is no connection bsah; did you mean `bash`?"
    );
}

#[test]
fn the_debug_form_shows_no_token() {
    let plugin = Plugin::parse("slack", &input(&TOKENS, &[])).unwrap();
    assert!(!format!("{plugin:?}").contains("xoxb"));
}

proptest! {
    #[test]
    fn any_text_is_a_plugin_or_an_error(name in "review|jit|slack|[a-z]{0,6}", text: String) {
        let _ = Plugin::parse(&name, &input(&[], &[&text]));
    }

    #[test]
    fn any_configuration_is_a_plugin_or_an_error(value: String) {
        for key in ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_CHANNEL"] {
            let _ = slack(&[(key, &value)], &["bash"]);
        }
    }
}
