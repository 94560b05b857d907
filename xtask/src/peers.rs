//! The SDKs that the workspace and `countersign slack` are tested with, and the table of what came of the former.
//!
//! They are installed into `target/peers`, once; tests write the table's cells there.

mod install;
mod table;

use std::path::PathBuf;

use anyhow::Result;

use crate::command::{self, cargo, root};

/// Installs what is missing; says what cannot be installed.
pub(crate) fn install() {
    install::run();
}

/// Installs the SDKs that `bench sdk` measures beside ours.
pub(crate) fn install_bolt() {
    install::bolt();
}

/// Installs the emulator that `bench workspace` measures beside ours.
pub(crate) fn install_emulator() {
    install::emulator();
}

/// Plays every scenario with every SDK.
pub(crate) fn run(args: &[String]) -> Result<()> {
    install();
    let tests = ["test", "--package", "countersign-slack-workspace", "--test", "peers"];
    with_table(|| command::run(cargo().args(tests).args(args)))
}

/// Runs tests, then prints the table of scenarios and SDKs if they were among them.
pub(crate) fn with_table(tests: impl FnOnce() -> Result<()>) -> Result<()> {
    let results = home().join("results");
    if results.is_dir() {
        std::fs::remove_dir_all(&results)?;
    }
    let done = tests();
    let cells = table::read(&results)?;
    if !cells.is_empty() {
        eprintln!("{}", table::draw(&cells));
    }
    done
}

/// Where SDKs and results are.
fn home() -> PathBuf {
    root().join("target").join("peers")
}
