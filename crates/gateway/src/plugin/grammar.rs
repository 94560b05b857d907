//! The grammar of `--connection`, and everything that can be wrong with a plugin.

use std::collections::{BTreeMap, BTreeSet};

use countersign_approval::GroupName;

use super::PluginName;
use crate::{
    invalid::{did_you_mean, nearest, quoted},
    name::{ConnectionName, InvalidName},
    people::{InvalidGroup, parse_group},
};

/// Most connections in one plugin, and most groups or channels of one connection.
const MAX_ENTRIES: usize = 10_000;
const MAX_ITEMS: usize = 50;

/// What is wrong with a plugin. No configured value is in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PluginError {
    /// There is no such plugin.
    #[error("there is no plugin {name}; there are review, jit and slack{}", did_you_mean(*.nearest))]
    Unknown {
        /// What was given, quoted.
        name: String,
        /// The one that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A connection without a name.
    #[error("an empty connection in {text}: connections are written NAME:ITEM;ITEM, with ',' between them")]
    EmptyEntry {
        /// What was given, quoted.
        text: String,
    },
    /// What should name a connection cannot.
    #[error(transparent)]
    Connection(#[from] InvalidName),
    /// A connection stands twice.
    #[error("connection {connection} stands there twice: name it once, with everything that belongs to it")]
    Twice {
        /// The connection.
        connection: ConnectionName,
    },
    /// Nobody would review it.
    #[error(
        "connection {connection} has no groups, so nobody could approve anything on it: write '{connection}:GROUP;GROUP' (';' between groups, ',' between connections)"
    )]
    NoGroups {
        /// The connection.
        connection: ConnectionName,
    },
    /// An approval plugin without connections does nothing.
    #[error(
        "plugin {plugin} needs connections: --connection 'NAME:GROUP;GROUP'; to turn it off, delete it: admin delete plugin {plugin}"
    )]
    NoConnections {
        /// The plugin.
        plugin: PluginName,
    },
    /// Nothing between two separators.
    #[error("connection {connection} has an empty {what}: there is a ';' or ':' too many")]
    EmptyItem {
        /// The connection.
        connection: ConnectionName,
        /// `group` or `channel`.
        what: &'static str,
    },
    /// The same group or channel again.
    #[error("connection {connection} names {what} {item} twice")]
    ItemTwice {
        /// The connection.
        connection: ConnectionName,
        /// `group` or `channel`.
        what: &'static str,
        /// Which.
        item: String,
    },
    /// More than anybody needs.
    #[error("too many {what}: at most {limit} are taken")]
    TooMany {
        /// `connections`, or `groups or channels of one connection`.
        what: &'static str,
        /// How many are taken.
        limit: usize,
    },
    /// What should name a group cannot.
    #[error("connection {connection}: {source}")]
    Group {
        /// The connection.
        connection: ConnectionName,
        /// What is wrong.
        source: InvalidGroup,
    },
    /// What should be a channel is none.
    #[error("{text} is not a Slack channel: give its id (C…) or its name, as in #approvals")]
    Channel {
        /// What was given, quoted.
        text: String,
    },
    /// Nowhere to show requests of a connection.
    #[error(
        "connection {connection} has no channel: write '{connection}:CHANNEL', or give one for all with --config SLACK_CHANNEL=…"
    )]
    NoChannel {
        /// The connection.
        connection: ConnectionName,
    },
    /// No such key of configuration.
    #[error("plugin {plugin} has no configuration {key}{known}{}", did_you_mean(*.nearest))]
    UnknownKey {
        /// The plugin.
        plugin: PluginName,
        /// What was given, quoted.
        key: String,
        /// Those that there are, for people.
        known: String,
        /// The one that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A key of configuration is needed.
    #[error("plugin slack needs --config {key}=…")]
    MissingKey {
        /// Which.
        key: &'static str,
    },
    /// A value that cannot be.
    #[error("the value of {key} {wrong}")]
    Value {
        /// Of which key.
        key: &'static str,
        /// E.g. `must begin with xoxb-`.
        wrong: &'static str,
    },
    /// Connections that do not exist.
    #[error("there is no connection {}{hint}", list(.names))]
    NoSuchConnections {
        /// Which.
        names: Vec<ConnectionName>,
        /// What to do, for people.
        hint: String,
    },
}

