//! `doctor`: whether the system has what the app needs.

use std::process::Command;
use std::thread;
use std::time::Duration;

use countersign_slack::hooks::{Doctor, Fault, Version};

use super::cargo::listen;
use super::lock::{self, numbers};
use super::project::{Project, SDK};

/// How long a compiler may take to say its version; with rustup it may first fetch itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// Looks at compiler, cargo, target, and the versions of what the app is built on.
pub(super) fn examine(project: &Project) -> Doctor {
    let ask = |program: &'static str, argument: &'static str| {
        move || {
            let mut command = Command::new(program);
            // In the project: a toolchain file there decides which compiler it is.
            listen(command.current_dir(&project.root).arg(argument), PATIENCE)
        }
    };
    let (rustc, cargo) = thread::scope(|scope| {
        let rustc = scope.spawn(ask("rustc", "-vV"));
        let cargo = ask("cargo", "-V")();
        (rustc.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the question was dropped"))), cargo)
    });
    let rustc = rustc.map(|written| written.stdout);
    let host = rustc.as_ref().ok().and_then(|text| host(text)).unwrap_or_default().to_owned();
    let cargo = cargo.map(|written| written.stdout);
    let mut versions = vec![
        compiler(project, rustc.as_deref()),
        program("cargo", cargo.as_deref()),
        Version { name: "target".to_owned(), current: host, ..Version::default() },
    ];
    versions.extend(crates(project));
    Doctor { versions }
}

/// The machine that a compiler compiles for by itself.
pub(super) fn host(verbose: &str) -> Option<&str> {
    verbose.lines().find_map(|line| line.strip_prefix("host: "))
}

fn program(name: &str, text: Result<&str, &anyhow::Error>) -> Version {
    let name = name.to_owned();
    match text {
        Ok(text) => {
            let current = text.split_ascii_whitespace().nth(1).unwrap_or_default().to_owned();
            let error = current.is_empty().then(|| Fault::new(format!("{name} does not say its version")));
            Version { name, current, error, ..Version::default() }
        }
        Err(error) => {
            let error = Fault::new(format!("{error:#}; install Rust from https://rustup.rs"));
            Version { name, error: Some(error), ..Version::default() }
        }
    }
}

fn compiler(project: &Project, text: Result<&str, &anyhow::Error>) -> Version {
    let version = program("rustc", text);
    let wanted = project.package("rust-version").filter(|wanted| numbers(wanted) > numbers(&version.current));
    match wanted {
        Some(wanted) if version.error.is_none() => {
            let error = Fault::new(format!("the project needs Rust {wanted}; run `rustup update`"));
            Version { error: Some(error), ..version }
        }
        _ => version,
    }
}

fn crates(project: &Project) -> Vec<Version> {
    let locked = lock::read(&project.root);
    let sdk = locked.get(SDK).map(|package| package.version.clone());
    let error = if project.dependencies().iter().any(|name| name == SDK) {
        None
    } else {
        Some(Fault::new(format!("the project does not depend on it; run `cargo add {SDK}`")))
    };
    let message = (sdk.is_none() && error.is_none()).then(|| "known after the first build".to_owned());
    let sdk = Version { name: SDK.to_owned(), current: sdk.unwrap_or_default(), message, error };
    let own = env!("CARGO_PKG_VERSION").to_owned();
    vec![sdk, Version { name: "countersign".to_owned(), current: own, ..Version::default() }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_says_what_to_do() {
        let error = anyhow::anyhow!("could not run rustc");
        let version = program("rustc", Err(&error));
        assert!(version.error.unwrap().message.contains("rustup.rs"));
        let version = program("cargo", Ok("cargo 1.95.0 (abc 2026-01-01)\n"));
        assert_eq!((version.current.as_str(), version.error), ("1.95.0", None));
    }

    #[test]
    fn the_host_is_in_the_verbose_version() {
        assert_eq!(host("rustc 1.95.0\nhost: x86_64-unknown-linux-gnu\n"), Some("x86_64-unknown-linux-gnu"));
    }
}
