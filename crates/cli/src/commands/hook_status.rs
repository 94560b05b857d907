//! `countersign hook status` and `logs`.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::PathBuf,
};

use anyhow::Context as _;
use countersign_hook::{
    install::{Installed, status},
    wire::Op,
};
use serde_json::{Value, json};

use super::{Context, requests};
use crate::{
    exit, output,
    output::Hinted,
    probe::{Findings, Level},
};

/// Bytes of the log that are shown unless all are wanted.
const TAIL_BYTES: u64 = 64 * 1024;

/// Options of `countersign hook status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusOptions {
    /// Claude Code's settings file; by default the user's own.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,

    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Options of `countersign hook logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct LogsOptions {
    /// The whole log, not its end only.
    #[arg(long)]
    all: bool,

    /// Only say where the log is.
    #[arg(long)]
    path: bool,
}

impl StatusOptions {
    pub(crate) fn run(&self, context: &Context<'_>) -> anyhow::Result<u8> {
        let settings = self.settings.clone().unwrap_or_else(|| context.dirs.claude_settings(context.environment));
        let installed = status(&settings)?;
        let daemon = requests::errand_if_running(context, Op::Status).ok();
        if self.json {
            let rows: Vec<Value> = installed.iter().map(row).collect();
            output::json(&json!({ "settings": settings, "installed": rows, "daemon": daemon }));
            return Ok(exit::OK);
        }
        if installed.is_empty() {
            output::data(&format!("Not installed in {}.", settings.display()));
        }
        for entry in &installed {
            output::data(&line(entry));
        }
        match daemon {
            Some(daemon) => output::data(&describe(&daemon)),
            None => output::data("No daemon runs; it starts with the first tool call."),
        }
        Ok(exit::OK)
    }
}

fn row(entry: &Installed) -> Value {
    json!({
        "event": entry.event,
        "exe": entry.command.exe,
        "exe_exists": entry.exe_exists,
        "config": entry.command.config,
        "config_exists": entry.config_exists,
        "flags": entry.command.flags,
        "timeout_s": entry.timeout_s,
    })
}

fn line(entry: &Installed) -> String {
    let missing = |exists: bool| if exists { "" } else { " (MISSING)" };
    format!(
        "{:<20} {}{} --config {}{} {}",
        entry.event,
        entry.command.exe.display(),
        missing(entry.exe_exists),
        entry.command.config.display(),
        missing(entry.config_exists),
        entry.command.flags.join(" ")
    )
}

fn describe(daemon: &Value) -> String {
    let text = |pointer: &str| daemon.pointer(pointer).map(ToString::to_string).unwrap_or_default();
    let slack = match daemon.pointer("/slack/trouble").and_then(Value::as_str) {
        Some(trouble) => trouble.to_owned(),
        None => format!("{} connections", text("/slack/connections")),
    };
    let version = daemon.get("version").and_then(Value::as_str).unwrap_or("?");
    format!("Daemon {version} runs, pid {}; {} waiting; Slack: {slack}", text("/pid"), text("/pending"))
}

/// What `doctor` says about the installed hooks.
pub(super) fn examine(context: &Context<'_>, findings: &mut Findings) {
    let settings = context.dirs.claude_settings(context.environment);
    match status(&settings) {
        Ok(installed) if installed.is_empty() => {
            findings
                .add(Level::Lacking, format!("no hook in {}; `countersign hook install claude`", settings.display()));
        }
        Ok(installed) => {
            let broken = installed.iter().filter(|entry| !entry.exe_exists || !entry.config_exists).count();
            if broken > 0 {
                findings.add(
                    Level::Bad,
                    format!(
                        "{broken} hooks in {} name a program or configuration that is not there; install again",
                        settings.display()
                    ),
                );
            } else {
                findings.add(Level::Good, format!("{} hooks in {}", installed.len(), settings.display()));
            }
        }
        Err(error) => findings.add(Level::Bad, countersign_server::chain(&error)),
    }
}

impl LogsOptions {
    pub(crate) fn run(&self, context: &Context<'_>) -> anyhow::Result<u8> {
        let path = context.dirs.state.join("daemon.log");
        if self.path {
            output::data(&path.to_string_lossy());
            return Ok(exit::OK);
        }
        let log = match File::open(&path) {
            Ok(log) => log,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let error = Hinted::new(format!("there is no log {}", path.display()));
                return Err(error.hint("the daemon writes it once it has run").into());
            }
            Err(error) => return Err(error).with_context(|| format!("could not open {}", path.display())),
        };
        let text = if self.all { read_all(log) } else { read_tail(log) };
        output::raw(&text.with_context(|| format!("could not read {}", path.display()))?);
        Ok(exit::OK)
    }
}

fn read_all(mut log: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    log.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The end of the log, from the beginning of a line.
fn read_tail(mut log: File) -> io::Result<Vec<u8>> {
    let length = log.metadata()?.len();
    if length <= TAIL_BYTES {
        return read_all(log);
    }
    log.seek(SeekFrom::Start(length - TAIL_BYTES))?;
    let bytes = read_all(log)?;
    let start = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Ok(bytes.get(start..).unwrap_or_default().to_vec())
}
