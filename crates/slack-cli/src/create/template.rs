//! The templates, and what becomes of them.

use std::{fmt, path::Path, str::FromStr};

use serde_json::{Value, json};

use super::{ProjectName, Runtime};
use crate::{Code, Failure};

/// The crate that Rust projects are built on.
pub(super) const SDK: &str = "countersign-slack-sdk";
/// What of `.slack` is a person's own, and not the project's.
pub(super) const SLACK_GITIGNORE: &str = include_str!("templates/slack-gitignore.in");

/// What a project can be made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Our SDK.
    Rust,
    /// Bolt for JavaScript.
    Node,
    /// Bolt for Python.
    Python,
}

/// A text that names no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no template {0:?}; there are: rust, node, python")]
pub struct UnknownTemplate(String);

/// A file of a new project.
#[derive(Debug)]
pub(super) struct File {
    /// Where, below the project's directory.
    pub(super) path: String,
    /// What is in it.
    pub(super) text: String,
}

macro_rules! embedded {
    ($runtime:literal: $($path:literal = $file:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("templates/", $runtime, "/", $file)))),+]
    };
}

const RUST: &[(&str, &str)] = embedded!("rust":
    "Cargo.toml" = "Cargo.toml.in",
    "src/main.rs" = "main.rs.in",
    "manifest.json" = "manifest.json.in",
    "triggers/greet.json" = "greet.json.in",
    ".gitignore" = "gitignore.in",
    "README.md" = "README.md.in",
);
const NODE: &[(&str, &str)] = embedded!("node":
    "package.json" = "package.json.in",
    "app.js" = "app.js.in",
    "manifest.json" = "manifest.json.in",
    ".gitignore" = "gitignore.in",
    "README.md" = "README.md.in",
);
const PYTHON: &[(&str, &str)] = embedded!("python":
    "requirements.txt" = "requirements.txt.in",
    "app.py" = "app.py.in",
    "manifest.json" = "manifest.json.in",
    ".gitignore" = "gitignore.in",
    "README.md" = "README.md.in",
);

