//! The environment of a hook, as both sides give and take it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// A snapshot of the environment.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// What this process was started with.
    pub fn snapshot() -> Self {
        std::env::vars_os().collect()
    }

    /// A variable's text; empty, or not UTF-8, is as if it were not set.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(OsStr::new(name))?.to_str().filter(|text| !text.is_empty())
    }

    /// A variable's path; empty is as if it were not set.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.get(OsStr::new(name)).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Every variable.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Sets a variable, whatever it was.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }

    /// Takes a variable out.
    pub fn unset(&mut self, name: &str) {
        self.0.remove(OsStr::new(name));
    }

    /// Adds variables that are not set, such as those that came with an event.
    #[must_use]
    pub fn or<'v>(mut self, variables: impl IntoIterator<Item = (&'v str, &'v str)>) -> Self {
        for (name, value) in variables {
            if self.text(name).is_none() {
                self.0.insert(name.into(), value.into());
            }
        }
        self
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    /// Writes names only: values may be tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_not_set() {
        let environment = Environment::from_iter([("A", "1"), ("B", "")]).or([("A", "2"), ("B", "3"), ("C", "4")]);
        let texts = ["A", "B", "C", "D"].map(|name| environment.text(name));
        assert_eq!(texts, [Some("1"), Some("3"), Some("4"), None]);
    }

    #[test]
    fn debug_shows_names_only() {
        let text = format!("{:?}", Environment::from_iter([("SLACK_BOT_TOKEN", "xoxb-secret")]));
        assert!(text.contains("SLACK_BOT_TOKEN") && !text.contains("secret"), "{text}");
    }
}
