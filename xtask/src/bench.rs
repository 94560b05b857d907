//! Benchmarks, of the binaries as they are shipped.

use anyhow::Result;

use crate::command::{self, cargo};
use crate::{peers, setup};

/// Installs what ours is measured beside, builds with the profile that is shipped, then measures; `args` go to the program
/// that does.
pub(crate) fn run(args: &[String]) -> Result<()> {
    match args.first().map(String::as_str) {
        Some("workspace") => peers::install_emulator(),
        Some("sdk") => peers::install_bolt(),
        // PostgreSQL is among what tests need.
        Some("gateway") => setup::run(),
        _ => {}
    }
    let profile = ["--profile", "dist"];
    command::run(cargo().arg("build").args(profile).args(["-p", "countersign", "-p", "countersign-bench"]))?;
    command::run(cargo().args(["run", "--quiet"]).args(profile).args(["-p", "countersign-bench", "--"]).args(args))
}
