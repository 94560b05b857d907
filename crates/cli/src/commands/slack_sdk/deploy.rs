//! `deploy`: the project's own script.

use std::path::PathBuf;
use std::process::Command;

use super::project::Project;
use super::{Call, cargo};
use crate::output::Hinted;

/// Where a script is looked for, when `Cargo.toml` names none.
const SCRIPTS: [&str; 3] = ["deploy.sh", "deploy", "scripts/deploy.sh"];

/// Runs the script in this process's place: it has stdin, and what it writes is seen at once.
pub(super) fn deploy(call: &Call, project: &Project) -> anyhow::Result<u8> {
    let mut command = if let Some(script) = project.setting("deploy") {
        shell(script)
    } else if let Some(script) = script(project) {
        Command::new(script)
    } else {
        return Err(Hinted::new("the project has no deploy script")
            .hint("write an executable deploy.sh beside Cargo.toml")
            .hint("or name a command in Cargo.toml: [package.metadata.slack] deploy = \"./ship\"")
            .into());
    };
    command.current_dir(&project.root).args(&call.flags.rest);
    cargo::become_it(command)
}

/// A command for a shell, which gets further arguments as they are.
fn shell(command: &str) -> Command {
    if cfg!(windows) {
        let mut shell = Command::new("powershell");
        shell.args(["-Command", command]);
        return shell;
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{command} \"$@\""), "sh"]);
    shell
}

fn script(project: &Project) -> Option<PathBuf> {
    SCRIPTS.into_iter().map(|script| project.root.join(script)).find(|path| is_executable(path))
}

#[cfg(unix)]
fn is_executable(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &std::path::Path) -> bool {
    path.is_file()
}
