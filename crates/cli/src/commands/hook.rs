//! `countersign hook`: the client that a coding agent starts, and its daemon's errands.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use countersign_hook::{
    client::{self, ClientConfig, HookExit, Mode},
    host::Host,
    rendezvous,
    screen_lock::LockProbe,
    wire::{Progress, ProgressEvent},
};

use super::{
    Context,
    hook_install::{InstallOptions, UninstallOptions},
    hook_status::{LogsOptions, StatusOptions},
    personal::{self, Credentials},
};
use crate::{daemon, exit, logging, output};

/// How long `--stop` waits for the daemon to leave.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// Options of `countersign hook`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without a subcommand it is the hook itself: it reads a hook's input from stdin,
asks in Slack, waits, and writes the decision to stdout. No decision is exit
code 0 and empty stdout, so that the agent's own dialog decides; with --gate it
is exit code 2, which blocks. Input that cannot be read is exit code 1 (2 with
--gate).

Examples:
  countersign hook install claude          put the hook into Claude Code's settings
  countersign hook --test                  send a test message through the daemon
  countersign hook --stop                  end the daemon
  echo '{\"hook_event_name\":\"PermissionRequest\",\"session_id\":\"s\",\"cwd\":\"/\",
         \"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"ls\"}}' | countersign hook
")]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    verb: Option<Verb>,

    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Put the hook into a coding agent's settings.
    Install(InstallOptions),
    /// Take it out again.
    Uninstall(UninstallOptions),
    /// Say what is installed, and whether the daemon runs.
    Status(StatusOptions),
    /// Show the daemon's log.
    Logs(LogsOptions),
}

/// The flags of the hook itself.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Flags {
    /// Slack bot token (xoxb-…). Everybody on this machine can read arguments: better in the configuration.
    #[arg(short, long, value_name = "TOKEN", hide_env_values = true)]
    bot_token: Option<String>,

    /// Slack app-level token (xapp-…). As above.
    #[arg(short, long, value_name = "TOKEN")]
    app_token: Option<String>,

    /// Slack id of the user who decides (repeat it for several); a channel's id asks in that channel.
    #[arg(short, long, value_name = "ID", value_delimiter = ',')]
    user_id: Vec<String>,

    /// What is logged: error, warn, info, debug, trace.
    #[arg(short, long, value_name = "LEVEL")]
    log_level: Option<String>,

    /// How long to wait for a decision, in seconds.
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u64>,

    /// Block when there is no decision: exit code 2, with the reason on stderr.
    #[arg(long)]
    gate: bool,

    /// Which coding agent asks.
    #[arg(long, value_name = "HOST", default_value = "claude")]
    host: Host,

    /// Ask in Slack only while the screen is locked.
    #[arg(long)]
    only_screen_lock: bool,

    /// Send a test message, and wait for the click.
    #[arg(long, conflicts_with = "stop")]
    test: bool,

    /// End every daemon of yours; what is pending is withdrawn.
    #[arg(long)]
    stop: bool,

    /// Become the daemon. Its specification comes on stdin.
    #[arg(long, hide = true)]
    daemon: bool,
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        match self.verb {
            Some(Verb::Install(options)) => options.run(context),
            Some(Verb::Uninstall(options)) => options.run(context),
            Some(Verb::Status(options)) => options.run(context),
            Some(Verb::Logs(options)) => options.run(context),
            None if self.flags.daemon => daemon::run(),
            None if self.flags.stop => stop(context),
            None if self.flags.test => self.flags.test(context),
            None => Ok(self.flags.ask(context)),
        }
    }
}

impl Flags {
    /// The hook itself. Whatever is wrong, its exit says it in the way the agent understands.
    fn ask(&self, context: &Context<'_>) -> u8 {
        let stdin = std::io::stdin().lock();
        let exit = match self.client(context) {
            Ok(config) => client::run(stdin, &config),
            Err(error) => client::unavailable(stdin, &format!("{error:#}"), self.mode()),
        };
        write(&exit, self.mode())
    }

    fn test(&self, context: &Context<'_>) -> anyhow::Result<u8> {
        let config = self.client(context)?;
        anyhow::ensure!(
            !config.approvers.is_empty(),
            "nobody is named to be asked: give --user-id or set hook.approvers"
        );
        let mut tell = |progress: &Progress| {
            if progress.event == ProgressEvent::Accepted {
                let whom =
                    config.channel.as_deref().unwrap_or_else(|| config.approvers.first().map_or("", String::as_str));
                output::say(&format!("Asked {whom} in Slack; waiting for the click…"));
            }
        };
        Ok(write(&client::test(&config, &mut tell), Mode::Advise))
    }

    fn client(&self, context: &Context<'_>) -> anyhow::Result<ClientConfig> {
        let mut config = context.load()?.config;
        if let Some(level) = &self.log_level {
            config.log.level.clone_from(level);
            logging::to_stderr(level)?;
        }
        if self.bot_token.is_some() || self.app_token.is_some() {
            output::warn(
                "tokens in arguments can be read by everybody on this machine (`ps`); put them into a file and set slack.bot_token_file and slack.app_token_file, or use SLACK_BOT_TOKEN and SLACK_APP_TOKEN",
            );
        }
        // The original takes a channel's id where it wants a user's: then everybody named decides, in that channel.
        let (channels, users): (Vec<String>, Vec<String>) =
            self.user_id.iter().cloned().partition(|id| id.starts_with(['C', 'G', 'D']));
        if !users.is_empty() {
            config.hook.approvers = users;
        }
        if let Some(channel) = channels.into_iter().next() {
            config.hook.channel = Some(channel);
        }
        if let Some(wait) = self.wait {
            config.hook.wait_s = wait;
        }
        let credentials = Credentials::of(&config, self.bot_token.as_deref(), self.app_token.as_deref())?;
        let mut client = personal::client(context, &config, &credentials)?;
        client.mode = self.mode();
        client.host = self.host;
        if self.only_screen_lock || config.hook.only_screen_lock {
            let session = context.environment.text("XDG_SESSION_ID").map(str::to_owned);
            client.only_screen_lock = Some(LockProbe::native(session));
        }
        Ok(client)
    }

    const fn mode(&self) -> Mode {
        if self.gate { Mode::Gate } else { Mode::Advise }
    }
}

/// Ends every daemon of this user. It needs neither configuration nor tokens.
fn stop(context: &Context<'_>) -> anyhow::Result<u8> {
    let deadline = Instant::now() + STOP_WITHIN;
    let places = rendezvous::candidates(context.dirs.runtime.as_deref(), &context.dirs.state);
    let mut ended = 0;
    for paths in rendezvous::Paths::all_in(&places) {
        let how = rendezvous::stop(&paths, env!("CARGO_PKG_VERSION"), deadline).context("could not stop the daemon")?;
        ended += u32::from(how != rendezvous::Ended::WasNotRunning);
    }
    output::say(&match ended {
        0 => "No daemon was running.".to_owned(),
        1 => "The daemon has left.".to_owned(),
        several => format!("{several} daemons have left."),
    });
    Ok(exit::OK)
}

/// Writes what the hook has to say. An answer that cannot be written is none.
fn write(exit: &HookExit, mode: Mode) -> u8 {
    if !exit.stderr.is_empty() {
        output::say(exit.stderr.trim_end_matches('\n'));
    }
    match output::try_raw(&exit.stdout) {
        Ok(()) => exit.code,
        Err(error) => {
            output::say(&format!("countersign: the answer could not be written: {error}"));
            if mode == Mode::Gate { exit::USAGE } else { exit::FAULT }
        }
    }
}
