//! Every test, after what they need has been installed.

use anyhow::Result;

use crate::{
    command::{self, cargo},
    peers,
    postgres::Postgres,
    setup,
};

/// Runs them; `args` go to `cargo test`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    setup::run();
    let postgres = Postgres::start();
    let tested = peers::with_table(|| {
        command::run(cargo().args(["test", "--workspace"]).args(args).envs(postgres.environment()))
    });
    eprintln!("{}", postgres.summary());
    tested?;
    if args.is_empty() {
        // The other examples are run by tests, over both receivers; this one is a site of its own, and checks itself.
        let example = ["run", "--quiet", "--package", "countersign-slack-sdk", "--example", "multi_workspace", "--"];
        command::run(cargo().args(example).arg("--check"))?;
    }
    Ok(())
}
