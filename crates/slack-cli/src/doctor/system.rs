//! The machine.

use std::{process::Stdio, time::Duration};

use tokio::process::Command;

use super::{Group, Section};
use crate::Session;

/// So long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn examine(session: &Session) -> Section {
    let version = format!("{} ({})", std::env::consts::OS, architecture());
    let system = Group::named("Operating System").fact("Version", version);
    let git = Group::named("Git");
    let git = match git_version(session).await {
        Ok(version) => git.fact("Version", version),
        Err(fault) => git.error(format!("git cannot be run: {fault}")),
    };
    Section { name: "System", groups: vec![system, git] }
}

/// The machine's kind by the name that the official command line has for it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

async fn git_version(session: &Session) -> Result<String, String> {
    let mut command = Command::new("git");
    command.arg("--version").current_dir(&session.directory).env_clear().envs(session.environment.iter());
    command.stdin(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.output()).await;
    let ended = ended.map_err(|_| "it does not say its version".to_owned())?.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&ended.stdout);
    let version = text.split_ascii_whitespace().nth(2).filter(|_| ended.status.success());
    version.map(str::to_owned).ok_or_else(|| "it does not say its version".to_owned())
}
