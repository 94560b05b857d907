//! What differs between two of a kind, field by field. Everything that is shown is one visible line.

use std::collections::{BTreeMap, BTreeSet};

use countersign_approval::Person;
use serde_json::Value;

use super::{FieldChange, SameSecret};
use crate::{
    connection::{Connection, SecretSource, Target, shown_command, shown_word},
    invalid::Invalid,
    name::ConnectionName,
    place::Place,
    plugin::{ApprovalPlugin, Channel, StoredSlack},
    policy::StoredPolicy,
    port::Account,
    wire::api::{ConnectionInput, EnvInput, EnvView, PolicyView, UserInput},
};

/// In place of a secret.
const SEALED: &str = "(sealed)";

/// In place of a secret that is another one than before.
const CHANGED: &str = "(changed)";

/// What is shown of something: its fields in order of name.
type Fields = BTreeMap<String, String>;

/// Every field that is not the same.
fn differences(before: &Fields, after: &Fields) -> Vec<FieldChange> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| FieldChange {
            field: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .collect()
}

pub(super) fn of_user(before: Option<&Account>, input: &UserInput) -> Vec<FieldChange> {
    let person = before.map(|account| &account.person);
    let shown = person.map(shown_person).unwrap_or_default();
    let mut after = shown.clone();
    if let Some(name) = &input.name {
        after.insert("name".to_owned(), format!("{name:?}"));
    }
    if let Some(groups) = &input.groups {
        let groups: BTreeSet<&str> = groups.iter().map(String::as_str).collect();
        after.insert("groups".to_owned(), list(groups));
    }
    after.insert("active".to_owned(), input.active.unwrap_or(true).to_string());
    let mut changes = differences(&shown, &after);
    changes.extend(of_identity(before, input));
    changes
}

fn shown_person(person: &Person) -> Fields {
    BTreeMap::from([
        ("name".to_owned(), format!("{:?}", person.name)),
        ("groups".to_owned(), list(person.groups.iter().map(countersign_approval::GroupName::as_str))),
        ("active".to_owned(), person.active.to_string()),
    ])
}

/// A Slack account that is not yet bound to the person.
fn of_identity(before: Option<&Account>, input: &UserInput) -> Option<FieldChange> {
    let wanted = input.slack_id.as_deref()?;
    let known = before.map(|account| account.identities.as_slice()).unwrap_or_default();
    let fits = |org: &str| input.slack_team.as_deref().is_none_or(|team| team == org);
    if known.iter().any(|identity| identity.user == wanted && fits(&identity.org)) {
        return None;
    }
    let users = || known.iter().map(|identity| identity.user.as_str());
    let before = (!known.is_empty()).then(|| list(users()));
    Some(FieldChange { field: "slack_id".to_owned(), before, after: Some(wanted.to_owned()) })
}

pub(super) fn of_connection(
    before: Option<&Connection>,
    name: &ConnectionName,
    input: &ConnectionInput,
    same: &SameSecret<'_>,
) -> Result<Vec<FieldChange>, Invalid> {
    let (agent, target) = input.check()?;
    let mut after = shown_target(agent.as_str(), &target);
    for (variable, value) in input.env.iter().flatten() {
        after.insert(format!("env.{variable}"), shown_value(before, name, variable, value, same));
    }
    let shown = before.map(shown_connection).unwrap_or_default();
    if input.env.is_none() {
        after.extend(shown.iter().filter(|(field, _)| field.starts_with("env.")).map(|(k, v)| (k.clone(), v.clone())));
    }
    Ok(differences(&shown, &after))
}

fn shown_connection(connection: &Connection) -> Fields {
    let mut fields = shown_target(connection.agent.as_str(), &connection.target);
    for secret in &connection.env {
        let view = EnvView::from(secret);
        let source = if view.source == "sealed" { SEALED.to_owned() } else { view.source };
        fields.insert(format!("env.{}", view.name), source);
    }
    fields
}

