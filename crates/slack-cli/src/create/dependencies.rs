//! Installing what a new project is built on.

use std::{path::Path, process::Stdio};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Command,
};

use super::Template;
use crate::{Code, Failure, Session};

/// What became of what a project is built on.
#[derive(Debug)]
pub enum Dependencies {
    /// It is installed.
    Installed,
    /// The first build brings it.
    NotNeeded,
    /// It was not wanted.
    LeftOut,
    /// It could not be installed.
    Failed(Failure),
}

/// A command that installs something.
type Step = (&'static str, &'static [&'static str]);

// On Windows npm is a script, and a virtual environment has its programs elsewhere.
const NPM_PROGRAM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };
const PYTHON_PROGRAM: &str = if cfg!(windows) { "python" } else { "python3" };
const VENV_PROGRAM: &str = if cfg!(windows) { ".venv/Scripts/python.exe" } else { ".venv/bin/python" };

const NPM: [Step; 1] = [(NPM_PROGRAM, &["install", "--no-fund", "--no-audit"])];
const PIP: [Step; 2] = [
    (PYTHON_PROGRAM, &["-m", "venv", ".venv"]),
    (VENV_PROGRAM, &["-m", "pip", "install", "--disable-pip-version-check", "-r", "requirements.txt"]),
];
/// So much is read from a command at once.
const CHUNK: usize = 8 * 1024;

/// Installs what a project is built on; the person sees what the commands write, as they write it.
pub(super) async fn install(session: &Session, root: &Path, template: Template) -> Dependencies {
    let steps: &[Step] = match template {
        Template::Rust => return Dependencies::NotNeeded,
        Template::Node => &NPM,
        Template::Python => &PIP,
    };
    for step in steps {
        if let Err(failure) = run(session, root, step).await {
            session.talk.warn(&format!("the project is there, but not all that it is built on: {failure}"));
            return Dependencies::Failed(failure);
        }
    }
    Dependencies::Installed
}

/// The commands that a person would install a project's dependencies with.
pub(super) fn by_hand(template: Template) -> Option<&'static str> {
    match template {
        Template::Rust => None,
        Template::Node => Some("npm install"),
        Template::Python => Some("python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"),
    }
}

async fn run(session: &Session, root: &Path, (program, arguments): &Step) -> Result<(), Failure> {
    session.talk.say(&format!("running {program} {}", arguments.join(" ")));
    // A program of the project is meant from the project's directory, not from ours.
    let path = if program.contains('/') { root.join(program) } else { program.into() };
    let mut command = Command::new(path);
    command.args(*arguments).current_dir(root).env_clear().envs(session.environment.iter());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| {
        Failure::new(Code::RuntimeNotFound, format!("could not run {program}")).detail(error.to_string())
    })?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (ended, (), ()) = tokio::join!(child.wait(), follow(session, out), follow(session, err));
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(Code::DependencyInstall, format!("{program} failed: {status}"))),
        Err(error) => {
            Err(Failure::new(Code::DependencyInstall, format!("lost sight of {program}")).detail(error.to_string()))
        }
    }
}

/// Shows what a command writes, until it has ended.
async fn follow(session: &Session, stream: Option<impl AsyncRead + Unpin>) {
    let Some(mut stream) = stream else { return };
    let mut chunk = vec![0; CHUNK];
    // What can no longer be read has ended.
    while let Ok(length @ 1..) = stream.read(&mut chunk).await {
        session.talk.stream(chunk.get(..length).unwrap_or_default());
    }
}
