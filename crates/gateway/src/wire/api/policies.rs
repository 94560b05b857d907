//! Policies and plugins as administrators write and see them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{duration::HumanDuration, secret::WireSecret};

/// What a policy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorWord {
    /// `exec`.
    Exec,
    /// `connect`.
    Connect,
    /// `guard`.
    Guard,
}

/// A policy as an administrator writes it. Exactly one of `allow`, `deny` and `ask` says what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyInput {
    /// Replace a policy that is there already.
    #[serde(default)]
    pub overwrite: bool,
    /// Lower comes first; the first that covers a request decides.
    #[serde(default)]
    pub priority: i64,
    /// The doors it covers; empty covers every door.
    #[serde(default)]
    pub doors: Vec<DoorWord>,
    /// The connections: a name, or a pattern in which `*` stands for any run of characters.
    #[serde(default = "every_connection")]
    pub connection: String,
    /// Only requesters in one of these groups; empty is everybody.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Goes ahead without asking.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow: bool,
    /// Does not; the text is told to the requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny: Option<String>,
    /// People are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<AskInput>,
}

impl Default for PolicyInput {
    fn default() -> Self {
        Self {
            overwrite: false,
            priority: 0,
            doors: Vec::new(),
            connection: every_connection(),
            groups: Vec::new(),
            allow: false,
            deny: None,
            ask: None,
        }
    }
}

/// How people are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskInput {
    /// Who must say yes: `sre`, two of them `sre:2`, or one person by e-mail address.
    pub approvers: Vec<String>,
    /// One of them is enough, instead of all.
    #[serde(default)]
    pub any_of: bool,
    /// How many different people must have said yes; 1 when nothing is said.
    #[serde(default)]
    pub min_people: Option<u32>,
    /// Whether the requester's own yes counts.
    #[serde(default)]
    pub self_approval: bool,
    /// How long a request stays open; `1h` when nothing is said.
    #[serde(default)]
    pub ttl: Option<HumanDuration>,
    /// How long an approval may wait to be used; `1h` when nothing is said.
    #[serde(default)]
    pub claim_within: Option<HumanDuration>,
    /// Longest window of access; `48h` when nothing is said.
    #[serde(default)]
    pub max_duration: Option<HumanDuration>,
    /// Slack channels, beside those of the `slack` plugin: ids or names.
    #[serde(default)]
    pub channels: Vec<String>,
    /// Whether a denial must carry a reason.
    #[serde(default)]
    pub reason_required: bool,
    /// Groups whose people may go ahead in an emergency without approval.
    #[serde(default)]
    pub break_glass: Vec<String>,
}

/// A policy as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyView {
    /// Its name.
    pub name: String,
    /// How it was written: `review`, `jit` or `policy`.
    pub source: String,
    /// What it says; `overwrite` is always false.
    pub policy: PolicyInput,
}

/// A plugin as an administrator writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginInput {
    /// Replace what is there already: its connections and its configuration.
    #[serde(default)]
    pub overwrite: bool,
    /// The order among policies; of `slack` it has no meaning.
    #[serde(default)]
    pub priority: i64,
    /// Configuration by key, e.g. `SLACK_BOT_TOKEN`.
    #[serde(default)]
    pub config: BTreeMap<String, WireSecret>,
    /// The connections, in the grammar of `--connection`: `bash:admin;sre`, `bash,bash-jit`.
    #[serde(default)]
    pub connections: Vec<String>,
}

/// A plugin as it is. Values of its configuration that are secret are given to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginView {
    /// `review`, `jit` or `slack`.
    pub name: String,
    /// Its priority.
    pub priority: i64,
    /// Its connections, each with its groups or channels.
    pub connections: BTreeMap<String, Vec<String>>,
    /// Its configuration; `(sealed)` in place of what is secret.
    pub config: BTreeMap<String, String>,
}

fn every_connection() -> String {
    "*".to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(value: &bool) -> bool {
    !*value
}
