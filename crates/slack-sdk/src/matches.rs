//! What of an id or a text fitted a pattern.

/// What of an id or a text fitted the route's pattern: the groups of a `Regex`, or what the stars of a glob stood for.
///
/// As an extractor it is empty where the route has no pattern.
///
/// ```
/// # use countersign_slack_sdk::{App, Constraint, Matches};
/// async fn done(matches: Matches) {
///     assert!(matches.get(1).is_some());
/// }
///
/// let app: App = App::new().action(Constraint::glob("task-*-done"), done);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matches {
    groups: Box<[Option<Box<str>>]>,
}

impl Matches {
    pub(crate) fn new(whole: &str, groups: Vec<&str>) -> Self {
        let groups = std::iter::once(whole).chain(groups);
        Self { groups: groups.map(|group| Some(Box::from(group))).collect() }
    }

    #[cfg(feature = "regex")]
    pub(crate) fn of(regex: &regex::Regex, text: &str) -> Option<Self> {
        let captures = regex.captures(text)?;
        Some(Self { groups: captures.iter().map(|group| group.map(|group| Box::from(group.as_str()))).collect() })
    }

    /// A group; 0 is the whole match.
    pub fn get(&self, group: usize) -> Option<&str> {
        self.groups.get(group)?.as_deref()
    }

    /// How many groups there are, the whole match included.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}
