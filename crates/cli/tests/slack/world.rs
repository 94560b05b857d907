//! A local Slack, a home and a project, and the binary run in them.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use countersign_slack::client::{Client, RawCall, Token};
use countersign_slack_workspace::{Config, Running, Workspace};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::BINARY;

/// So long a command may take; one that does not end has failed.
const LIMIT: Duration = Duration::from_mins(2);

/// A local Slack, a home and a project, and the binary run in them.
pub(crate) struct World {
    pub(crate) slack: Running,
    home: TempDir,
    project: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    /// A project with a manifest, in which alice is signed in.
    pub(crate) async fn start() -> Self {
        let world = Self::stranger().await;
        let token = world.slack.ready().cli_token.clone();
        world.slack(&["login", "--token", token.expose_secret()]).await.fine();
        world
    }

    /// A project with a manifest, in which nobody is signed in.
    pub(crate) async fn stranger() -> Self {
        let slack = Workspace::start(Config::default()).await.unwrap();
        let world = Self { slack, home: tempfile::tempdir().unwrap(), project: tempfile::tempdir().unwrap() };
        world.write(".slack/hooks.json", &json!({"hooks": {"get-manifest": "sh get-manifest.sh"}}).to_string());
        world.write("get-manifest.sh", "cat manifest.json\n");
        world.write("manifest.json", &manifest().to_string());
        world
    }

    /// The project's directory.
    pub(crate) fn root(&self) -> &Path {
        self.project.path()
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file of the project as JSON.
    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.root().join(name)).unwrap()).unwrap()
    }

    /// What is in `credentials.json`.
    pub(crate) fn credentials(&self) -> Value {
        let path = self.home.path().join(".slack/credentials.json");
        fs::read_to_string(path).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }

    /// `countersign slack …`, ready to be run in the project.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.arg("slack").args(arguments).current_dir(self.root()).kill_on_drop(true);
        command.env_clear().env("HOME", self.home.path()).env("SLACK_API_URL", &self.slack.ready().api_url);
        // Hooks are found there.
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `countersign slack …` to its end.
    pub(crate) async fn slack(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments)).await
    }

    /// What Slack says to its owner.
    pub(crate) async fn ask(&self, method: &str, arguments: Value) -> Value {
        let ready = self.slack.ready();
        let client = Client::new(ready.api_url.parse().unwrap()).unwrap();
        let token = Token::new(&ready.user_token).unwrap();
        let call = RawCall::new("POST").unwrap().json(arguments.to_string());
        let answer = client.raw(Some(&token), method, call).await.unwrap();
        serde_json::from_slice(&answer.body).unwrap()
    }
}

impl Ended {
    /// Runs a command to its end.
    pub(crate) async fn of(mut command: Command) -> Self {
        let output = tokio::time::timeout(LIMIT, command.output()).await.expect("the command ends").unwrap();
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It has to have worked; its data.
    #[track_caller]
    pub(crate) fn fine(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.stdout.trim_end()
    }

    /// It has to have worked; its data as JSON.
    #[track_caller]
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(self.fine()).unwrap()
    }

    /// It has to have failed with a code, and without data.
    #[track_caller]
    pub(crate) fn failed(&self, code: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{self:#?}");
        assert!(self.stderr.contains(&format!("({code})")), "{self:#?}");
    }
}

/// A manifest that Slack takes.
pub(crate) fn manifest() -> Value {
    json!({
        "display_information": {"name": "Orders"},
        "features": {"bot_user": {"display_name": "orders"}},
        "oauth_config": {"scopes": {"bot": ["app_mentions:read", "chat:write"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}, "socket_mode_enabled": true},
    })
}
