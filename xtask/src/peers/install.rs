//! Installing the SDKs, through the ordinary clients of their registries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::home;
use crate::command::{self, has, root};

/// What pip installs.
const PYTHON: [&str; 6] = [
    "slack_sdk==3.47.0",
    "slack_bolt==1.30.0",
    "slack-cli-hooks==0.3.0",
    "aiohttp==3.14.5",
    "websockets==17.4",
    "websocket-client==1.9.2",
];

/// What npm installs.
const NODE: [(&str, &str); 4] = [
    ("@slack/bolt", "5.1.0"),
    ("@slack/cli-hooks", "1.3.3"),
    ("@slack/web-api", "8.2.0"),
    ("@slack/socket-mode", "3.1.0"),
];

/// What npm installs for `bench workspace`: `emulate` does not run on Node 20.
const EMULATE: [(&str, &str); 2] = [("emulate", "0.12.2"), ("node", "24.21.0")];

/// Installs what is missing; says what cannot be installed and goes on.
pub(super) fn run() {
    said("the Python SDKs", python());
    said("the Node SDKs", node());
    said("the program with slack-go", built("go", fetch_go, build_go));
    said("the program with slack-morphism", built("rust", fetch_rust, build_rust));
    said("the program with the Java SDK", built("java", fetch_java, build_java));
}

/// Installs Slack's own SDKs alone.
pub(super) fn bolt() {
    said("the Python SDKs", python());
    said("the Node SDKs", node());
}

/// Installs another local Slack.
pub(super) fn emulator() {
    said("emulate", emulate());
}

fn said(what: &str, done: Result<()>) {
    if let Err(error) = done {
        eprintln!("could not install {what}: {error:#}\n  the tests that need them fail");
    }
}

fn python() -> Result<()> {
    let dir = home().join("python");
    once(&dir, &PYTHON.join("\n"), || {
        command::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&dir))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        command::run(Command::new(dir.join("bin/python3")).args(pip).args(PYTHON))?;
        Ok(Installed::Whole)
    })
}

fn node() -> Result<()> {
    let dir = home().join("node");
    let package = package(&NODE);
    once(&dir, &package, || {
        npm(&dir, &package)?;
        Ok(Installed::Whole)
    })
}

/// A Node that is new enough comes with it; where that cannot be had, why is written down for the benchmark.
fn emulate() -> Result<()> {
    let dir = home().join("emulate");
    let package = package(&EMULATE);
    once(&dir, &package, || {
        let not_run = dir.join("not-run");
        if not_run.is_file() {
            fs::remove_file(&not_run)?;
        }
        let Err(error) = npm(&dir, &package) else { return Ok(Installed::Whole) };
        eprintln!("emulate cannot be had, it is not measured: {error:#}");
        fs::create_dir_all(&dir)?;
        fs::write(not_run, format!("{error:#}"))?;
        Ok(Installed::Partly)
    })
}

fn package(packages: &[(&str, &str)]) -> String {
    let packages: serde_json::Map<_, _> =
        packages.iter().map(|(name, version)| ((*name).to_owned(), (*version).into())).collect();
    format!("{:#}\n", json!({"private": true, "type": "module", "dependencies": packages}))
}

fn npm(dir: &Path, package: &str) -> Result<()> {
    fs::create_dir_all(dir)?;
    fs::write(dir.join("package.json"), package)?;
    let npm = ["install", "--silent", "--no-audit", "--no-fund"];
    command::run(Command::new("npm").args(npm).current_dir(dir))
}

/// Fetches what a program needs, then builds it.
///
/// What cannot be had is no mistake: why is written down for the test, which then is not run.
fn built(name: &str, fetch: fn(&Path, &Path) -> Result<()>, build: fn(&Path, &Path) -> Result<()>) -> Result<()> {
    let dir = home().join(name);
    let source = root().join("crates/slack-workspace/tests/peers").join(name);
    once(&dir, &sources(&source)?, || {
        fs::create_dir_all(&dir)?;
        let not_run = dir.join("not-run");
        if not_run.is_file() {
            fs::remove_file(&not_run)?;
        }
        if let Err(error) = fetch(&source, &dir) {
            eprintln!("what the program in {name} needs cannot be had, it is not tested: {error:#}");
            fs::write(not_run, format!("{error:#}"))?;
            return Ok(Installed::Partly);
        }
        build(&source, &dir)?;
        Ok(Installed::Whole)
    })
}

fn fetch_go(source: &Path, _: &Path) -> Result<()> {
    ensure!(has("go"), "there is no go on the path");
    command::run(Command::new("go").args(["mod", "download"]).current_dir(source))
}

fn build_go(source: &Path, dir: &Path) -> Result<()> {
    let build = ["build", "-trimpath", "-o"];
    command::run(Command::new("go").args(build).arg(dir.join("peer")).arg(".").current_dir(source))
}

fn fetch_rust(source: &Path, _: &Path) -> Result<()> {
    command::run(Command::new("cargo").args(["fetch", "--locked"]).current_dir(source))
}

/// With a target of its own: it is no part of the workspace, and its dependencies are not.
fn build_rust(source: &Path, dir: &Path) -> Result<()> {
    let build = ["build", "--locked", "--offline", "--target-dir"];
    command::run(Command::new("cargo").args(build).arg(dir.join("target")).current_dir(source))
}

fn fetch_java(source: &Path, dir: &Path) -> Result<()> {
    ensure!(has("mvn") && has("javac"), "there is no mvn and javac on the path");
    let copy = ["--quiet", "--batch-mode", "dependency:copy-dependencies"];
    let into = format!("-DoutputDirectory={}", dir.join("jars").display());
    command::run(Command::new("mvn").args(copy).arg(into).current_dir(source))
}

fn build_java(source: &Path, dir: &Path) -> Result<()> {
    let is_java = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "java");
    let files = files(source)?.into_iter().filter(is_java);
    let mut javac = Command::new("javac");
    javac.args(["-nowarn", "-d"]).arg(dir.join("classes")).arg("-cp").arg(dir.join("jars/*")).args(files);
    command::run(&mut javac)
}

/// Everything a program is built from, one text.
fn sources(dir: &Path) -> Result<String> {
    let texts = files(dir)?.iter().map(fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(texts.concat())
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let files = fs::read_dir(dir).with_context(|| format!("could not read {}", dir.display()))?;
    let mut paths = files.map(|file| Ok(file?.path())).collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    Ok(paths)
}

/// Whether to try again next time.
enum Installed {
    Whole,
    Partly,
}

/// Does something unless it was done for exactly this wish before: a stamp next to it says so.
fn once(dir: &Path, wish: &str, install: impl FnOnce() -> Result<Installed>) -> Result<()> {
    let stamp = dir.with_extension("stamp");
    if dir.is_dir() && fs::read_to_string(&stamp).is_ok_and(|done| done == wish) {
        return Ok(());
    }
    if let Installed::Whole = install()? {
        fs::write(&stamp, wish).with_context(|| format!("could not write {}", stamp.display()))?;
    }
    Ok(())
}
