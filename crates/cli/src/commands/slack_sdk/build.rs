//! `build`: a program that runs without anything else, and its manifest, in a directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use countersign_slack::hooks::{Boundary, Protocol};
use countersign_slack_sdk::cli::project::{CARGO, MANIFEST, manifest_file, read_object};
use serde_json::Value;

use super::project::Project;
use super::{Call, cargo, doctor};
use crate::exit;
use crate::output::{self, Hinted};

/// The directory of the bundle, where `--output` names none.
const OUTPUT: &str = "dist";
/// How long the program may take to say its manifest, and the compiler its target.
const PATIENCE: Duration = Duration::from_mins(1);
/// A C compiler for musl, without which crates with C in them cannot be built for it.
const MUSL_COMPILERS: [&str; 2] = ["musl-gcc", "x86_64-linux-musl-gcc"];

/// Builds the bundle.
pub(super) fn build(call: &Call, project: &Project) -> anyhow::Result<u8> {
    project.check()?;
    let target = target(call, project)?;
    let program = compile(call, project, &target)?;
    let output =
        call.flags.output.as_deref().map_or_else(|| project.root.join(OUTPUT), |path| call.directory.join(path));
    fs::create_dir_all(&output).with_context(|| format!("could not make {}", output.display()))?;
    let name = program.file_name().context("the program has no name")?;
    let place = output.join(name);
    fs::copy(&program, &place).with_context(|| format!("could not write {}", place.display()))?;
    let manifest = manifest(call, project, &place)?;
    let text = serde_json::to_string_pretty(&manifest).context("the manifest cannot be written")?;
    let file = output.join(MANIFEST);
    fs::write(&file, text + "\n").with_context(|| format!("could not write {}", file.display()))?;
    output::say(&format!("built {} for {target}", place.display()));
    Ok(exit::OK)
}

/// What is built for: musl where all that needs is there, else this machine.
fn target(call: &Call, project: &Project) -> anyhow::Result<String> {
    let ask = |arguments: &[&str]| {
        let mut rustc = Command::new("rustc");
        cargo::listen(rustc.current_dir(&project.root).args(arguments), PATIENCE)
    };
    let verbose = ask(&["-vV"])?.stdout;
    let host = doctor::host(&verbose).context("rustc does not say what it compiles for")?;
    let musl = host.replace("-gnu", "-musl");
    let sysroot = ask(&["--print", "sysroot"])?.stdout;
    let library = Path::new(sysroot.trim()).join("lib/rustlib").join(&musl).join("lib");
    let has_compiler = call.environment.path("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| MUSL_COMPILERS.iter().any(|name| directory.join(name).is_file()))
    });
    Ok(if musl != host && library.is_dir() && has_compiler { musl } else { host.to_owned() })
}

/// Compiles the app, and says where the program is.
fn compile(call: &Call, project: &Project, target: &str) -> anyhow::Result<PathBuf> {
    let mut command = cargo::command(project, &call.environment);
    command.args(["build", "--release", "--bins", "--target", target, "--message-format=json-render-diagnostics"]);
    // On Apple's systems there is no C library to link in.
    if !target.contains("apple") {
        let flags = call.environment.text("RUSTFLAGS").unwrap_or_default();
        command.env("RUSTFLAGS", format!("{flags} -C target-feature=+crt-static").trim_start());
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let built = command.spawn().and_then(std::process::Child::wait_with_output);
    let built = built.with_context(|| cargo::could_not_run(&command))?;
    anyhow::ensure!(built.status.success(), "the app could not be built");
    choose(&String::from_utf8_lossy(&built.stdout), project)
}

/// The program that the bundle is for, of those that were built.
fn choose(messages: &str, project: &Project) -> anyhow::Result<PathBuf> {
    let own = project.root.join(CARGO);
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let programs: Vec<(String, PathBuf)> = messages
        .filter(|message| {
            message.get("manifest_path").and_then(Value::as_str).is_some_and(|path| is_same(Path::new(path), &own))
        })
        .filter_map(|message| {
            let name = message.pointer("/target/name")?.as_str()?.to_owned();
            Some((name, PathBuf::from(message.get("executable")?.as_str()?)))
        })
        .collect();
    let wanted = project.package("default-run").or_else(|| project.package("name"));
    let named = programs.iter().find(|(name, _)| Some(name.as_str()) == wanted);
    match (programs.as_slice(), named) {
        ([(_, only)], _) | (_, Some((_, only))) => Ok(only.clone()),
        _ => Err(Hinted::new("the project has several programs")
            .hint("say in Cargo.toml which: default-run = \"…\"")
            .into()),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().ok().zip(other.canonicalize().ok()).is_some_and(|(one, other)| one == other)
}

/// The manifest: the project's file, or what the program says.
fn manifest(call: &Call, project: &Project, program: &Path) -> anyhow::Result<Value> {
    if let Some(file) = manifest_file(&call.environment, &project.root) {
        return Ok(read_object(&file)?);
    }
    let boundary = Boundary::random().context("no boundary for the program's answer")?;
    let mut command = Command::new(program);
    command.current_dir(&project.root).arg("get-manifest");
    command.args(Protocol::MessageBoundaries(boundary.clone()).arguments());
    if let Some(name) = project.package("name") {
        command.env("CARGO_PKG_NAME", name);
    }
    let written = cargo::listen(&mut command, PATIENCE)?;
    anyhow::ensure!(written.status.success(), "the program does not say its manifest: {}", written.stderr.trim());
    let answer = between(&written.stdout, &boundary).context("what the program writes has no manifest in it")?;
    serde_json::from_str(answer).context("what the program says is no manifest")
}

/// What stands between boundaries: whatever else the program prints is talk.
fn between<'t>(written: &'t str, boundary: &Boundary) -> Option<&'t str> {
    let (_, rest) = written.split_once(boundary.as_str())?;
    rest.split_once(boundary.as_str()).map(|(answer, _)| answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_what_stands_between_boundaries() {
        let boundary = Boundary::random().unwrap();
        let written = |parts: &[&str]| parts.join(boundary.as_str());
        assert_eq!(between(&written(&["{\"talk\": 1}\n", "{}", "\nmore"]), &boundary), Some("{}"));
        assert_eq!(between(&written(&["", "{}", ""]), &boundary), Some("{}"));
        for parts in [&["{}"][..], &["", "{}"]] {
            assert_eq!(between(&written(parts), &boundary), None, "{parts:?}");
        }
    }
}
