//! `countersign workspace`: the local Slack on its own.

use std::path::PathBuf;

use anyhow::Context as _;
use countersign_slack_workspace::{Config, Ready, Workspace};
use secrecy::ExposeSecret as _;

use super::Context;
use crate::{exit, logging, output};

/// Options of `countersign workspace`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Everything is on loopback and, without --state, in memory: no account, no
network. Point any Slack SDK's base URL at api_url, and open ui_url to be one of
its people.

Examples:
  countersign workspace                    print the addresses and tokens, serve until Ctrl-C
  countersign workspace --state w.json     the same workspace again after a restart
  countersign workspace --tls certs        over TLS, as Slack's own command line wants it
  countersign workspace --record run.jsonl write down what happens
  countersign workspace replay run.jsonl -- node app.js
                                           do it again with the app, and compare
  countersign workspace --json | head -1   one line of JSON when ready, for scripts
")]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Option<Action>,

    /// The port; by default a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// Refuse calls beyond a method's rate limit with 429, as Slack does.
    #[arg(long)]
    rate_limits: bool,

    /// Begin with the people, channels, apps and messages of this YAML file.
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,

    /// Keep the workspace in this file: ids, tokens and messages are the same after a restart.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Serve over TLS; the certificate to trust is ca.pem in this directory.
    #[arg(long, value_name = "DIR")]
    tls: Option<PathBuf>,

    /// Write the journal to this file too, a line of JSON an entry.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Print one line of JSON when ready.
    #[arg(long)]
    json: bool,

    /// What is logged to stderr: error, warn, info, debug, trace.
    #[arg(short, long, value_name = "LEVEL", default_value = "warn")]
    log_level: String,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Play a recording again and compare what the app does.
    Replay(super::workspace_replay::Options),
}

impl Options {
    pub(crate) fn run(&self, context: &Context<'_>) -> anyhow::Result<u8> {
        if let Some(Action::Replay(options)) = &self.action {
            return options.run(context);
        }
        logging::to_stderr(&self.log_level)?;
        super::runtime()?.block_on(self.serve())
    }

    async fn serve(&self) -> anyhow::Result<u8> {
        let config = Config {
            port: self.port,
            rate_limits: self.rate_limits,
            seed: self.seed.clone(),
            state: self.state.clone(),
            tls: self.tls.clone(),
            record: self.record.clone(),
            ..Config::default()
        };
        let workspace = Workspace::start(config).await.context("the workspace could not be started")?;
        if self.json {
            output::json(&serde_json::to_value(workspace.ready())?);
        } else {
            introduce(workspace.ready());
        }
        ended().await;
        let handle = workspace.workspace().clone();
        workspace.stop().await;
        if !handle.is_saved() {
            anyhow::bail!("the state file could not be written: what happened since the last time is lost");
        }
        Ok(exit::OK)
    }
}

pub(super) fn introduce(ready: &Ready) {
    output::data(&format!("The workspace is at {}", ready.ui_url));
    output::data(&format!("  SLACK_API_URL={}", ready.api_url));
    output::data(&format!("  SLACK_BOT_TOKEN={}", ready.bot_token.expose_secret()));
    output::data(&format!("  SLACK_APP_TOKEN={}", ready.app_token.expose_secret()));
    if let Some(file) = &ready.ca_file {
        output::data(&format!("  SSL_CERT_FILE={}", file.display()));
    }
    for (name, id) in &ready.users {
        output::data(&format!("  {name:<8} {id}"));
    }
    output::say("Ctrl-C ends it.");
}

/// Completes when a person or a supervisor wants this process to end.
pub(super) async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() { std::future::pending::<()>().await },
    }
}
