//! `countersign`: let a human approve, in Slack, what a machine is about to do.
//!
//! The command line, the configuration and the lifecycle: the only place where everything meets.

mod commands;
mod config;
mod daemon;
mod environment;
mod exit;
mod logging;
mod output;
mod probe;
mod remote;
mod system;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // Each approved command has a supervisor: this very program, before anything that costs time.
    if let Some(code) = countersign_agent::supervise_if_asked() {
        return code;
    }
    let environment = environment::Environment::snapshot();
    let cli = match commands::Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are output, usage errors are talk; clap knows which is which.
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { exit::OK };
            return if error.print().is_ok() { ExitCode::from(code) } else { ExitCode::from(exit::FAULT) };
        }
    };
    match commands::run(cli, &environment) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::error(&error);
            ExitCode::from(exit::FAULT)
        }
    }
}
