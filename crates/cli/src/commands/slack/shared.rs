//! What every command of `countersign slack` has: its options, its session, and how its failures are told.

use std::{future::Future, path::PathBuf, pin::pin, sync::Arc, time::Duration};

use anyhow::Context as _;
use countersign_slack_cli::{AppChoice, Code, Failure, Session, Settings};
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};

use super::terminal::{Terminal, plain};
use crate::{commands::Context, exit, output};

/// Options that every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Shared {
    /// Where Slack is: `SLACK_API_URL`'s or the account's unless given. Plain http on loopback only.
    #[arg(long, global = true, value_name = "URL")]
    apihost: Option<String>,
    /// Be whom this token belongs to, whoever is signed in.
    #[arg(long, global = true, value_name = "TOKEN", env = "SLACK_CLI_TOKEN", hide_env_values = true)]
    token: Option<SecretString>,
    /// The team, by id or domain.
    #[arg(long, short = 'w', global = true, value_name = "TEAM", visible_alias = "workspace")]
    team: Option<String>,
    /// The app: `local`, `deployed` or an id.
    #[arg(long, short = 'a', global = true, value_name = "APP")]
    app: Option<AppChoice>,
    /// Where credentials are, in place of ~/.slack.
    #[arg(long, global = true, value_name = "DIR")]
    config_dir: Option<PathBuf>,
    /// Overwrite what was changed elsewhere.
    #[arg(long, short = 'f', global = true)]
    force: bool,
    /// Ask nothing: every question is answered with yes.
    #[arg(long, short = 'y', global = true)]
    yes: bool,
    /// How long a hook may take, in seconds.
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    hook_timeout: Option<u64>,
}

impl Shared {
    /// The session that the command works with.
    pub(super) fn session(self, context: &Context<'_>) -> anyhow::Result<Session> {
        Ok(Session {
            environment: context.environment.all().collect(),
            directory: std::env::current_dir().context("the working directory is not there")?,
            settings: Settings {
                apihost: self.apihost,
                token: self.token,
                team: self.team,
                app: self.app,
                config_directory: self.config_dir,
                force: self.force,
                yes: self.yes,
                hook_timeout: self.hook_timeout.map(Duration::from_secs),
            },
            talk: Arc::new(Terminal::of(context.environment)),
            now: jiff::Timestamp::now,
        })
    }
}

/// Does a command's work until somebody interrupts it: dropped, it ends its hooks with all that they started, which are in
/// process groups of their own and hear no Ctrl-C.
pub(super) async fn interruptible(work: impl Future<Output = Result<u8, Failure>>) -> Result<u8, Failure> {
    let interrupt = || Err(Failure::new(Code::ProcessInterrupted, "interrupted").exiting(exit::INTERRUPTED));
    let mut interrupted = pin!(interrupted());
    let ended = tokio::select! {
        biased;
        () = &mut interrupted => return interrupt(),
        ended = work => ended,
    };
    // Whoever is interrupted at a question gives no answer, and the work ends with that.
    tokio::select! {
        biased;
        () = interrupted => interrupt(),
        () = std::future::ready(()) => ended,
    }
}

/// Waits for a signal to end.
pub(super) async fn interrupted() {
    let heard = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    // Where signals cannot be heard they do what they do by themselves.
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = heard else { return std::future::pending().await };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

/// Tells a failure: what, which, and what to do; answers the exit code.
pub(super) fn report(ended: Result<u8, Failure>) -> u8 {
    let failure = match ended {
        Ok(code) => return code,
        Err(failure) => failure,
    };
    output::failed(&plain(&failure.to_string()));
    for detail in failure.details() {
        for line in detail.lines() {
            output::say(&format!("  {}", plain(line)));
        }
    }
    for remedy in failure.remedies() {
        output::say(&format!("hint: {}", plain(remedy)));
    }
    failure.exit()
}
