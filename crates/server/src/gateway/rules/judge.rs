//! The decision itself: policies in, decision out.

use std::{collections::BTreeSet, time::Duration};

use countersign_approval::{AskPolicy, Effect, GroupName, policy::Door};
use countersign_gateway::{
    Connection, StoredPolicy, Target, Verb, plugin::DEFAULT_MAX_DURATION, wire::api::HumanDuration,
};

use super::{Asking, Decision};

/// Shortest window of access: less is gone before anybody has typed a command.
const MIN_DURATION: Duration = Duration::from_mins(1);

/// The window of access when nobody says how long.
const USUAL_DURATION: Duration = Duration::from_mins(30);

/// What is to be decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// Every policy, in order.
    pub(super) policies: &'a [StoredPolicy],
    /// The person's groups now.
    pub(super) groups: &'a BTreeSet<GroupName>,
    /// What is to be used.
    pub(super) connection: &'a Connection,
    /// How.
    pub(super) verb: Verb,
    /// For how long, if that was said.
    pub(super) duration: Option<Duration>,
}

/// What the policies say.
pub(super) fn judge(question: &Question<'_>, allow_unreviewed: bool) -> Decision {
    if let Some(refused) = impossible(question) {
        return refused;
    }
    match question.policy(question.verb) {
        Some(stored) => match &stored.policy.effect {
            Effect::Allow => Decision::Allowed { policy: Some(stored.policy.name.clone()) },
            Effect::Deny { reason } => question.denied(&stored.policy.name, reason),
            Effect::Ask(ask) => question.asked(&stored.policy.name, ask),
        },
        None if question.works(other(question.verb)) || question.is_governed(other(question.verb)) => {
            question.uncovered()
        }
        None if allow_unreviewed => Decision::Allowed { policy: None },
        None => refused(format!(
            "no policy is about {} on connection {}, and this server runs nothing without one: an administrator can add one with `admin create plugin {}`",
            question.verb.as_str(),
            question.connection.name,
            plugin_of(question.verb),
        )),
    }
}

/// A command on something that is only an address.
fn impossible(question: &Question<'_>) -> Option<Decision> {
    let is_tcp = matches!(question.connection.target, Target::Tcp { .. });
    (is_tcp && question.verb == Verb::Exec).then(|| Decision::Refused {
        why: format!(
            "connection {0} leads to a port, where nothing can be executed: use `connect {0}`",
            question.connection.name
        ),
        works: Some(Verb::Connect),
        invalid: true,
    })
}

impl<'a> Question<'a> {
    /// The first policy that covers a verb.
    fn policy(&self, verb: Verb) -> Option<&'a StoredPolicy> {
        let name = self.connection.name.as_str();
        self.policies.iter().find(|stored| stored.policy.covers(door(verb), name, self.groups))
    }

    /// Whether a policy lets the person use that verb, asked or not.
    fn works(&self, verb: Verb) -> bool {
        let is_possible = verb == Verb::Connect || !matches!(self.connection.target, Target::Tcp { .. });
        let allows = |stored: &StoredPolicy| !matches!(stored.policy.effect, Effect::Deny { .. });
        is_possible && self.policy(verb).is_some_and(allows)
    }

    /// Whether a policy covers that verb, whatever follows.
    fn is_governed(&self, verb: Verb) -> bool {
        self.policy(verb).is_some()
    }

    fn uncovered(&self) -> Decision {
        let (verb, other) = (self.verb, other(self.verb));
        let name = &self.connection.name;
        let works = self.works(other).then_some(other);
        let hint = match works {
            Some(works) => format!("use `{} {name}`", works.as_str()),
            None => "and that is not allowed to you either".to_owned(),
        };
        Decision::Refused {
            why: format!(
                "{} is not possible on connection {name}: only {} is governed there (plugin {}), {hint}",
                verb.as_str(),
                other.as_str(),
                plugin_of(other),
            ),
            works,
            invalid: false,
        }
    }

    fn denied(&self, policy: &str, reason: &str) -> Decision {
        let said = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let other = other(self.verb);
        Decision::Refused {
            why: format!(
                "{} on connection {} is denied by policy {policy}{said}",
                self.verb.as_str(),
                self.connection.name
            ),
            works: self.works(other).then_some(other),
            invalid: false,
        }
    }

    fn asked(&self, policy: &str, ask: &AskPolicy) -> Decision {
        let longest = ask.max_duration.unwrap_or(DEFAULT_MAX_DURATION);
        let duration = self.duration.unwrap_or_else(|| USUAL_DURATION.min(longest));
        if self.verb == Verb::Connect && duration < MIN_DURATION.min(longest) {
            return unsuitable("less than a minute of access is not given: ask for 1m or more".to_owned());
        }
        if self.verb == Verb::Connect && duration > longest {
            return unsuitable(format!(
                "{} is more than policy {policy} gives on connection {}: ask for at most {}",
                HumanDuration(duration),
                self.connection.name,
                HumanDuration(longest),
            ));
        }
        let name = policy.to_owned();
        Decision::Ask(Box::new(Asking { name, policy: ask.clone(), duration, warnings: Vec::new() }))
    }
}

fn refused(why: String) -> Decision {
    Decision::Refused { why, works: None, invalid: false }
}

fn unsuitable(why: String) -> Decision {
    Decision::Refused { why, works: None, invalid: true }
}

const fn door(verb: Verb) -> Door {
    match verb {
        Verb::Exec => Door::Exec,
        Verb::Connect => Door::Connect,
    }
}

const fn other(verb: Verb) -> Verb {
    match verb {
        Verb::Exec => Verb::Connect,
        Verb::Connect => Verb::Exec,
    }
}

const fn plugin_of(verb: Verb) -> &'static str {
    match verb {
        Verb::Exec => "review",
        Verb::Connect => "jit",
    }
}

#[cfg(test)]
mod tests;
