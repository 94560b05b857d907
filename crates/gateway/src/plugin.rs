//! Plugins: the words in which administrators say who reviews what, and where Slack shows it.
//!
//! `review` governs `exec`, `jit` governs `connect`, `slack` says which channels show requests. Connections are written
//! `NAME:ITEM;ITEM`, several separated by commas or by repeating the flag; items are groups, of `slack` channels. What `review`
//! and `jit` say is kept as policies and as nothing else; what `slack` says is a setting.

mod grammar;
mod slack;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    time::Duration,
};

use countersign_approval::{
    AskPolicy, Combine, Effect, GroupName, Policy, Requirement, SelfApproval, Voters,
    policy::{Door, Matches},
};

pub use grammar::PluginError;
pub use slack::{Channel, SLACK_SETTING, SlackChange, StoredSlack};

use crate::{
    name::ConnectionName,
    policy::{PolicySource, StoredPolicy},
    wire::api::PluginInput,
};

/// How long a request stays open when its policy says nothing else.
pub const DEFAULT_TTL: Duration = Duration::from_hours(1);

/// How long an approval may wait to be used when its policy says nothing else: long enough to come back from lunch.
pub const DEFAULT_CLAIM_WITHIN: Duration = Duration::from_hours(1);

/// Longest window of access when its policy says nothing else.
pub const DEFAULT_MAX_DURATION: Duration = Duration::from_hours(48);

/// The plugins there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PluginName {
    /// Who reviews commands.
    Review,
    /// Who approves access.
    Jit,
    /// Which channels show requests.
    Slack,
}

/// A plugin as an administrator wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plugin {
    /// Who reviews commands, or approves access.
    Approvals(ApprovalPlugin),
    /// Which channels show requests.
    Slack(SlackChange),
}

/// Who must say yes before somebody uses a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalPlugin {
    /// What it governs.
    pub verb: ApprovalVerb,
    /// The order among policies.
    pub priority: i64,
    /// Each connection with its groups: somebody of every one must say yes.
    pub connections: BTreeMap<ConnectionName, Vec<GroupName>>,
}

/// What an approval plugin governs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApprovalVerb {
    /// Commands.
    Review,
    /// Access.
    Jit,
}

impl PluginName {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Review, Self::Jit, Self::Slack];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Jit => "jit",
            Self::Slack => "slack",
        }
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PluginName {
    type Err = PluginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or_else(|| PluginError::unknown(text))
    }
}

impl ApprovalVerb {
    /// The source of the policies that it writes.
    pub const fn source(self) -> PolicySource {
        match self {
            Self::Review => PolicySource::Review,
            Self::Jit => PolicySource::Jit,
        }
    }

    const fn door(self) -> Door {
        match self {
            Self::Review => Door::Exec,
            Self::Jit => Door::Connect,
        }
    }

    /// The plugin's name.
    pub const fn name(self) -> PluginName {
        match self {
            Self::Review => PluginName::Review,
            Self::Jit => PluginName::Jit,
        }
    }
}

impl Plugin {
    /// Reads what an administrator wrote.
    pub fn parse(name: &str, input: &PluginInput) -> Result<Self, PluginError> {
        match name.parse::<PluginName>()? {
            PluginName::Review => ApprovalPlugin::parse(ApprovalVerb::Review, input).map(Self::Approvals),
            PluginName::Jit => ApprovalPlugin::parse(ApprovalVerb::Jit, input).map(Self::Approvals),
            PluginName::Slack => SlackChange::parse(input).map(Self::Slack),
        }
    }

    /// Its name.
    pub const fn name(&self) -> PluginName {
        match self {
            Self::Approvals(plugin) => plugin.verb.name(),
            Self::Slack(_) => PluginName::Slack,
        }
    }

    /// Refuses a plugin that names connections that do not exist, and names them.
    pub fn check_connections(&self, known: &BTreeSet<ConnectionName>) -> Result<(), PluginError> {
        let named: Vec<&ConnectionName> = match self {
            Self::Approvals(plugin) => plugin.connections.keys().collect(),
            Self::Slack(plugin) => plugin.connections.keys().collect(),
        };
        let missing: Vec<ConnectionName> = named.into_iter().filter(|name| !known.contains(*name)).cloned().collect();
        if missing.is_empty() { Ok(()) } else { Err(PluginError::no_such_connections(missing, known)) }
    }
}

impl ApprovalPlugin {
    fn parse(verb: ApprovalVerb, input: &PluginInput) -> Result<Self, PluginError> {
        if let Some(key) = input.config.keys().next() {
            return Err(PluginError::unknown_key(verb.name(), key, &[]));
        }
        let entries = grammar::connections(&input.connections)?;
        if entries.is_empty() {
            return Err(PluginError::NoConnections { plugin: verb.name() });
        }
        let connections = entries
            .into_iter()
            .map(|(connection, items)| grammar::groups(&connection, &items).map(|groups| (connection, groups)))
            .collect::<Result<_, _>>()?;
        Ok(Self { verb, priority: input.priority, connections })
    }

    /// The policies that say it, by name.
    pub fn policies(&self) -> Vec<StoredPolicy> {
        self.connections.iter().map(|(connection, groups)| self.policy(connection, groups)).collect()
    }

    fn policy(&self, connection: &ConnectionName, groups: &[GroupName]) -> StoredPolicy {
        let requirements =
            groups.iter().map(|group| Requirement { voters: Voters::Group(group.clone()), min: 1 }).collect();
        let ask = AskPolicy {
            requirements,
            combine: Combine::AllOf,
            min_people: 1,
            self_approval: SelfApproval::Refused,
            ttl: DEFAULT_TTL,
            max_duration: (self.verb == ApprovalVerb::Jit).then_some(DEFAULT_MAX_DURATION),
            channels: Vec::new(),
            reason_required: false,
            claim_within: Some(DEFAULT_CLAIM_WITHIN),
            break_glass: BTreeSet::new(),
        };
        let matches =
            Matches { doors: vec![self.verb.door()], target: connection.as_str().to_owned(), groups: BTreeSet::new() };
        let policy = Policy { name: format!("{}/{connection}", self.verb.name()), matches, effect: Effect::Ask(ask) };
        StoredPolicy { priority: self.priority, source: self.verb.source(), policy }
    }

    /// What policies of this source say, read back; `None` when there are none.
    pub fn of_policies(verb: ApprovalVerb, policies: &[StoredPolicy]) -> Option<Self> {
        let own = || policies.iter().filter(|stored| stored.source == verb.source());
        let priority = own().next()?.priority;
        let connections = own()
            .filter_map(|stored| {
                let connection = stored.policy.matches.target.parse().ok()?;
                let Effect::Ask(ask) = &stored.policy.effect else { return None };
                let groups = ask.requirements.iter().filter_map(|requirement| match &requirement.voters {
                    Voters::Group(group) => Some(group.clone()),
                    Voters::Person(_) => None,
                });
                Some((connection, groups.collect()))
            })
            .collect();
        Some(Self { verb, priority, connections })
    }
}

#[cfg(test)]
mod tests;
