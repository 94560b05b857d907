//! The comparison.

mod fields;

use std::collections::BTreeSet;

use countersign_approval::PersonId;

use super::{
    desired::Desired,
    plan::{Action, FieldChange, Kind, Plan, Step},
};
use crate::{
    agent::Agent,
    connection::Connection,
    invalid::Invalid,
    name::ConnectionName,
    place::Place,
    plugin::{ApprovalPlugin, ApprovalVerb, Plugin, PluginError, PluginName, StoredSlack},
    policy::{PolicySource, StoredPolicy},
    port::Account,
    wire::api::WireSecret,
};

/// How everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// People, those who are inactive too.
    pub accounts: Vec<Account>,
    /// Agents.
    pub agents: Vec<Agent>,
    /// Connections.
    pub connections: Vec<Connection>,
    /// Policies, those of plugins too.
    pub policies: Vec<StoredPolicy>,
    /// The slack plugin.
    pub slack: Option<StoredSlack>,
}

/// Says whether what is sealed for a place is this secret.
pub type SameSecret<'a> = dyn Fn(Place<'_>, &str, &WireSecret) -> bool + 'a;

/// What has to be done for everything to be as desired; `caller` is whoever asks for it.
///
/// The order is one in which every step can be done, and nothing is open on the way that should not be: who reviews a
/// connection is said before the connection is there.
pub fn plan(desired: &Desired, state: &State, caller: &PersonId, same: &SameSecret<'_>) -> Result<Plan, Invalid> {
    let mut differences = Differences { desired, state, same, plan: Plan::default() };
    differences.agents();
    differences.plugins(&[PluginName::Slack])?;
    differences.users();
    differences.policies()?;
    differences.plugins(&[PluginName::Review, PluginName::Jit])?;
    differences.connections()?;
    if desired.prune {
        differences.prune(caller)?;
    }
    Ok(differences.plan)
}

struct Differences<'a> {
    desired: &'a Desired,
    state: &'a State,
    same: &'a SameSecret<'a>,
    plan: Plan,
}

