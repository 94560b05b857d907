//! `countersign hook install` and `uninstall`.

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use countersign_hook::{
    client::Mode,
    install::{Change, ClaudeHooks, plan_install, plan_uninstall},
};

use super::{Context, personal::Credentials};
use crate::{config::Source, exit, output, output::Hinted};

/// The coding agents whose settings can be edited.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Agent {
    /// Claude Code.
    Claude,
}

/// Which settings file.
#[derive(Debug, clap::Args)]
struct Target {
    /// The coding agent.
    agent: Agent,

    /// Its settings file; by default the user's own.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,

    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Options of `countersign hook install`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Installed are the question (PermissionRequest; with --gate PreToolUse) and the
events by which a question that was answered at the terminal is noticed. Other
hooks and settings stay as they are. The command pins the configuration file, so
that no project can change whom it asks.

With --gate every tool call waits for a person, and whatever is not a yes blocks
it: no answer in time, Slack unreachable, a hook that cannot be started.

Examples:
  countersign hook install claude
  countersign hook install claude --gate --dry-run
  countersign hook install claude --settings .claude/settings.local.json
")]
pub(crate) struct InstallOptions {
    #[command(flatten)]
    target: Target,

    /// Gate every tool call.
    #[arg(long)]
    gate: bool,
}

/// Options of `countersign hook uninstall`.
#[derive(Debug, clap::Args)]
pub(crate) struct UninstallOptions {
    #[command(flatten)]
    target: Target,
}

impl InstallOptions {
    pub(crate) fn run(&self, context: &Context<'_>) -> anyhow::Result<u8> {
        let loaded = context.load()?;
        let (Source::Pinned(config) | Source::Found(config)) = &loaded.source else {
            let error = Hinted::new("there is no configuration file that the hook could be pinned to");
            return Err(error.hint("`countersign init` writes one").into());
        };
        // Found out now rather than at the first tool call.
        Credentials::of(&loaded.config, None, None)?;
        if loaded.config.hook.approvers.is_empty() {
            return Err(Hinted::new("hook.approvers names nobody to be asked").into());
        }
        let hooks = ClaudeHooks {
            exe: std::env::current_exe().context("could not find out where this program is")?,
            config: std::path::absolute(config)?,
            wait: Duration::from_secs(loaded.config.hook.wait_s),
            mode: if self.gate { Mode::Gate } else { Mode::Advise },
        };
        let change = plan_install(&self.target.path(context), &hooks)?;
        self.target.carry_out(&change, "The hook is installed already.")
    }
}

impl UninstallOptions {
    pub(crate) fn run(&self, context: &Context<'_>) -> anyhow::Result<u8> {
        let change = plan_uninstall(&self.target.path(context))?;
        self.target.carry_out(&change, "The hook is not installed.")
    }
}

impl Target {
    fn path(&self, context: &Context<'_>) -> PathBuf {
        let Agent::Claude = self.agent;
        self.settings.clone().unwrap_or_else(|| context.dirs.claude_settings(context.environment))
    }

    fn carry_out(&self, change: &Change, nothing: &str) -> anyhow::Result<u8> {
        if change.is_empty() {
            output::say(nothing);
            return Ok(exit::OK);
        }
        if self.dry_run {
            output::raw(change.diff().as_bytes());
            output::say(&format!("{} would be changed; nothing was.", change.path.display()));
            return Ok(exit::OK);
        }
        change.apply()?;
        for line in &change.summary {
            output::say(line);
        }
        output::say(&format!("Changed {}.", change.path.display()));
        Ok(exit::OK)
    }
}
