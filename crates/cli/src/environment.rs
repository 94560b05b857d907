//! The environment, read once at the start.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

/// A snapshot of the environment. Nothing else in the program reads it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// What this process was started with.
    pub(crate) fn snapshot() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// A made-up one.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect())
    }

    /// A variable's text; empty, or not UTF-8, is as if it were not set.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(std::ffi::OsStr::new(name))?.to_str().filter(|text| !text.is_empty())
    }

    /// A variable's path; empty is as if it were not set.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.get(std::ffi::OsStr::new(name)).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Every variable.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter()
    }

    /// The variables whose names begin with `prefix`: the rest of the name, and the text.
    pub(crate) fn prefixed<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.to_str()?.strip_prefix(prefix)?, value.to_str()?)))
    }
}
