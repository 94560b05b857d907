//! What stands in the file, checked: every word of it could be put.

use std::collections::{BTreeMap, BTreeSet};

use countersign_approval::PersonId;

use super::document::{ConnectionEntry, Document, PluginEntry, PolicyEntry, UserEntry};
use crate::{
    invalid::Invalid,
    name::{AgentName, ConnectionName},
    people::parse_email,
    plugin::{Plugin, PluginName},
    wire::api::{ConnectionInput, EnvInput, PluginInput, PolicyInput, TargetInput, UserInput},
};

/// How everything should be. A section that is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// Delete what a section does not name.
    pub prune: bool,
    /// People. Everything about them is said, but what a new person would be called by itself.
    pub users: Option<BTreeMap<PersonId, UserInput>>,
    /// Agents.
    pub agents: Option<BTreeSet<AgentName>>,
    /// Connections.
    pub connections: Option<BTreeMap<ConnectionName, ConnectionInput>>,
    /// Policies.
    pub policies: Option<BTreeMap<String, PolicyInput>>,
    /// Plugins, as they were written and as they were read.
    pub plugins: Option<BTreeMap<PluginName, (PluginInput, Plugin)>>,
}

impl TryFrom<Document> for Desired {
    type Error = Invalid;

    fn try_from(document: Document) -> Result<Self, Invalid> {
        Ok(Self {
            prune: document.prune,
            users: section("users", document.users, |email, entry| {
                let id = parse_email(email).map_err(|error| Invalid::new("email", error))?;
                user(entry.unwrap_or_default()).map(|input| (id, input))
            })?,
            agents: section("agents", document.agents, |name, _| Ok((name.parse::<AgentName>()?, ())))?
                .map(|agents| agents.into_keys().collect()),
            connections: section("connections", document.connections, |name, entry| {
                Ok((name.parse::<ConnectionName>()?, connection(entry)?))
            })?,
            policies: section("policies", document.policies, |name, entry| {
                let input = policy(entry);
                input.to_policy(name)?;
                Ok((name.to_owned(), input))
            })?,
            plugins: section("plugins", document.plugins, plugin)?,
        })
    }
}

/// Reads a section; what is wrong is named by its path, e.g. `users.alice@example.com.groups`.
fn section<E, K: Ord, V>(
    name: &str,
    entries: Option<BTreeMap<String, E>>,
    read: impl Fn(&str, E) -> Result<(K, V), Invalid>,
) -> Result<Option<BTreeMap<K, V>>, Invalid> {
    let Some(entries) = entries else { return Ok(None) };
    let mut section = BTreeMap::new();
    for (key, entry) in entries {
        let path = format!("{name}.{}", crate::invalid::quoted(&key).trim_matches('"'));
        let (id, value) = read(&key, entry).map_err(|error| error.within(&path))?;
        if section.insert(id, value).is_some() {
            return Err(Invalid::new(path, "it stands there twice, written differently"));
        }
    }
    Ok(Some(section))
}

fn user(entry: UserEntry) -> Result<UserInput, Invalid> {
    let input = UserInput {
        overwrite: true,
        name: entry.name,
        groups: Some(entry.groups),
        slack_id: entry.slack_id,
        slack_team: entry.slack_team,
        active: Some(entry.active.unwrap_or(true)),
    };
    input.check()?;
    Ok(input)
}

fn connection(entry: ConnectionEntry) -> Result<ConnectionInput, Invalid> {
    let target = match (entry.command, entry.tcp) {
        (Some(argv), None) => TargetInput::Command(argv),
        (None, Some(address)) => TargetInput::Tcp(address),
        _ => return Err(Invalid::new("command", "a connection has either a `command` or a `tcp` address")),
    };
    let env = entry.env.iter().map(|(name, value)| (name.clone(), EnvInput::from_text(value.expose()))).collect();
    let input = ConnectionInput { overwrite: true, agent: entry.agent, target, env: Some(env) };
    input.check()?;
    Ok(input)
}

fn policy(entry: PolicyEntry) -> PolicyInput {
    PolicyInput {
        overwrite: true,
        priority: entry.priority,
        doors: entry.doors,
        connection: entry.connection.unwrap_or_else(|| "*".to_owned()),
        groups: entry.groups,
        allow: entry.allow,
        deny: entry.deny,
        ask: entry.ask,
    }
}

fn plugin(name: &str, entry: PluginEntry) -> Result<(PluginName, (PluginInput, Plugin)), Invalid> {
    let input =
        PluginInput { overwrite: true, priority: entry.priority, config: entry.config, connections: entry.connections };
    let plugin = Plugin::parse(name, &input).map_err(|error| Invalid::new("plugin", error))?;
    Ok((plugin.name(), (input, plugin)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn desired(text: &str) -> Result<Desired, Invalid> {
        Desired::try_from(Document::read(text).unwrap())
    }

    #[test]
    fn what_is_left_out_of_an_entry_is_its_default() {
        let desired = desired("users: {Alice@Example.com: }").unwrap();
        let users = desired.users.unwrap();
        let alice = &users[&PersonId::new("alice@example.com")];
        assert_eq!((alice.groups.as_deref(), alice.active), (Some([].as_slice()), Some(true)));
        assert_eq!(desired.connections, None);
    }

    #[rstest]
    #[case::group("users: {a@b: {groups: ['x;y']}}", "users.a@b.groups: ")]
    #[case::email("users: {alice: }", "users.alice.email: \"alice\" is not an e-mail address")]
    #[case::person_twice("users: {a@b: , A@b: }", "users.a@b: it stands there twice")]
    #[case::agent("agents: {'a b': }", "agents.a b.name: ")]
    #[case::both("connections: {c: {agent: a, command: [x], tcp: 'h:1'}}", "connections.c.command: ")]
    #[case::neither("connections: {c: {agent: a}}", "connections.c.command: ")]
    #[case::variable("connections: {c: {agent: a, command: [x], env: {'1': y}}}", "connections.c.env: ")]
    #[case::policy("policies: {p: {ask: {approvers: []}}}", "policies.p.ask.approvers: ")]
    #[case::policy_name("policies: {a/b: {allow: true}}", "policies.a/b.name: ")]
    #[case::plugin("plugins: {reviw: {connections: ['a:b']}}", "plugins.reviw.plugin: there is no plugin")]
    #[case::hidden("agents: {\"a\\u202eb\": }", "agents.a\\u{202e}b.name: ")]
    fn what_is_wrong_is_named_by_its_path(#[case] text: &str, #[case] expected: &str) {
        let error = desired(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
