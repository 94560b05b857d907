//! A server.

use std::path::Path;

use serde_json::Value;
use tokio::process::Command;

use super::program::Program;

/// A running `countersign serve`.
#[derive(Debug)]
pub struct Node {
    program: Program,
    url: String,
    login_link: Option<String>,
}

impl Node {
    /// Starts one with a configuration, and waits until it is ready.
    pub(super) async fn start(binary: &Path, config: &Path, home: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(binary);
        command.arg("--config").arg(config).args(["serve", "--json"]).args(args);
        command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").current_dir(home);
        let program = Program::start(command);
        let line = program.prints("\n").await;
        let ready: Value = serde_json::from_str(line.trim()).expect("one line of JSON");
        let text = |key: &str| ready.get(key).and_then(Value::as_str).map(str::to_owned);
        Self { url: text("url").expect("a URL"), login_link: text("login_link"), program }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address and port that it listens on.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// The link for the first administrator.
    pub fn login_link(&self) -> Option<&str> {
        self.login_link.as_deref()
    }

    /// Its process.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Kills it without any warning.
    pub async fn kill(&mut self) {
        self.program.kill().await;
    }

    /// Everything that it has logged until now.
    pub fn log(&self) -> String {
        self.program.stderr()
    }
}