fn list(names: &[ConnectionName]) -> String {
    names.iter().map(ConnectionName::as_str).collect::<Vec<_>>().join(", nor ")
}

impl PluginError {
    pub(super) fn unknown(name: &str) -> Self {
        Self::Unknown { name: quoted(name), nearest: nearest(name, PluginName::ALL.map(PluginName::as_str)) }
    }

    pub(super) fn unknown_key(plugin: PluginName, key: &str, known: &[&'static str]) -> Self {
        let listed = match known {
            [] => ": it takes connections and a priority only".to_owned(),
            known => format!("; there are {}", known.join(", ")),
        };
        let nearest = nearest(key, known.iter().copied()).and_then(|near| known.iter().find(|word| **word == near));
        Self::UnknownKey { plugin, key: quoted(key), known: listed, nearest: nearest.copied() }
    }

    pub(super) fn no_such_connections(names: Vec<ConnectionName>, known: &BTreeSet<ConnectionName>) -> Self {
        let words = || known.iter().map(ConnectionName::as_str);
        let hint = match names.as_slice() {
            [only] if nearest(only.as_str(), words()).is_some() => did_you_mean(nearest(only.as_str(), words())),
            _ => ": create it first (admin create conn NAME --agent AGENT -- COMMAND)".to_owned(),
        };
        Self::NoSuchConnections { names, hint }
    }
}

/// Reads `NAME:ITEM;ITEM,NAME:ITEM`, each text with any number of connections. Items are taken as they are, without spaces
/// around them; a name without a `:` has none.
pub(super) fn connections(texts: &[String]) -> Result<BTreeMap<ConnectionName, Vec<String>>, PluginError> {
    let mut all = BTreeMap::new();
    for text in texts {
        for entry in text.split(',') {
            let (connection, items) = entry_of(entry, text)?;
            if all.contains_key(&connection) {
                return Err(PluginError::Twice { connection });
            }
            all.insert(connection, items);
            if all.len() > MAX_ENTRIES {
                return Err(PluginError::TooMany { what: "connections", limit: MAX_ENTRIES });
            }
        }
    }
    Ok(all)
}

fn entry_of(entry: &str, text: &str) -> Result<(ConnectionName, Vec<String>), PluginError> {
    let (name, items) = match entry.split_once(':') {
        Some((name, items)) => (name, Some(items)),
        None => (entry, None),
    };
    let name = name.trim_matches(' ');
    if name.is_empty() {
        return Err(PluginError::EmptyEntry { text: quoted(text) });
    }
    let items: Vec<String> =
        items.map(|items| items.split(';').map(|item| item.trim_matches(' ').to_owned()).collect()).unwrap_or_default();
    if items.len() > MAX_ITEMS {
        return Err(PluginError::TooMany { what: "groups or channels of one connection", limit: MAX_ITEMS });
    }
    Ok((name.parse()?, items))
}

/// The groups of one connection, at least one.
pub(super) fn groups(connection: &ConnectionName, items: &[String]) -> Result<Vec<GroupName>, PluginError> {
    if items.iter().all(String::is_empty) {
        return Err(PluginError::NoGroups { connection: connection.clone() });
    }
    distinct(connection, "group", items)?;
    items
        .iter()
        .map(|item| parse_group(item).map_err(|source| PluginError::Group { connection: connection.clone(), source }))
        .collect()
}

/// Refuses an empty item and one that stands twice.
pub(super) fn distinct(connection: &ConnectionName, what: &'static str, items: &[String]) -> Result<(), PluginError> {
    let mut seen = BTreeSet::new();
    for item in items {
        if item.is_empty() {
            return Err(PluginError::EmptyItem { connection: connection.clone(), what });
        }
        if !seen.insert(item) {
            return Err(PluginError::ItemTwice { connection: connection.clone(), what, item: quoted(item) });
        }
    }
    Ok(())
}
