//! Policies as the gateway keeps them: in an order, each with where it comes from.

mod written;

use countersign_approval::Policy;
use serde::{Deserialize, Serialize};

/// A policy and where it comes from. The first in order that covers a request decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPolicy {
    /// Lower comes first; equal ones by name.
    pub priority: i64,
    /// How it was written.
    pub source: PolicySource,
    /// The policy.
    pub policy: Policy,
}

/// How a policy was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicySource {
    /// `admin create plugin review`: governs `exec`.
    Review,
    /// `admin create plugin jit`: governs `connect`.
    Jit,
    /// `admin create policy` or `apply`.
    Policy,
}

impl PolicySource {
    /// The word, as stored and as shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Jit => "jit",
            Self::Policy => "policy",
        }
    }
}
