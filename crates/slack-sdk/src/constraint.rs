//! Which ids a handler is for.

use std::fmt;
use std::sync::Arc;

use crate::Matches;

/// Which ids a handler is for: action ids, callback ids, commands, event types.
///
/// A text converts to the id itself, a `Regex` to every id that it finds a match in:
///
/// ```
/// # use countersign_slack_sdk::Constraint;
/// assert!(Constraint::from("approve").matches("approve"));
/// assert!(Constraint::prefix("page:").matches("page:7"));
/// assert!(Constraint::glob("task-*-done").matches("task-17-done"));
/// assert!(Constraint::matching(|id| id.len() > 3).matches("long"));
/// ```
#[derive(Clone)]
pub struct Constraint(Rule);

#[derive(Clone)]
enum Rule {
    Exact(String),
    Prefix(String),
    Glob(String),
    Predicate(Arc<dyn Fn(&str) -> bool + Send + Sync>),
    #[cfg(feature = "regex")]
    Regex(regex::Regex),
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

    /// Every id of a form in which `*` stands for any text; [`Matches`] has what it stood for.
    pub fn glob(form: impl Into<String>) -> Self {
        Self(Rule::Glob(form.into()))
    }

    /// Every id for which this holds.
    pub fn matching(predicate: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Rule::Predicate(Arc::new(predicate)))
    }

    /// Whether an id is one of them.
    pub fn matches(&self, id: &str) -> bool {
        self.check(id).is_some()
    }

    /// The one id, where it is for one only.
    pub(crate) fn id(&self) -> Option<&str> {
        match &self.0 {
            Rule::Exact(id) => Some(id),
            _ => None,
        }
    }

    /// What of an id fits, where it is one of them.
    pub(crate) fn check(&self, id: &str) -> Option<Matches> {
        let plainly = |holds: bool| holds.then(Matches::default);
        match &self.0 {
            Rule::Exact(exact) => plainly(exact == id),
            Rule::Prefix(prefix) => plainly(id.starts_with(prefix.as_str())),
            Rule::Glob(form) => glob(form, id).map(|stars| Matches::new(id, stars)),
            Rule::Predicate(predicate) => plainly(predicate(id)),
            #[cfg(feature = "regex")]
            Rule::Regex(regex) => Matches::of(regex, id),
        }
    }
}

/// What the stars of a form stand for in a text. A star takes as little as it can.
fn glob<'t>(form: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut parts = form.split('*');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut stars = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = if parts.peek().is_none() {
            rest.len().checked_sub(part.len()).filter(|_| rest.ends_with(part))?
        } else {
            rest.find(part)?
        };
        let (star, after) = rest.split_at_checked(at)?;
        stars.push(star);
        rest = after.get(part.len()..)?;
    }
    rest.is_empty().then_some(stars)
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

#[cfg(feature = "regex")]
impl From<regex::Regex> for Constraint {
    fn from(regex: regex::Regex) -> Self {
        Self(Rule::Regex(regex))
    }
}

impl fmt::Debug for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Exact(id) => write!(f, "{id}"),
            Rule::Prefix(prefix) => write!(f, "{prefix}*"),
            Rule::Glob(form) => write!(f, "{form}"),
            Rule::Predicate(_) => f.write_str("<predicate>"),
            #[cfg(feature = "regex")]
            Rule::Regex(regex) => write!(f, "/{regex}/"),
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

    #[test]
    fn a_star_stands_for_any_text() {
        assert_eq!(glob("a*c", "abbc"), Some(vec!["bb"]));
        assert_eq!(glob("*", ""), Some(vec![""]));
        assert_eq!(glob("a*-*", "ab-c-d"), Some(vec!["b", "c-d"]));
        assert_eq!(glob("ä*ö", "äüö"), Some(vec!["ü"]));
        for (form, text) in [("a*c", "ab"), ("ab", "abc"), ("ab*ba", "aba"), ("", "a"), ("*a*b", "ba")] {
            assert_eq!(glob(form, text), None, "{form} {text}");
        }
    }
}
