//! What a project runs on, and how it is seen.

use std::{fmt, path::Path, str::FromStr};

/// What a project runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// Rust, with our SDK.
    Rust,
    /// Node.js, with Bolt for JavaScript.
    Node,
    /// Python, with Bolt for Python.
    Python,
    /// Deno, with Slack's SDK for it.
    Deno,
}

/// A text that names no runtime.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no runtime {0:?}; there are: rust, node, python, deno")]
pub struct UnknownRuntime(String);

/// How much of a file is looked at: what a project depends on stands near its beginning.
const MAX_READ: u64 = 1024 * 1024;

impl Runtime {
    /// Every runtime; where several could be meant, the first that names its SDK counts.
    pub const ALL: [Self; 4] = [Self::Deno, Self::Node, Self::Python, Self::Rust];

    /// Its name, as `hooks.json` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Node => "node",
            Self::Python => "python",
            Self::Deno => "deno",
        }
    }

    /// The `hooks.json` of its projects.
    pub(super) const fn hooks(self) -> &'static str {
        match self {
            Self::Rust => include_str!("templates/rust/hooks.json.in"),
            Self::Node => include_str!("templates/node/hooks.json.in"),
            Self::Python => include_str!("templates/python/hooks.json.in"),
            Self::Deno => include_str!("templates/deno-hooks.json.in"),
        }
    }

    /// Files that only its projects have.
    const fn files(self) -> &'static [&'static str] {
        match self {
            Self::Rust => &["Cargo.toml"],
            Self::Node => &["package.json"],
            Self::Python => &["requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "app.py"],
            Self::Deno => &["deno.json", "deno.jsonc", "import_map.json"],
        }
    }

    /// What answers the hooks of its projects, as their files name it.
    pub(super) const fn hooks_package(self) -> &'static [&'static str] {
        match self {
            Self::Rust => &["countersign-slack-sdk"],
            Self::Node => &["@slack/cli-hooks"],
            Self::Python => &["slack-cli-hooks", "slack_cli_hooks"],
            Self::Deno => &["deno-slack-hooks", "deno_slack_hooks", "deno-slack-sdk", "deno_slack_sdk"],
        }
    }

    /// What apps for Slack are built on there.
    const fn sdks(self) -> &'static [&'static str] {
        match self {
            Self::Rust => &["countersign-slack-sdk", "slack-morphism"],
            Self::Node => &["@slack/"],
            Self::Python => &["slack-bolt", "slack_bolt", "slack-sdk", "slack_sdk"],
            Self::Deno => &["deno-slack", "deno_slack"],
        }
    }

    /// Whether a directory has one of its files.
    pub(super) fn is_in(self, directory: &Path) -> bool {
        self.files().iter().any(|file| directory.join(file).is_file())
    }

    /// Whether one of its files in a directory names one of these.
    fn names(self, directory: &Path, wanted: &[&str]) -> bool {
        let texts = self.files().iter().filter_map(|file| read(&directory.join(file)));
        texts.into_iter().any(|text| wanted.iter().any(|name| text.contains(name)))
    }

    /// Whether a directory's files name what answers the hooks.
    pub(super) fn has_hooks_package(self, directory: &Path) -> bool {
        self.names(directory, self.hooks_package())
    }

    /// What a directory can be of: those that name an SDK for Slack, else every one whose files are there.
    pub(super) fn candidates(directory: &Path) -> Vec<Self> {
        let there: Vec<Self> = Self::ALL.into_iter().filter(|runtime| runtime.is_in(directory)).collect();
        let named: Vec<Self> =
            there.iter().copied().filter(|runtime| runtime.names(directory, runtime.sdks())).collect();
        if named.is_empty() { there } else { named }
    }
}

/// The beginning of a text file; what cannot be read names nothing.
fn read(path: &Path) -> Option<String> {
    use std::io::Read as _;

    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(MAX_READ).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Runtime {
    type Err = UnknownRuntime;

    fn from_str(text: &str) -> Result<Self, UnknownRuntime> {
        let named = Self::ALL.into_iter().find(|runtime| runtime.as_str() == text);
        named.ok_or_else(|| UnknownRuntime(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(files: &[(&str, &str)]) -> Vec<Runtime> {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        Runtime::candidates(directory.path())
    }

    #[test]
    fn a_runtime_is_seen_from_its_files() {
        assert_eq!(candidates(&[]), []);
        assert_eq!(candidates(&[("Cargo.toml", "[package]")]), [Runtime::Rust]);
        assert_eq!(candidates(&[("package.json", "{}")]), [Runtime::Node]);
        for file in ["requirements.txt", "pyproject.toml", "app.py"] {
            assert_eq!(candidates(&[(file, "")]), [Runtime::Python], "{file}");
        }
        assert_eq!(candidates(&[("deno.jsonc", "{}")]), [Runtime::Deno]);
    }

    #[test]
    fn of_several_those_count_that_are_built_on_an_sdk_for_slack() {
        let both = [("Cargo.toml", "[dependencies]"), ("package.json", "{\"dependencies\": {\"@slack/bolt\": \"5\"}}")];
        assert_eq!(candidates(&both), [Runtime::Node]);
        let neither = [("Cargo.toml", ""), ("package.json", "{}")];
        assert_eq!(candidates(&neither), [Runtime::Node, Runtime::Rust]);
    }
}
