//! The hooks of a Rust project, called as the Slack CLI calls them: `sh -c '<command> "$@"' sh ARGS…`.

#![cfg(unix)]

mod app;
mod files;
mod project;
mod updates;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use countersign_slack::hooks::{Boundary, Environment, HookName, Interface, Protocol};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::BINARY;

/// A project in a directory of its own.
struct Project {
    directory: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// How a hook ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Project {
    /// A directory with these files.
    fn of(files: &[(&str, &str)]) -> Self {
        let project = Self { directory: tempfile::tempdir().unwrap(), variables: Vec::new() };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// What `get-hooks` answers.
    async fn interface(&self) -> Interface {
        let ended = self.shell(&format!("{BINARY} slack sdk get-hooks"), &[], b"").await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        serde_json::from_str(&ended.stdout).unwrap()
    }

    /// Calls a hook by the command that `get-hooks` gave.
    async fn call(&self, hook: HookName, arguments: &[&str], stdin: &[u8]) -> Ended {
        let interface = self.interface().await;
        self.shell(interface.command(hook).unwrap(), arguments, stdin).await
    }

    /// Calls a hook by both protocols, and expects the same response from both.
    async fn respond(&self, hook: HookName, arguments: &[&str], stdin: &[u8]) -> Value {
        let plain = self.call(hook, arguments, stdin).await;
        assert_eq!(plain.code, Some(0), "{}", plain.stderr);
        let response: Value = serde_json::from_str(plain.stdout.trim()).unwrap();
        let boundary = Boundary::random().unwrap();
        let flags = Protocol::MessageBoundaries(boundary.clone()).arguments();
        let all: Vec<&str> = arguments.iter().copied().chain(flags.iter().map(String::as_str)).collect();
        let bounded = self.call(hook, &all, stdin).await;
        assert_eq!(bounded.code, Some(0), "{}", bounded.stderr);
        let parts: Vec<&str> = bounded.stdout.split(boundary.as_str()).collect();
        assert_eq!(parts.len(), 3, "{}", bounded.stdout);
        assert_eq!((parts[0], parts[2]), ("", "\n"), "stdout is the response and nothing else");
        assert_eq!(timeless(&serde_json::from_str(parts[1]).unwrap()), timeless(&response));
        assert!(!bounded.stderr.contains(boundary.as_str()), "{}", bounded.stderr);
        response
    }

    async fn shell(&self, command: &str, arguments: &[&str], stdin: &[u8]) -> Ended {
        let mut child = self.spawn(command, arguments);
        let mut pipe = child.stdin.take().unwrap();
        // A hook that does not read its input has ended before all is written.
        let _ = pipe.write_all(stdin).await;
        drop(pipe);
        let output = child.wait_with_output().await.unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn spawn(&self, command: &str, arguments: &[&str]) -> Child {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{command} \"$@\"")).arg("sh").args(arguments).current_dir(self.path());
        for name in ["SLACK_APP_TOKEN", "SLACK_BOT_TOKEN", "SLACK_CLI_XAPP", "SLACK_CLI_XOXB", "RUSTFLAGS"] {
            shell.env_remove(name);
        }
        // What cargo tells a test of itself is not what it tells a project: some build scripts run again when it changes, and
        // most of what a project is built on with them.
        let of_cargo = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        for (name, _) in Environment::snapshot().iter() {
            if name.to_str().is_some_and(of_cargo) || name == "CARGO_TARGET_DIR" {
                shell.env_remove(name);
            }
        }
        shell.env("CARGO", env!("CARGO")).envs(self.variables.iter().cloned());
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        shell.spawn().unwrap()
    }
}

/// The root of this repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// A package that says it is built on the SDK, without being it: what needs no app is tested without compiling one.
const CARGO: &str = "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\ncountersign-slack-sdk = { path = \"sdk\" }\n";

/// A response without bare numbers in its texts: cargo's own words for a failure tell how many milliseconds it took.
fn timeless(response: &Value) -> String {
    let text = response.to_string();
    text.split(' ').filter(|word| word.parse::<u64>().is_err()).collect::<Vec<_>>().join(" ")
}
