//! What stands in the file.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    invalid::{did_you_mean, nearest},
    wire::api::{AskInput, DoorWord, WireSecret},
};

/// Longest file that is read: thousands of connections.
pub const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Delete what a section that is there does not name.
    #[serde(default)]
    pub prune: bool,
    /// People, by their e-mail addresses.
    #[serde(default)]
    pub users: Option<BTreeMap<String, Option<UserEntry>>>,
    /// Agents, by name.
    #[serde(default)]
    pub agents: Option<BTreeMap<String, Option<AgentEntry>>>,
    /// Connections, by name.
    #[serde(default)]
    pub connections: Option<BTreeMap<String, ConnectionEntry>>,
    /// Policies, by name.
    #[serde(default)]
    pub policies: Option<BTreeMap<String, PolicyEntry>>,
    /// Plugins, by name.
    #[serde(default)]
    pub plugins: Option<BTreeMap<String, PluginEntry>>,
}

/// A person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserEntry {
    /// What to call them.
    #[serde(default)]
    pub name: Option<String>,
    /// Their groups, all of them.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The Slack user id that is theirs.
    #[serde(default)]
    pub slack_id: Option<String>,
    /// The team or enterprise of that Slack user.
    #[serde(default)]
    pub slack_team: Option<String>,
    /// Whether they may do anything at all.
    #[serde(default)]
    pub active: Option<bool>,
}

/// An agent: its name is all there is to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentEntry {}

/// A connection: a command or an address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionEntry {
    /// The agent that reaches it.
    pub agent: String,
    /// Program and leading arguments.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// `host:port`, as the agent sees it.
    #[serde(default)]
    pub tcp: Option<String>,
    /// Variables: values, `env:NAME` or `file:/path`.
    #[serde(default)]
    pub env: BTreeMap<String, WireSecret>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyEntry {
    /// Lower comes first.
    #[serde(default)]
    pub priority: i64,
    /// The doors it covers; none is every door.
    #[serde(default)]
    pub doors: Vec<DoorWord>,
    /// A connection, or a pattern.
    #[serde(default)]
    pub connection: Option<String>,
    /// Only requesters in one of these groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Goes ahead.
    #[serde(default)]
    pub allow: bool,
    /// Does not.
    #[serde(default)]
    pub deny: Option<String>,
    /// People are asked.
    #[serde(default)]
    pub ask: Option<AskInput>,
}

/// A plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginEntry {
    /// The order among policies.
    #[serde(default)]
    pub priority: i64,
    /// Configuration by key.
    #[serde(default)]
    pub config: BTreeMap<String, WireSecret>,
    /// Connections in the grammar of `--connection`.
    #[serde(default)]
    pub connections: Vec<String>,
}

/// Why a file cannot be read. Nothing of its secrets is in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// More than anybody needs.
    #[error("the file is longer than {} MiB", MAX_FILE_BYTES / 1024 / 1024)]
    TooLong,
    /// No YAML, or not of this form.
    #[error("{0}")]
    Malformed(String),
}

impl Document {
    /// Reads a file. An empty one asks for nothing.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(ReadError::TooLong);
        }
        let read: Result<Option<Self>, _> = serde_saphyr::from_str(text);
        read.map(Option::unwrap_or_default).map_err(|error| ReadError::Malformed(explained(&error)))
    }
}

/// The parser's words without the lines around the place, where secrets may stand; and the nearest key for an unknown one.
fn explained(error: &serde_saphyr::Error) -> String {
    let error = error.without_snippet();
    let place = error.location().map_or_else(String::new, |at| format!("line {}, column {}: ", at.line(), at.column()));
    match error {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            let shown = crate::invalid::quoted(field);
            let known = expected.join(", ");
            let meant = did_you_mean(nearest(field, expected.iter().copied()));
            format!("{place}unknown key {shown}; there are {known}{meant}")
        }
        other => format!("{place}{}", one_line(other)),
    }
}

fn one_line(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().chars().filter(|character| !character.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_whole_form_is_read() {
        let text = "
prune: true
users:
  alice@example.com: {name: Alice, groups: [admin, sre], slack_id: U012AB, slack_team: T012AB}
  bob@example.com:
agents:
  default:
connections:
  bash: {agent: default, command: [bash], env: {A: 'env:A', B: secret}}
  pg: {agent: default, tcp: '127.0.0.1:5432'}
policies:
  night: {connection: 'prod-*', doors: [exec], deny: 'not at night'}
  prod: {ask: {approvers: [sre], ttl: 30m}}
plugins:
  review: {connections: ['bash:admin;sre']}
  slack: {priority: -1, config: {SLACK_BOT_TOKEN: xoxb-1}, connections: [bash]}
";
        let document = Document::read(text).unwrap();
        assert!(document.prune);
        assert_eq!(document.users.unwrap().len(), 2);
        assert_eq!(document.agents.unwrap().len(), 1);
        assert_eq!(document.connections.unwrap()["bash"].env["B"].expose(), "secret");
        assert_eq!(document.policies.unwrap()["prod"].ask.as_ref().unwrap().ttl.unwrap().as_secs(), 1_800);
        assert_eq!(document.plugins.unwrap()["slack"].priority, -1);
    }

    #[rstest]
    #[case("")]
    #[case("# nothing\n")]
    #[case("{}")]
    #[case("users:\n")]
    fn an_empty_file_asks_for_nothing(#[case] text: &str) {
        assert_eq!(Document::read(text).unwrap(), Document::default());
    }

    #[rstest]
    #[case::top(
        "user: {}",
        "unknown key \"user\"; there are prune, users, agents, connections, policies, plugins; did you mean `users`?"
    )]
    #[case::inner(
        "connections:\n  bash: {agent: a, comand: [x]}",
        "unknown key \"comand\"; there are agent, command, tcp, env; did you mean `command`?"
    )]
    #[case::far("zzz: 1", "unknown key \"zzz\"; there are prune, users, agents, connections, policies, plugins")]
    fn an_unknown_key_is_named_with_the_nearest(#[case] text: &str, #[case] expected: &str) {
        let error = Document::read(text).unwrap_err().to_string();
        assert!(error.starts_with("line ") && error.ends_with(expected), "{error}");
    }

    #[rstest]
    #[case::no_yaml("users: [")]
    #[case::twice("users: {}\nusers: {}")]
    #[case::twice_inside("agents: {a: {}, a: {}}")]
    #[case::type_("prune: sometimes")]
    #[case::list("- a")]
    #[case::duration("policies: {p: {ask: {approvers: [a], ttl: 5}}}")]
    #[case::bomb(
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c]"
    )]
    fn what_is_no_such_file_is_refused_with_its_place(#[case] text: &str) {
        let error = Document::read(text).unwrap_err().to_string();
        assert!(error.starts_with("line "), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }

    #[test]
    fn an_error_shows_no_line_of_the_file() {
        let text = "connections:\n  bash: {agent: a, command: [bash], env: {PASSWORD: hunter2, X: [1]}}";
        let error = Document::read(text).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(Document::read(&"#".repeat(MAX_FILE_BYTES + 1)), Err(ReadError::TooLong));
    }

    proptest! {
        #[test]
        fn any_text_is_a_file_or_an_error(text in "[a-z:{}\\[\\]&* \\n'\"-]{0,120}") {
            let _ = Document::read(&text);
        }
    }
}