impl Template {
    /// Every template.
    pub const ALL: [Self; 3] = [Self::Rust, Self::Node, Self::Python];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        self.runtime().as_str()
    }

    /// What its projects run on.
    pub const fn runtime(self) -> Runtime {
        match self {
            Self::Rust => Runtime::Rust,
            Self::Node => Runtime::Node,
            Self::Python => Runtime::Python,
        }
    }

    const fn embedded(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Rust => RUST,
            Self::Node => NODE,
            Self::Python => PYTHON,
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Template {
    type Err = UnknownTemplate;

    fn from_str(text: &str) -> Result<Self, UnknownTemplate> {
        let named = Self::ALL.into_iter().find(|template| template.as_str() == text);
        named.ok_or_else(|| UnknownTemplate(text.chars().take(64).collect()))
    }
}

/// The files of a new project.
pub(super) fn files(template: Template, name: &ProjectName, sdk: Option<&Path>) -> Result<Vec<File>, Failure> {
    // JSON's way to write a text is TOML's, too.
    let sdk = Value::from(sdk.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()).to_string();
    let filled = |text: &str| {
        text.replace("{{name}}", name.as_str()).replace("{{package}}", &name.package()).replace("{{sdk}}", &sdk)
    };
    let file = |path: &str, text: String| File { path: path.to_owned(), text };
    let mut files: Vec<File> = template.embedded().iter().map(|(path, text)| file(path, filled(text))).collect();
    files.push(file(".slack/hooks.json", template.runtime().hooks().to_owned()));
    files.push(file(".slack/config.json", config()?));
    files.push(file(".slack/.gitignore", SLACK_GITIGNORE.to_owned()));
    Ok(files)
}

/// What the official command line keeps of a project: its id, and that its own manifest counts.
pub(super) fn config() -> Result<String, Failure> {
    let config = json!({"manifest": {"source": "local"}, "project_id": random_id()?});
    Ok(format!("{config:#}\n"))
}

/// A random UUID (version 4).
fn random_id() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Code::Template, "the system gave no random bytes").detail(error.to_string()))?;
    let random = u128::from_be_bytes(bytes) & !((0xf << 76) | (0b11 << 62));
    let text = format!("{:032x}", random | (4 << 76) | (0b10 << 62));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| text.get(part).unwrap_or_default().to_owned());
    Ok(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use countersign_slack::hooks::{HookName, Interface};

    use super::*;

    fn made(template: Template) -> Vec<File> {
        files(template, &"Orders".parse().unwrap(), Some(Path::new("/a \"b\"/sdk"))).unwrap()
    }

    fn text(files: &[File], path: &str) -> String {
        files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}")).text.clone()
    }

    #[test]
    fn every_template_has_a_manifest_hooks_and_what_keeps_secrets_out_of_git() {
        for template in Template::ALL {
            let files = made(template);
            let manifest: Value = serde_json::from_str(&text(&files, "manifest.json")).unwrap();
            assert_eq!(manifest["display_information"]["name"], "Orders", "{template}");
            assert_eq!(manifest["settings"]["socket_mode_enabled"], true, "{template}");
            let hooks: Interface = serde_json::from_str(&text(&files, ".slack/hooks.json")).unwrap();
            assert!(hooks.command(HookName::GetHooks).is_some(), "{template}");
            assert!(text(&files, ".gitignore").lines().any(|line| line == ".env"), "{template}");
            assert_eq!(text(&files, ".slack/.gitignore"), "apps.dev.json\ncache/\n");
            assert!(text(&files, "README.md").starts_with("# Orders\n"), "{template}");
            let config: Value = serde_json::from_str(&text(&files, ".slack/config.json")).unwrap();
            assert_eq!(config["manifest"]["source"], "local");
        }
    }

    #[test]
    fn nothing_of_a_template_is_left_to_fill_in_but_slacks_own_references() {
        for file in Template::ALL.into_iter().flat_map(made) {
            for rest in file.text.split("{{").skip(1) {
                assert!(rest.starts_with("data.") || rest.starts_with("inputs."), "{}: {rest}", file.path);
            }
        }
    }

    #[test]
    fn a_rust_project_depends_on_the_sdk_by_its_path() {
        let files = made(Template::Rust);
        assert!(text(&files, "Cargo.toml").contains(r#"countersign-slack-sdk = { path = "/a \"b\"/sdk", default"#));
        assert!(text(&files, "Cargo.toml").contains("name = \"orders\""));
        let trigger: Value = serde_json::from_str(&text(&files, "triggers/greet.json")).unwrap();
        let manifest: Value = serde_json::from_str(&text(&files, "manifest.json")).unwrap();
        assert_eq!(trigger["workflow"], "#/workflows/greet");
        assert!(manifest["workflows"]["greet"].is_object());
    }

    #[test]
    fn the_bolt_templates_let_the_command_line_say_where_slack_is() {
        assert!(text(&made(Template::Node), "app.js").contains("clientOptions: slackApiUrl ? { slackApiUrl } : {}"));
        assert!(text(&made(Template::Python), "app.py").contains("base_url=base_url"));
        let package: Value = serde_json::from_str(&text(&made(Template::Node), "package.json")).unwrap();
        assert_eq!(package["name"], "orders");
        assert!(package["dependencies"]["@slack/bolt"].is_string());
    }

    #[test]
    fn ids_of_projects_are_random_uuids() {
        let (one, other) = (random_id().unwrap(), random_id().unwrap());
        assert_ne!(one, other);
        let shape = regex::Regex::new("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$").unwrap();
        assert!(shape.is_match(&one), "{one}");
    }

    #[test]
    fn another_template_is_told_what_there_is() {
        let error = "go".parse::<Template>().unwrap_err().to_string();
        assert_eq!(error, "there is no template \"go\"; there are: rust, node, python");
    }
}
