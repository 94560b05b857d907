//! The difference, as it is printed and carried out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The difference between how things should be and how they are, in the order in which it is carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What is to be done.
    pub steps: Vec<Step>,
    /// How much is already so.
    pub unchanged: usize,
}

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What.
    pub action: Action,
    /// To which kind of thing.
    pub kind: Kind,
    /// To which.
    pub name: String,
    /// What is different.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
}

/// What is to be done to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is not there yet.
    Create,
    /// It is there, and different.
    Change,
    /// It is there, and should not be.
    Delete,
}

/// Kinds of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An agent.
    Agent,
    /// A plugin.
    Plugin,
    /// A person.
    User,
    /// A policy.
    Policy,
    /// A connection.
    Connection,
}

/// One field that is different. Secrets are not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field, e.g. `groups`.
    pub field: String,
    /// How it is; `None` where it is not there.
    pub before: Option<String>,
    /// How it will be; `None` where it will be gone.
    pub after: Option<String>,
}

impl Kind {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Plugin => "plugin",
            Self::User => "user",
            Self::Policy => "policy",
            Self::Connection => "connection",
        }
    }
}

impl Action {
    const fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Change => '~',
            Self::Delete => '-',
        }
    }
}

impl Plan {
    /// Whether everything is already so.
    pub const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
            for change in &step.changes {
                writeln!(f, "    {change}")?;
            }
        }
        write!(
            f,
            "{} to create, {} to change, {} to delete, {} unchanged",
            self.count(Action::Create),
            self.count(Action::Change),
            self.count(Action::Delete),
            self.unchanged
        )
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.action.sign(), self.kind.as_str(), self.name)
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (None, Some(after)) => write!(f, "{}: {after}", self.field),
            (Some(before), Some(after)) => write!(f, "{}: {before} → {after}", self.field),
            (Some(before), None) => write!(f, "{}: {before} → (gone)", self.field),
            (None, None) => f.write_str(&self.field),
        }
    }
}