impl Differences<'_> {
    /// Notes how something differs; `None` is what is not there yet.
    fn put(&mut self, kind: Kind, name: &str, is_new: bool, changes: Vec<FieldChange>) {
        if !is_new && changes.is_empty() {
            self.plan.unchanged += 1;
            return;
        }
        let action = if is_new { Action::Create } else { Action::Change };
        self.plan.steps.push(Step { action, kind, name: name.to_owned(), changes });
    }

    fn delete(&mut self, kind: Kind, name: &str) {
        self.plan.steps.push(Step { action: Action::Delete, kind, name: name.to_owned(), changes: Vec::new() });
    }

    fn agents(&mut self) {
        for name in self.desired.agents.iter().flatten() {
            let is_new = !self.state.agents.iter().any(|agent| agent.name == *name);
            self.put(Kind::Agent, name.as_str(), is_new, Vec::new());
        }
    }

    fn users(&mut self) {
        for (id, input) in self.desired.users.iter().flatten() {
            let before = self.state.accounts.iter().find(|account| account.person.id == *id);
            self.put(Kind::User, id.as_str(), before.is_none(), fields::of_user(before, input));
        }
    }

    fn connections(&mut self) -> Result<(), Invalid> {
        for (name, input) in self.desired.connections.iter().flatten() {
            let before = self.state.connections.iter().find(|connection| connection.name == *name);
            let changes = fields::of_connection(before, name, input, self.same)
                .map_err(|error| error.within(&format!("connections.{name}")))?;
            self.put(Kind::Connection, name.as_str(), before.is_none(), changes);
        }
        Ok(())
    }

    fn policies(&mut self) -> Result<(), Invalid> {
        for (name, input) in self.desired.policies.iter().flatten() {
            let before = self.state.policies.iter().find(|stored| stored.policy.name == *name);
            let after = input.to_policy(name).map_err(|error| error.within(&format!("policies.{name}")))?;
            self.put(Kind::Policy, name, before.is_none(), fields::of_policy(before, &after));
        }
        Ok(())
    }

    fn plugins(&mut self, names: &[PluginName]) -> Result<(), Invalid> {
        let known = self.connections_after();
        let wanted = self.desired.plugins.iter().flatten().filter(|(name, _)| names.contains(name));
        for (name, (_, plugin)) in wanted {
            let wrong = |error| Invalid::new(format!("plugins.{name}"), error);
            plugin.check_connections(&known).map_err(wrong)?;
            let (is_new, changes) = match plugin {
                Plugin::Approvals(plugin) => {
                    let before = ApprovalPlugin::of_policies(plugin.verb, &self.state.policies);
                    (before.is_none(), fields::of_approvals(before.as_ref(), plugin))
                }
                Plugin::Slack(change) => {
                    let before = self.state.slack.as_ref();
                    let seal = |key, token: &WireSecret| Ok::<_, PluginError>(self.sealed_token(key, token));
                    let after = change.onto(before, seal).map_err(wrong)?;
                    (before.is_none(), fields::of_slack(before, &after))
                }
            };
            self.put(Kind::Plugin, name.as_str(), is_new, changes);
        }
        Ok(())
    }

    /// What is sealed now, where it is the same token; else a word that differs from it.
    fn sealed_token(&self, key: &'static str, token: &WireSecret) -> String {
        let sealed = self.state.slack.as_ref().and_then(|slack| {
            slack.sealed().into_iter().find(|(known, _)| *known == key).map(|(_, sealed)| sealed.to_owned())
        });
        let place = Place::Plugin { plugin: PluginName::Slack.as_str(), key };
        sealed.filter(|sealed| (self.same)(place, sealed, token)).unwrap_or_default()
    }

    /// The connections that there will be.
    fn connections_after(&self) -> BTreeSet<ConnectionName> {
        let kept = self.state.connections.iter().map(|connection| &connection.name);
        let named = self.desired.connections.iter().flat_map(|section| section.keys());
        let is_pruned = self.desired.prune && self.desired.connections.is_some();
        if is_pruned { named.cloned().collect() } else { kept.chain(named).cloned().collect() }
    }

    /// Deletes what is not named, users of things before what they use.
    fn prune(&mut self, caller: &PersonId) -> Result<(), Invalid> {
        let (desired, state) = (self.desired, self.state);
        if let Some(named) = &desired.plugins {
            for name in PluginName::ALL.into_iter().filter(|name| state.has_plugin(*name) && !named.contains_key(name))
            {
                self.delete(Kind::Plugin, name.as_str());
            }
        }
        if let Some(named) = &desired.connections {
            for connection in state.connections.iter().filter(|connection| !named.contains_key(&connection.name)) {
                self.delete(Kind::Connection, connection.name.as_str());
            }
        }
        if let Some(named) = &desired.policies {
            let own = state.policies.iter().filter(|stored| stored.source == PolicySource::Policy);
            for stored in own.filter(|stored| !named.contains_key(&stored.policy.name)) {
                self.delete(Kind::Policy, &stored.policy.name);
            }
        }
        if let Some(named) = &desired.users {
            let active = state.accounts.iter().map(|account| &account.person).filter(|person| person.active);
            for person in active.filter(|person| !named.contains_key(&person.id)) {
                if person.id == *caller {
                    let wrong =
                        format!("pruning would delete {caller}, who applies this: name them, or leave `users` out");
                    return Err(Invalid::new("users", wrong));
                }
                self.delete(Kind::User, person.id.as_str());
            }
        }
        if let Some(named) = &desired.agents {
            for agent in state.agents.iter().filter(|agent| !named.contains(&agent.name)) {
                self.delete(Kind::Agent, agent.name.as_str());
            }
        }
        Ok(())
    }
}

impl State {
    /// Whether a plugin is there.
    pub fn has_plugin(&self, name: PluginName) -> bool {
        let has = |verb: ApprovalVerb| self.policies.iter().any(|stored| stored.source == verb.source());
        match name {
            PluginName::Review => has(ApprovalVerb::Review),
            PluginName::Jit => has(ApprovalVerb::Jit),
            PluginName::Slack => self.slack.is_some(),
        }
    }
}

#[cfg(test)]
mod tests;
