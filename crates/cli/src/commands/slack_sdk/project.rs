//! The package that a hook is about.

use std::fs;
use std::path::{Path, PathBuf};

use countersign_slack::hooks::Flags;
use countersign_slack_sdk::cli::project::{CARGO, root};
use toml::{Table, Value};

use crate::output::Hinted;

/// The crate that an app is built on.
pub(super) const SDK: &str = "countersign-slack-sdk";

/// A Rust package with a Slack app.
#[derive(Debug)]
pub(super) struct Project {
    /// Where its `Cargo.toml` is.
    pub(super) root: PathBuf,
    cargo: Table,
}

impl Project {
    /// The project that `--source` names, or the one that a directory is in.
    pub(super) fn find(directory: &Path, flags: &Flags) -> anyhow::Result<Self> {
        let source = flags.source.as_deref().map(|source| directory.join(source));
        // The source of a trigger is a file in the project.
        let from = source.filter(|path| path.exists()).unwrap_or_else(|| directory.to_owned());
        let root = root(&from).map_err(|error| {
            Hinted::new(error.to_string())
                .hint("run this in a Rust project, or make one with `cargo new` and `cargo add countersign-slack-sdk`")
        })?;
        Self::read(root)
    }

    fn read(root: PathBuf) -> anyhow::Result<Self> {
        let path = root.join(CARGO);
        let text = fs::read_to_string(&path)
            .map_err(|error| Hinted::new(format!("could not read {}: {error}", path.display())))?;
        let cargo: Table = toml::from_str(&text)
            .map_err(|error| Hinted::new(format!("{} is not valid TOML: {}", path.display(), error.message())))?;
        if !cargo.contains_key("package") {
            let error = Hinted::new(format!("{} is a workspace without a package of its own", path.display()));
            return Err(error.hint("run this in the directory of the app's package").into());
        }
        Ok(Self { root, cargo })
    }

    /// A text of `[package]`.
    pub(super) fn package(&self, key: &str) -> Option<&str> {
        self.cargo.get("package")?.get(key)?.as_str()
    }

    /// A text of `[package.metadata.slack]`.
    pub(super) fn setting(&self, key: &str) -> Option<&str> {
        self.cargo.get("package")?.get("metadata")?.get("slack")?.get(key)?.as_str()
    }

    /// The packages that it depends on by name, however they are called in its code.
    pub(super) fn dependencies(&self) -> Vec<String> {
        let tables = ["dependencies"].into_iter().filter_map(|table| self.cargo.get(table)?.as_table());
        let package =
            |(name, value): (&String, &Value)| value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned();
        tables.flatten().map(package).collect()
    }

    /// What is missing for the app to be run, with what to do about it.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if !self.dependencies().iter().any(|name| name == SDK) {
            let error = Hinted::new(format!("{} does not depend on {SDK}", self.root.join(CARGO).display()));
            return Err(error.hint(format!("add it with `cargo add {SDK}`")).into());
        }
        if !self.has_program() {
            let error = Hinted::new(format!("the package in {} has no program", self.root.display()));
            return Err(error
                .hint("write src/main.rs: `fn main() -> std::process::ExitCode { countersign_slack_sdk::cli::main(app()) }`")
                .into());
        }
        Ok(())
    }

    fn has_program(&self) -> bool {
        let is_there = |path: &str| self.root.join(path).exists();
        self.cargo.contains_key("bin") || is_there("src/main.rs") || is_there("src/bin")
    }

    /// The name of the program with this source, where `Cargo.toml` says so.
    pub(super) fn program_at(&self, source: &Path) -> Option<&str> {
        let programs = self.cargo.get("bin")?.as_array()?.iter();
        let mut named = programs
            .filter(|bin| bin.get("path").and_then(Value::as_str).is_some_and(|path| Path::new(path) == source));
        named.find_map(|bin| bin.get("name")?.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(cargo: &str) -> (tempfile::TempDir, anyhow::Result<Project>) {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(CARGO), cargo).unwrap();
        let found = Project::find(&directory.path().join("."), &Flags::default());
        (directory, found)
    }

    #[test]
    fn dependencies_are_packages_whatever_they_are_called() {
        let (_directory, project) = project(
            "[package]\nname = 'a'\n[dependencies]\nserde = '1'\nsdk = { package = 'countersign-slack-sdk', path = '..' }\nx.workspace = true",
        );
        assert_eq!(project.unwrap().dependencies(), ["countersign-slack-sdk", "serde", "x"]);
    }

    #[test]
    fn what_is_missing_is_said() {
        let (_directory, other) = project("[package]\nname = 'a'");
        assert!(other.unwrap().check().unwrap_err().to_string().contains("does not depend on countersign-slack-sdk"));
        let (_directory, no_program) = project("[package]\nname = 'a'\n[dependencies]\ncountersign-slack-sdk = '1'");
        assert!(no_program.unwrap().check().unwrap_err().to_string().contains("no program"));
        let (_directory, workspace) = project("[workspace]");
        assert!(workspace.unwrap_err().to_string().contains("workspace without a package"));
        let (_directory, broken) = project("[package");
        assert!(broken.unwrap_err().to_string().contains("not valid TOML"));
    }

    #[test]
    fn settings_are_in_the_packages_metadata() {
        let (_directory, project) = project("[package]\nname = 'a'\n[package.metadata.slack]\ndeploy = './go'");
        assert_eq!(project.unwrap().setting("deploy"), Some("./go"));
    }
}
