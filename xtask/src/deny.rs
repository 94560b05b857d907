//! The offline checks of cargo-deny.

use anyhow::Result;

use crate::command::{self, cargo, has, root};

/// Checks licences, bans and sources; installs cargo-deny into `target/tools` when it is nowhere to be found.
pub(crate) fn run() -> Result<()> {
    let tools = root().join("target").join("tools");
    let own = tools.join("bin").join("cargo-deny");
    if !has("cargo-deny") && !own.is_file() {
        command::run(cargo().args(["install", "cargo-deny", "--locked", "--root"]).arg(&tools))?;
    }
    // The checks look at the packages of every platform; a build has fetched those of this one only.
    command::run(cargo().args(["fetch", "--locked"]))?;
    let mut deny =
        if own.is_file() { std::process::Command::new(own) } else { std::process::Command::new("cargo-deny") };
    deny.current_dir(root());
    command::run(deny.args(["--offline", "check", "bans", "licenses", "sources"]))
}
