//! Benchmarks, of the binary as it is shipped.

use anyhow::Result;

use crate::command::{self, cargo};

/// Builds with the profile that is shipped, then measures; `args` go to the program that does.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let profile = ["--profile", "dist"];
    command::run(cargo().arg("build").args(profile).args(["-p", "countersign", "-p", "countersign-bench"]))?;
    command::run(cargo().args(["run", "--quiet"]).args(profile).args(["-p", "countersign-bench", "--"]).args(args))
}
