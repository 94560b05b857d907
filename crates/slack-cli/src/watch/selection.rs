//! Which files count.

use std::{
    ffi::OsStr,
    path::{Component, Path, PathBuf},
};

use countersign_slack::hooks::WatchPaths;
use regex::Regex;

use crate::{Code, Failure};

/// Files and directories, and which of the files in them count.
#[derive(Debug, Clone)]
pub struct Selection {
    root: PathBuf,
    paths: Vec<PathBuf>,
    names: Option<Regex>,
}

impl Selection {
    /// What a project's hooks ask for; `place` is where in them, for whoever reads the failure of a pattern that is none.
    pub fn new(root: &Path, place: &str, watch: &WatchPaths) -> Result<Self, Failure> {
        let names = watch.filter_regex.as_deref().filter(|pattern| !pattern.is_empty());
        let names = names.map(|pattern| compile(place, pattern)).transpose()?;
        let paths = watch.paths.iter().filter(|path| !path.trim().is_empty()).map(|path| below(root, path)).collect();
        Ok(Self { root: root.to_owned(), paths, names })
    }

    /// The directory of the project.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The files and directories, whether they are there or not.
    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Whether a file of this name counts.
    pub(super) fn takes(&self, name: &OsStr) -> bool {
        self.names.as_ref().is_none_or(|names| names.is_match(&name.to_string_lossy()))
    }
}

fn compile(place: &str, pattern: &str) -> Result<Regex, Failure> {
    Regex::new(pattern).map_err(|error| {
        Failure::new(
            Code::SdkConfigLoad,
            format!("{place}.filter-regex is not a pattern that can be used: {pattern:?}"),
        )
        .detail(error.to_string())
        .remedy(
            "correct it in .slack/hooks.json, which wins over what the SDK says; in JSON a backslash is written twice",
        )
    })
}

/// The path without `.` and `..`, which the system would resolve in paths that are there only.
fn below(root: &Path, path: &str) -> PathBuf {
    let mut whole = root.to_owned();
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            other => whole.push(other),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn watch(paths: &[&str], pattern: Option<&str>) -> WatchPaths {
        WatchPaths {
            paths: paths.iter().map(|&path| path.to_owned()).collect(),
            filter_regex: pattern.map(str::to_owned),
        }
    }

    #[rstest]
    #[case::here(".", "/p")]
    #[case::file("app.js", "/p/app.js")]
    #[case::slash("listeners/", "/p/listeners")]
    #[case::dots("./a/../b", "/p/b")]
    #[case::outside("../shared", "/shared")]
    #[case::absolute("/etc/app", "/etc/app")]
    fn paths_are_below_the_project(#[case] path: &str, #[case] expected: &str) {
        let selection = Selection::new(Path::new("/p"), "watch", &watch(&[path], None)).unwrap();
        assert_eq!(selection.paths(), [PathBuf::from(expected)]);
    }

    #[test]
    fn the_pattern_is_matched_against_the_files_name() {
        let selection = Selection::new(Path::new("/p"), "watch", &watch(&["."], Some(r"\.(ts|js)$"))).unwrap();
        assert!(selection.takes(OsStr::new("app.js")) && !selection.takes(OsStr::new("app.json")));
        let every = Selection::new(Path::new("/p"), "watch", &watch(&["."], Some(""))).unwrap();
        assert!(every.takes(OsStr::new("app.json")));
    }

    #[rstest]
    #[case::open("(")]
    #[case::look_ahead("(?!node_modules)")]
    #[case::huge("(a{1000}){1000}")]
    fn a_pattern_that_is_none_is_told_with_its_place(#[case] pattern: &str) {
        let failure = Selection::new(Path::new("/p"), "config.watch.app", &watch(&["."], Some(pattern))).unwrap_err();
        assert_eq!(failure.code(), &Code::SdkConfigLoad);
        let text = failure.to_string();
        assert!(text.contains("config.watch.app.filter-regex") && text.contains(pattern), "{text}");
    }
}
