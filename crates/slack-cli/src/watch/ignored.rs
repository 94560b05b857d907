//! What is never looked at, unless it is configured.

use std::{ffi::OsStr, path::Path};

use crate::json_file;

/// Directories that tools fill, by name.
const DIRECTORIES: [&str; 4] = [".git", "node_modules", "target", ".venv"];
/// What the command line itself keeps in a project.
const OWN: &str = ".slack";
/// Files in it that the command line writes: a change of them must not make it write them again.
const OWN_FILES: [&str; 3] = ["apps.json", "apps.dev.json", "config.json"];
/// Files that are about to take another's place, as `json_file` names them.
const TEMPORARY: &str = json_file::TEMPORARY;

/// Whether a directory that was found in a configured one is left out.
pub(super) fn directory(path: &Path) -> bool {
    let Some(name) = path.file_name() else { return false };
    DIRECTORIES.iter().any(|ignored| name == *ignored) || (name == "cache" && is_in_own(path))
}

/// Whether a file that was found in a configured directory is left out.
pub(super) fn file(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(OsStr::to_str) else { return false };
    is_in_own(path) && (OWN_FILES.contains(&name) || name.starts_with(TEMPORARY))
}

fn is_in_own(path: &Path) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|parent| parent == OWN)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::git("/p/.git", true)]
    #[case::deep("/p/a/node_modules", true)]
    #[case::target("/p/target", true)]
    #[case::venv("/p/.venv", true)]
    #[case::own_cache("/p/.slack/cache", true)]
    #[case::other_cache("/p/cache", false)]
    #[case::own("/p/.slack", false)]
    #[case::alike("/p/targets", false)]
    fn directories_that_tools_fill_are_left_out(#[case] path: &str, #[case] is_ignored: bool) {
        assert_eq!(directory(Path::new(path)), is_ignored);
    }

    #[rstest]
    #[case::apps("/p/.slack/apps.dev.json", true)]
    #[case::temporary("/p/.slack/.countersign-AbC", true)]
    #[case::hooks("/p/.slack/hooks.json", false)]
    #[case::elsewhere("/p/apps.json", false)]
    fn what_an_installation_writes_is_left_out(#[case] path: &str, #[case] is_ignored: bool) {
        assert_eq!(file(Path::new(path)), is_ignored);
    }
}
