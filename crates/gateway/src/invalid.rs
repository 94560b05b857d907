//! What is wrong with something that an administrator wrote.

use crate::name::InvalidName;

/// A field that cannot be so. The text says what is wrong and what would be right; nothing secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {wrong}")]
pub struct Invalid {
    /// The field, e.g. `ask.approvers`.
    pub field: String,
    /// What is wrong with it.
    pub wrong: String,
}

impl Invalid {
    /// Something wrong with a field.
    pub fn new(field: impl Into<String>, wrong: impl std::fmt::Display) -> Self {
        Self { field: field.into(), wrong: wrong.to_string() }
    }

    /// The same, seen from further out: `users.alice` and `groups` become `users.alice.groups`.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        Self { field: format!("{outer}.{}", self.field), wrong: self.wrong }
    }
}

impl From<InvalidName> for Invalid {
    fn from(error: InvalidName) -> Self {
        Self::new("name", error)
    }
}

/// The known word that is most like this one, if any is at all.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(80).collect::<String>().to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// `; did you mean …?`, or nothing.
pub(crate) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |word| format!("; did you mean `{word}`?"))
}

/// The beginning of what somebody wrote, quoted, with everything invisible escaped.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 80;
    let mut start: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        start.push('…');
    }
    format!("{start:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        assert_eq!(nearest("slak", ["review", "jit", "slack"]), Some("slack"));
        assert_eq!(nearest("REVIEWS", ["review", "jit", "slack"]), Some("review"));
        assert_eq!(nearest("zzz", ["review", "jit", "slack"]), None);
    }

    #[test]
    fn what_is_quoted_is_short_and_visible() {
        assert_eq!(quoted("a\u{1b}[2J\u{202e}"), r#""a\u{1b}[2J\u{202e}""#);
        assert!(quoted(&"x".repeat(10_000)).len() < 100);
    }
}
