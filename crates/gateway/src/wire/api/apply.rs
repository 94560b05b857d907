//! The declarative file on its way.

use serde::{Deserialize, Serialize};

use super::{connections::NewAgent, secret::WireSecret};
use crate::apply::Plan;

/// A declarative file to be applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplyInput {
    /// The YAML text; it may hold secrets.
    pub file: WireSecret,
    /// Only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The difference to what was there.
    pub plan: Plan,
    /// How many of its steps were done: all of them, unless `failed` says why not; none of a dry run.
    pub done: usize,
    /// The step that failed, and why. What was done before stays; applying again goes on from there.
    pub failed: Option<String>,
    /// Agents that were made, each with its token, shown this once.
    pub agents: Vec<NewAgent>,
    /// What is odd, for people.
    pub warnings: Vec<String>,
}
