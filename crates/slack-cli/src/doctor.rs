//! Whether the system, the account and the project have what they need.

mod account;
mod project;
mod system;

use serde::Serialize;

use crate::{Failure, Session};

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// System, Slack and, in a project, the project.
    pub sections: Vec<Section>,
}

/// A part of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// What it is about.
    pub name: &'static str,
    /// What was looked at.
    pub groups: Vec<Group>,
}

/// Something that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// What.
    pub name: String,
    /// What is known of it.
    pub facts: Vec<Fact>,
    /// What else is to be said.
    pub notes: Vec<String>,
    /// What is wrong with it.
    pub errors: Vec<Trouble>,
}

/// One thing that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What.
    pub name: String,
    /// What of it.
    pub value: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The official code, where there is one.
    pub code: Option<String>,
    /// What.
    pub message: String,
    /// What is known besides.
    pub details: Vec<String>,
    /// What to do about it.
    pub remedies: Vec<String>,
}

impl Report {
    /// How much is wrong.
    pub fn errors(&self) -> usize {
        self.sections.iter().flat_map(|section| &section.groups).map(|group| group.errors.len()).sum()
    }
}

impl Group {
    fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push(Fact { name: name.into(), value: value.into() });
        self
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    fn error(mut self, trouble: impl Into<Trouble>) -> Self {
        self.errors.push(trouble.into());
        self
    }
}

impl From<&Failure> for Trouble {
    fn from(failure: &Failure) -> Self {
        Self {
            code: Some(failure.code().to_string()),
            message: failure.to_string(),
            details: failure.details().to_vec(),
            remedies: failure.remedies().to_vec(),
        }
    }
}

impl From<String> for Trouble {
    fn from(message: String) -> Self {
        Self { code: None, message, details: Vec::new(), remedies: Vec::new() }
    }
}

/// Looks at everything; whatever is wrong is in the report, and nothing ends it early.
pub async fn examine(session: &Session) -> Report {
    let (system, slack, project) =
        tokio::join!(system::examine(session), account::examine(session), project::examine(session));
    Report { sections: [Some(system), Some(slack), project].into_iter().flatten().collect() }
}
