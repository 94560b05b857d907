//! Running cargo.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use countersign_slack_sdk::cli::Environment;
use countersign_slack_sdk::cli::project::{CARGO, custom_path};

use super::Call;
use super::project::Project;
use crate::output::Hinted;

/// A command of cargo, in the project.
pub(super) fn command(project: &Project, environment: &Environment) -> Command {
    let mut command = Command::new(environment.path("CARGO").unwrap_or_else(|| PathBuf::from("cargo")));
    command.current_dir(&project.root);
    command
}

/// What of a project is run.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// What `cargo run` runs by itself.
    Default,
    /// A program by its name.
    Program(String),
    /// An example by its name.
    Example(String),
    /// A package of its own.
    Package(PathBuf),
    /// A program that is there already.
    Built(PathBuf),
}

/// Hands a hook over to the app: cargo builds it, and it takes this process's place.
pub(super) fn run_app(call: &Call, project: &Project) -> anyhow::Result<u8> {
    project.check()?;
    let target = match custom_path(&call.environment, &project.root) {
        Some(path) => Target::of(&path, project)?,
        None => Target::Default,
    };
    let mut command = if let Target::Built(program) = &target {
        Command::new(program)
    } else {
        let mut cargo = command(project, &call.environment);
        cargo.args(["run", "--quiet"]).args(target.arguments()).arg("--");
        cargo
    };
    command.current_dir(&project.root).arg(call.hook.as_str()).args(&call.arguments);
    become_it(command)
}

impl Target {
    /// What `slack run PATH` means.
    fn of(path: &Path, project: &Project) -> anyhow::Result<Self> {
        let path = project.root.join(path);
        let inside = path.strip_prefix(&project.root).unwrap_or(&path);
        if path.join(CARGO).is_file() {
            return Ok(Self::Package(path.join(CARGO)));
        }
        let name = || {
            // src/bin/name.rs, or src/bin/name/main.rs.
            let stem = inside.file_stem()?.to_str()?;
            if stem == "main" {
                inside.parent()?.file_name()?.to_str().map(str::to_owned)
            } else {
                Some(stem.to_owned())
            }
        };
        let unknown = || {
            Hinted::new(format!("{} is no program of this project", path.display()))
                .hint("name src/main.rs, a file in src/bin or examples, a package's directory, or a program")
        };
        if inside.extension().is_none_or(|kind| kind != "rs") {
            return if path.is_file() { Ok(Self::Built(path)) } else { Err(unknown().into()) };
        }
        if inside == Path::new("src/main.rs") {
            return Ok(Self::Default);
        }
        if let Some(name) = project.program_at(inside) {
            return Ok(Self::Program(name.to_owned()));
        }
        let name = name().ok_or_else(unknown)?;
        if inside.starts_with("src/bin") {
            Ok(Self::Program(name))
        } else if inside.starts_with("examples") {
            Ok(Self::Example(name))
        } else {
            Err(unknown().into())
        }
    }

    fn arguments(&self) -> Vec<std::ffi::OsString> {
        match self {
            Self::Default | Self::Built(_) => Vec::new(),
            Self::Program(name) => vec!["--bin".into(), name.into()],
            Self::Example(name) => vec!["--example".into(), name.into()],
            Self::Package(manifest) => vec!["--manifest-path".into(), manifest.into()],
        }
    }
}

/// Puts a program in this process's place: signals and the exit code are its own, and nothing is left behind.
#[cfg(unix)]
pub(super) fn become_it(mut command: Command) -> anyhow::Result<u8> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(error).with_context(|| could_not_run(&command))
}

/// Runs a program, and ends as it ends.
#[cfg(not(unix))]
pub(super) fn become_it(mut command: Command) -> anyhow::Result<u8> {
    let status = command.status().with_context(|| could_not_run(&command))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(crate::exit::FAULT))
}

pub(super) fn could_not_run(command: &Command) -> String {
    format!("could not run {}", Path::new(command.get_program()).display())
}

/// What a program wrote.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a program to its end, or to the end of its time.
pub(super) fn listen(command: &mut Command, limit: Duration) -> anyhow::Result<Written> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| could_not_run(command))?;
    let deadline = Instant::now() + limit;
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let mut texts = Vec::new();
    for stream in [stdout, stderr] {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(text) = stream.recv_timeout(left) else {
            // It is ended and forgotten; why it took so long is its own secret.
            let _ = child.kill();
            let _ = child.wait();
            anyhow::bail!(
                "{} took longer than {} s",
                could_not_run(command).replace("could not run ", ""),
                limit.as_secs()
            );
        };
        texts.push(text);
    }
    let status = child.wait().context("could not wait for cargo")?;
    let stderr = texts.pop().unwrap_or_default();
    Ok(Written { status, stdout: texts.pop().unwrap_or_default(), stderr })
}

fn collect(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, text) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read before a fault is what there is.
            let _ = stream.read_to_end(&mut bytes);
        }
        // Whoever asked may have gone.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use countersign_slack::hooks::Flags;

    use super::*;

    #[test]
    fn a_path_names_what_is_run() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for file in ["src/bin/other/main.rs", "examples/demo.rs", "lib/app.rs", "packages/bot/Cargo.toml", "built"] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        fs::write(root.join(CARGO), "[package]\nname = 'a'\n[[bin]]\nname = 'named'\npath = 'lib/app.rs'").unwrap();
        let project = Project::find(root, &Flags::default()).unwrap();
        let target = |path: &str| Target::of(Path::new(path), &project);
        assert_eq!(target("src/main.rs").unwrap(), Target::Default);
        assert_eq!(target("src/bin/x.rs").unwrap(), Target::Program("x".to_owned()));
        assert_eq!(target("src/bin/other/main.rs").unwrap(), Target::Program("other".to_owned()));
        assert_eq!(target("examples/demo.rs").unwrap(), Target::Example("demo".to_owned()));
        assert_eq!(target("lib/app.rs").unwrap(), Target::Program("named".to_owned()));
        assert_eq!(target("packages/bot").unwrap(), Target::Package(root.join("packages/bot/Cargo.toml")));
        assert_eq!(target("built").unwrap(), Target::Built(root.join("built")));
        assert!(target("lib/other.rs").is_err() && target("nowhere").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let error = listen(Command::new("sleep").arg("600"), Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("took longer"), "{error}");
    }
}
