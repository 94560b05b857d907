//! How a shell runs a hook's command.

use std::{ffi::OsString, process::Stdio};

use countersign_slack::hooks::Protocol;
use tokio::process::{Child, Command};

use super::{HookCall, group::Group};
use crate::{Code, Failure};

/// Where a process gets its input and leaves its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Streams {
    /// Pipes to us, with a stdin or without one.
    Ours { has_input: bool },
    /// What we have ourselves, but no stdin.
    Inherited,
    /// What we have ourselves, a terminal's keyboard included.
    Attached,
}

/// Starts a hook's command in the project's root, as the head of a group of its own.
pub(super) fn start(call: &HookCall, protocol: &Protocol, streams: Streams) -> Result<(Child, Group), Failure> {
    let mut command = shell(&call.command, call.arguments(protocol));
    command.current_dir(&call.root).env_clear().envs(call.environment().iter()).kill_on_drop(true);
    match streams {
        Streams::Ours { has_input } => {
            let stdin = if has_input { Stdio::piped() } else { Stdio::null() };
            command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        Streams::Inherited => {
            command.stdin(Stdio::null());
        }
        Streams::Attached => {}
    }
    let is_grouped = streams != Streams::Attached || !has_keyboard();
    #[cfg(unix)]
    if is_grouped {
        command.process_group(0);
    }
    let child = command.spawn().map_err(|error| not_started(call, &error))?;
    let group = Group::of(&child, is_grouped);
    Ok((child, group))
}

/// Whether somebody may type at us: only the group that has the terminal may read from it, so a process stays in ours.
fn has_keyboard() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdin())
}

/// A command with arguments, which come to it exactly as they are.
#[cfg(unix)]
fn shell(line: &str, arguments: impl Iterator<Item = OsString>) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{line} \"$@\"")).arg("sh").args(arguments);
    command
}

/// A command with arguments, each quoted: PowerShell takes all that follows `-Command` as one script.
#[cfg(windows)]
fn shell(line: &str, arguments: impl Iterator<Item = OsString>) -> Command {
    let mut script = line.to_owned();
    for argument in arguments {
        script.push_str(" '");
        script.push_str(&argument.to_string_lossy().replace('\'', "''"));
        script.push('\'');
    }
    script.push_str("; exit $LASTEXITCODE");
    let mut command = Command::new("powershell");
    command.args(["-NoProfile", "-Command"]).arg(script);
    command
}

fn not_started(call: &HookCall, error: &std::io::Error) -> Failure {
    Failure::new(Code::SdkHookInvocationFailed, format!("the `{}` hook could not be started", call.hook))
        .detail(error.to_string())
        .detail(format!("command: {}", call.command))
        .detail(format!("directory: {}", call.root.display()))
        .remedy("check that the directory is there, and a shell (`sh`) in PATH")
}
