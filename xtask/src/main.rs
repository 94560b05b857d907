//! `cargo xtask`: set-up, tests and benchmarks.
//!
//! Everything the project needs beyond Rust is installed from here: system packages when run as root, everything else into
//! `target/`.

#![expect(clippy::print_stderr, reason = "a program for people at a terminal")]

mod bench;
mod command;
mod deny;
mod peers;
mod postgres;
mod setup;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  setup             install what tests and benchmarks need
  test [ARGS…]      set up, then run every test; ARGS go to `cargo test`
  bench hook        measure the coding agent's hook; further arguments: --help
  bench gateway     measure commands on a connection, on both databases
  bench workspace   measure the local Slack beside npm's `emulate`
  bench sdk         measure an app on the SDK beside the same app on Bolt
  bench hooks       measure calls of a project's hooks, and what running a project takes
  peers [ARGS…]     play every scenario with every Slack SDK; ARGS go to `cargo test`
  deny              the offline checks of cargo-deny: licences, bans, sources
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let done = match command.as_str() {
        "setup" => {
            setup::run();
            Ok(())
        }
        "test" => test::run(&rest),
        "bench" => bench::run(&rest),
        "peers" => peers::run(&rest),
        "deny" => deny::run(),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