fn shown_target(agent: &str, target: &Target) -> Fields {
    let (field, shown) = match target {
        Target::CommandLine { argv } => ("command", shown_command(argv)),
        Target::Tcp { host, port } if host.contains(':') => ("tcp", format!("[{host}]:{port}")),
        Target::Tcp { host, port } => ("tcp", format!("{host}:{port}")),
    };
    BTreeMap::from([("agent".to_owned(), agent.to_owned()), (field.to_owned(), shown)])
}

fn shown_value(
    before: Option<&Connection>,
    connection: &ConnectionName,
    name: &str,
    value: &EnvInput,
    same: &SameSecret<'_>,
) -> String {
    let known = before.and_then(|before| before.env.iter().find(|secret| secret.name == name));
    match (value, known.map(|secret| &secret.source)) {
        (EnvInput::Env(from), _) => format!("env:{from}"),
        (EnvInput::File(path), _) => format!("file:{path}"),
        (EnvInput::Value(value), Some(SecretSource::Sealed { sealed })) => {
            let is_same = same(Place::Variable { connection, name }, sealed, value);
            (if is_same { SEALED } else { CHANGED }).to_owned()
        }
        (EnvInput::Value(_), _) => SEALED.to_owned(),
    }
}

pub(super) fn of_policy(before: Option<&StoredPolicy>, after: &StoredPolicy) -> Vec<FieldChange> {
    differences(&before.map(shown_policy).unwrap_or_default(), &shown_policy(after))
}

/// As it would be written, `ask` field by field.
fn shown_policy(stored: &StoredPolicy) -> Fields {
    let mut fields = Fields::new();
    let Ok(Value::Object(written)) = serde_json::to_value(PolicyView::from(stored).policy) else { return fields };
    for (field, value) in written {
        match value {
            Value::Object(inner) => {
                fields.extend(inner.into_iter().map(|(name, value)| (format!("{field}.{name}"), shown_json(&value))));
            }
            Value::Bool(_) if field == "overwrite" => {}
            value => {
                fields.insert(field, shown_json(&value));
            }
        }
    }
    fields
}

/// Words of which everything but reasons is plain already; those are quoted.
fn shown_json(value: &Value) -> String {
    match value {
        Value::String(text) => shown_word(text),
        Value::Array(items) => list(items.iter().map(|item| item.as_str().unwrap_or_default())),
        other => other.to_string(),
    }
}

pub(super) fn of_approvals(before: Option<&ApprovalPlugin>, after: &ApprovalPlugin) -> Vec<FieldChange> {
    let shown = |plugin: &ApprovalPlugin| {
        let mut fields = Fields::from([("priority".to_owned(), plugin.priority.to_string())]);
        fields.extend(plugin.connections.iter().map(|(connection, groups)| {
            (format!("connections.{connection}"), list(groups.iter().map(countersign_approval::GroupName::as_str)))
        }));
        fields
    };
    differences(&before.map(shown).unwrap_or_default(), &shown(after))
}

pub(super) fn of_slack(before: Option<&StoredSlack>, after: &StoredSlack) -> Vec<FieldChange> {
    let mut changes = differences(&before.map(shown_slack).unwrap_or_default(), &shown_slack(after));
    let Some(before) = before else { return changes };
    for ((key, sealed), (_, sealed_before)) in after.sealed().into_iter().zip(before.sealed()) {
        if sealed != sealed_before {
            let (before, after) = (Some(SEALED.to_owned()), Some(CHANGED.to_owned()));
            changes.push(FieldChange { field: format!("config.{key}"), before, after });
        }
    }
    changes
}

fn shown_slack(slack: &StoredSlack) -> Fields {
    let mut fields = Fields::from([("priority".to_owned(), slack.priority.to_string())]);
    fields.extend(slack.shown().into_iter().map(|(key, value)| (format!("config.{key}"), value)));
    fields.extend(slack.connections.iter().map(|(connection, channels)| {
        (format!("connections.{connection}"), list(channels.iter().map(Channel::as_str)))
    }));
    fields
}

fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(", "))
}
