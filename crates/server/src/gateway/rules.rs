//! Which policy a request falls under, and who could decide it now.
//!
//! The policies stand in an order; the first that covers the door, the connection and the requester's groups decides. A verb
//! that no policy covers is refused when the other verb has one: whoever put `connect` behind approval did not mean to leave
//! `exec` open beside it. Where no policy is about a connection at all, the server's own setting decides.

mod eligible;
mod judge;

use std::{collections::BTreeSet, time::Duration};

use countersign_approval::{AskPolicy, Destination, StoreError};
use countersign_gateway::{Connection, Verb, port::Account};

use super::state::Gateway;

pub(crate) use eligible::Eligible;
use judge::{Question, judge};

/// What the policies say to a person who wants to use a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Goes ahead without asking.
    Allowed {
        /// The policy that allows it; `None` where none is about the connection.
        policy: Option<String>,
    },
    /// Does not.
    Refused {
        /// What is wrong and what to do, for people.
        why: String,
        /// The verb that works on this connection instead.
        works: Option<Verb>,
        /// Whether the person only asked for something that cannot be, e.g. too long a time; else a policy said no.
        invalid: bool,
    },
    /// People are asked.
    Ask(Box<Asking>),
}

/// How people are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asking {
    /// The policy's name.
    pub(crate) name: String,
    /// The policy, with the channels that show the request.
    pub(crate) policy: AskPolicy,
    /// For `connect`: for how long, as asked for or the usual time.
    pub(crate) duration: Duration,
    /// What is wrong with showing it, for people.
    pub(crate) warnings: Vec<String>,
}

/// What the policies say to this person, who wants to use a connection so; for `connect` as long as `duration`.
pub(crate) async fn decide(
    gateway: &Gateway,
    account: &Account,
    connection: &Connection,
    verb: Verb,
    duration: Option<Duration>,
) -> Result<Decision, StoreError> {
    let policies = gateway.store().policies().await?;
    let question = Question { policies: &policies, groups: &account.person.groups, connection, verb, duration };
    let mut decision = judge(&question, gateway.settings().allow_unreviewed);
    if let Decision::Ask(asking) = &mut decision {
        (asking.policy.channels, asking.warnings) = channels(gateway, connection, &asking.policy.channels).await;
    }
    Ok(decision)
}

/// The policy's own channels and those of the slack plugin, by their ids. The plugin's silence is no trouble where the policy
/// has channels itself.
async fn channels(gateway: &Gateway, connection: &Connection, own: &[Destination]) -> (Vec<Destination>, Vec<String>) {
    let (found, warnings) = gateway.slack().channels_for(gateway, &connection.name).await;
    if own.is_empty() {
        return (found, warnings);
    }
    let wanted: BTreeSet<String> = own.iter().map(|channel| channel.as_str().to_owned()).collect();
    let (resolved, mut trouble) = gateway.slack().resolve(&wanted).await;
    if resolved.is_empty() {
        trouble.extend(warnings);
    }
    let all: BTreeSet<Destination> = found.into_iter().chain(resolved).collect();
    (all.into_iter().collect(), trouble)
}
