//! Which ids a handler is for.

use std::fmt;
use std::sync::Arc;

/// Which ids a handler is for: an action id, callback id, command or event type.
#[derive(Clone)]
pub struct Constraint(Rule);

#[derive(Clone)]
enum Rule {
    Exact(String),
    Prefix(String),
    Predicate(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl Constraint {
    /// This id alone; what a text converts to.
    pub fn exact(id: impl Into<String>) -> Self {
        Self(Rule::Exact(id.into()))
    }

    /// Every id that begins so.
    pub fn prefix(prefix: impl Into<String>) -> Self {
        Self(Rule::Prefix(prefix.into()))
    }

    /// Every id for which this holds.
    pub fn matching(predicate: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Rule::Predicate(Arc::new(predicate)))
    }

    /// Whether an id is one of them.
    pub fn matches(&self, id: &str) -> bool {
        match &self.0 {
            Rule::Exact(exact) => exact == id,
            Rule::Prefix(prefix) => id.starts_with(prefix.as_str()),
            Rule::Predicate(predicate) => predicate(id),
        }
    }
}

impl From<&str> for Constraint {
    fn from(id: &str) -> Self {
        Self::exact(id)
    }
}

impl From<String> for Constraint {
    fn from(id: String) -> Self {
        Self::exact(id)
    }
}

impl fmt::Debug for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Exact(id) => write!(f, "{id}"),
            Rule::Prefix(prefix) => write!(f, "{prefix}*"),
            Rule::Predicate(_) => f.write_str("<predicate>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_match_as_they_say() {
        assert!(Constraint::from("a").matches("a") && !Constraint::from("a").matches("ab"));
        assert!(Constraint::prefix("a").matches("ab") && !Constraint::prefix("a").matches("ba"));
        assert!(Constraint::matching(|id| id.len() == 2).matches("ab"));
    }
}
