//! The PostgreSQL server that every test of one run shares.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::command::{self, cargo, root};

/// The variable by which tests are told of it.
pub(crate) const VARIABLE: &str = "COUNTERSIGN_TEST_POSTGRES";

/// Debian keeps the programs of each version here.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Whether the server's programs are there.
pub(crate) fn is_installed() -> bool {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten();
    versions.filter_map(Result::ok).any(|version| version.path().join("bin/initdb").is_file())
}

/// A server for one run of the tests.
pub(crate) enum Postgres {
    /// The one that we were told of.
    Told,
    /// Our own: it ends when this is dropped, or we are.
    Own { program: Child, url: String },
    /// There is none, and why.
    Missing(String),
}

impl Postgres {
    /// Starts one, unless we were told of one.
    pub(crate) fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a development tool is told by it as the tests are")]
        if std::env::var_os(VARIABLE).is_some() {
            return Self::Told;
        }
        start().unwrap_or_else(|error| Self::Missing(format!("{error:#}")))
    }

    /// The variable for the tests, if there is something to tell them.
    pub(crate) fn environment(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Own { url, .. } => Some((VARIABLE, url)),
            Self::Told | Self::Missing(_) => None,
        }
    }

    /// The closing line of a run.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Told => format!("PostgreSQL: every test ran on the server of {VARIABLE}"),
            Self::Own { .. } => "PostgreSQL: every test ran on a server of its own".to_owned(),
            Self::Missing(why) => format!("PostgreSQL: no test ran on it. not run: {why}"),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Self::Own { program, .. } = self {
            drop(program.stdin.take());
            // It ends by itself, whether it can be waited for or not.
            let _ = program.wait();
        }
    }
}

fn start() -> Result<Postgres> {
    command::run(cargo().args(["build", "--quiet", "--package", "countersign-postgres-cluster"]))?;
    let path = root().join(Path::new("target/debug/postgres-cluster"));
    let mut program = std::process::Command::new(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start {}", path.display()))?;
    let mut url = String::new();
    let out = program.stdout.take().context("the server's output is not ours")?;
    BufReader::new(out).read_line(&mut url).context("could not read the server's address")?;
    let url = url.trim().to_owned();
    if url.is_empty() {
        let status = program.wait().context("could not wait for the server")?;
        bail!("the server did not start ({status}); what it said is above");
    }
    Ok(Postgres::Own { program, url })
}
