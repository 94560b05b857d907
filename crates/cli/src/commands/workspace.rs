//! `countersign workspace`: the local Slack on its own.

use anyhow::Context as _;
use countersign_slack_workspace::{Config, Ready, Workspace};
use secrecy::ExposeSecret as _;

use super::Context;
use crate::{exit, logging, output};

/// Options of `countersign workspace`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Everything is in memory and on loopback: no account, no network. Point any Slack
SDK's base URL at api_url, and open ui_url to be one of its people.

Examples:
  countersign workspace                    print the addresses and tokens, serve until Ctrl-C
  countersign workspace --json | head -1   one line of JSON when ready, for scripts
")]
pub(crate) struct Options {
    /// The port; by default a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// Print one line of JSON when ready.
    #[arg(long)]
    json: bool,

    /// What is logged to stderr: error, warn, info, debug, trace.
    #[arg(short, long, value_name = "LEVEL", default_value = "warn")]
    log_level: String,
}

impl Options {
    pub(crate) fn run(&self, _context: &Context<'_>) -> anyhow::Result<u8> {
        logging::to_stderr(&self.log_level)?;
        super::runtime()?.block_on(self.serve())
    }

    async fn serve(&self) -> anyhow::Result<u8> {
        let config = Config { port: self.port, ..Config::default() };
        let workspace = Workspace::start(config).await.context("the workspace could not be started")?;
        if self.json {
            output::json(&serde_json::to_value(workspace.ready())?);
        } else {
            introduce(workspace.ready());
        }
        ended().await;
        workspace.stop().await;
        Ok(exit::OK)
    }
}

fn introduce(ready: &Ready) {
    output::data(&format!("The workspace is at {}", ready.ui_url));
    output::data(&format!("  SLACK_API_URL={}", ready.api_url));
    output::data(&format!("  SLACK_BOT_TOKEN={}", ready.bot_token.expose_secret()));
    output::data(&format!("  SLACK_APP_TOKEN={}", ready.app_token.expose_secret()));
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
