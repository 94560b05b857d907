//! What tests need beyond Rust.

use std::process::Command;

use anyhow::Result;

use crate::command::{self, has};
use crate::{peers, postgres};

/// A program that tests use, and the Debian package that has it.
struct Need {
    program: &'static str,
    is_there: fn() -> bool,
    package: &'static str,
    what_for: &'static str,
}

const NEEDS: &[Need] = &[
    Need {
        program: "chromium",
        is_there: || has("chromium"),
        package: "chromium",
        what_for: "the tests that click through the pages",
    },
    Need {
        program: "chromedriver",
        is_there: || has("chromedriver"),
        package: "chromium-driver",
        what_for: "the tests that click through the pages",
    },
    Need {
        program: "python3",
        is_there: || has("python3"),
        package: "python3-venv",
        what_for: "the tests with Slack's SDKs for Python",
    },
    Need {
        program: "node",
        is_there: || has("node"),
        package: "nodejs",
        what_for: "the tests with Slack's SDKs for Node",
    },
    Need { program: "npm", is_there: || has("npm"), package: "npm", what_for: "the tests with Slack's SDKs for Node" },
    // Its programs are on nobody's path.
    Need {
        program: "PostgreSQL",
        is_there: postgres::is_installed,
        package: "postgresql",
        what_for: "the tests on PostgreSQL",
    },
];

/// Installs what is missing; says what it cannot install and goes on, so that the tests that do not need it still run.
pub(crate) fn run() {
    programs();
    peers::install();
}

fn programs() {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.is_there)()).collect();
    if missing.is_empty() {
        return;
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    if let Err(error) = install(&packages) {
        eprintln!("could not install {}: {error:#}", packages.join(", "));
        for need in missing {
            eprintln!(
                "  {} is needed for {}; on Debian: apt-get install {}",
                need.program, need.what_for, need.package
            );
        }
    }
}

fn install(packages: &[&str]) -> Result<()> {
    command::run(apt().arg("update"))?;
    command::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet=2");
    apt
}
