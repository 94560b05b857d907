//! A project's directory, and the hooks in it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use countersign_slack::hooks::{Environment, ProtocolName};
use countersign_slack_cli::{Session, Settings, Talk};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A hook that answers with the manifest, between boundaries where it is given some.
const GET_MANIFEST: &str = "f() { B=${3#--boundary=}; printf %s \"$B\"; cat manifest.json; printf %s \"$B\"; }; f";

/// A directory with a `.slack/hooks.json`.
#[derive(Debug)]
pub(crate) struct Directory(TempDir);

impl Directory {
    /// A new one, with these hooks.
    pub(crate) fn new(hooks: &Value) -> Result<Self> {
        let directory = Self(tempfile::Builder::new().prefix("cs-bench-").tempdir()?);
        std::fs::create_dir(directory.path().join(".slack"))?;
        directory.write(".slack/hooks.json", &hooks.to_string())?;
        Ok(directory)
    }

    /// A new one whose app can be run: with a manifest, these hooks beside `get-manifest`, and this configuration.
    pub(crate) fn of_app(start: &str, config: &Value) -> Result<Self> {
        let hooks = json!({"get-manifest": GET_MANIFEST, "start": start});
        let directory = Self::new(&json!({"hooks": hooks, "config": config}))?;
        directory.write("manifest.json", &manifest().to_string())?;
        Ok(directory)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file of it.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// A session in it, in which nobody is told anything.
    pub(crate) fn session(&self) -> Session {
        Session {
            environment: Environment::snapshot(),
            directory: self.path().to_owned(),
            settings: Settings::default(),
            talk: Arc::new(Nobody),
            now: jiff::Timestamp::now,
        }
    }
}

/// A hook that answers `{}`, by the shell's own words: it starts nothing.
pub(crate) fn answering(protocol: ProtocolName) -> &'static str {
    match protocol {
        ProtocolName::Default => "f() { echo '{}'; }; f",
        ProtocolName::MessageBoundaries => "f() { B=${2#--boundary=}; echo \"$B{}$B\"; }; f",
    }
}

/// An app over Socket Mode that hears mentions.
fn manifest() -> Value {
    json!({
        "display_information": {"name": "Bench"},
        "features": {"bot_user": {"display_name": "bench", "always_online": true}},
        "oauth_config": {"scopes": {"bot": ["app_mentions:read", "chat:write"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}, "socket_mode_enabled": true},
    })
}

/// Nobody listens, and nobody can be asked.
#[derive(Debug)]
struct Nobody;

impl Talk for Nobody {
    fn stream(&self, _bytes: &[u8]) {}

    fn say(&self, _line: &str) {}

    fn warn(&self, _line: &str) {}

    fn choose(&self, _question: &str, _options: &[String]) -> Option<usize> {
        None
    }

    fn confirm(&self, _question: &str) -> Option<bool> {
        None
    }
}
