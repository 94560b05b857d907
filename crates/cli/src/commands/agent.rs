//! `countersign agent`: runs approved commands next to a resource.

use std::path::PathBuf;

use anyhow::Context as _;
use countersign_agent::{Agent, AgentConfig, AgentLimits, NodeUrl, Plaintext, SupervisorProgram, Surroundings};
use countersign_gateway::AgentName;
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Context;
use crate::{config::make_private, exit, logging, output::Hinted};

/// Options of `countersign agent`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
`countersign admin create agent NAME` gives the token. The agent dials out: it needs
no open port, and tries for ever to reach the server.

Examples:
  countersign agent --server https://countersign.example --token-file /etc/countersign/agent-token
  COUNTERSIGN_AGENT_TOKEN=… countersign agent --server http://127.0.0.1:8009
")]
pub(crate) struct Options {
    /// The server's URL.
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_SERVER")]
    server: String,
    /// A file with the agent's token; else COUNTERSIGN_AGENT_TOKEN is read.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The name that it expects to have.
    #[arg(long)]
    name: Option<AgentName>,
    /// The only authority whose certificates are taken, as PEM.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Reach the server and its nodes without TLS, on any network. The token and everything else can be read there.
    #[arg(long)]
    insecure: bool,
    /// A writable cgroup (version 2) of its own, in which each session gets one that ends with it.
    #[arg(long, value_name = "DIR")]
    cgroup: Option<PathBuf>,
    /// Where it keeps which sessions it has run.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        crate::system::install_tls_provider();
        logging::to_stderr(&context.load()?.config.log.level)?;
        let state_dir = self.state_dir.clone().unwrap_or_else(|| context.dirs.state.join("agent"));
        make_private(&state_dir).with_context(|| format!("could not create {}", state_dir.display()))?;
        let plaintext = if self.insecure { Plaintext::Anywhere } else { Plaintext::LoopbackOnly };
        let config = AgentConfig {
            server: NodeUrl::parse(&self.server, plaintext)?,
            plaintext,
            token: self.token(context)?,
            name: self.name,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state_dir,
            ca_file: self.ca_file,
            cgroup: self.cgroup,
            supervisor: SupervisorProgram::this_program(),
            surroundings: surroundings(context),
            limits: AgentLimits::default(),
        };
        super::runtime()?.block_on(async move {
            let shutdown = CancellationToken::new();
            let leaving = shutdown.clone();
            tokio::select! {
                ended = Agent::run(config, shutdown.clone()) => ended.map(|()| exit::OK).map_err(anyhow::Error::new),
                failed = leave_on_signal(leaving) => failed.map(|()| exit::OK),
            }
        })
    }

    fn token(&self, context: &Context<'_>) -> anyhow::Result<SecretString> {
        let text = match &self.token_file {
            Some(path) => {
                std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?
            }
            None => context.environment.text("COUNTERSIGN_AGENT_TOKEN").unwrap_or_default().to_owned(),
        };
        let text = text.trim();
        if text.is_empty() {
            let error = Hinted::new("the agent has no token")
                .hint("`countersign admin create agent NAME` gives one")
                .hint("hand it over by --token-file, or in COUNTERSIGN_AGENT_TOKEN");
            return Err(error.into());
        }
        Ok(SecretString::from(text))
    }
}

/// The environment for commands, without what is ours.
pub(super) fn surroundings(context: &Context<'_>) -> Surroundings {
    let ours = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("COUNTERSIGN");
    context
        .environment
        .all()
        .filter(|(name, _)| !ours(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Lets the agent leave in order at the first signal; never completes by itself.
async fn leave_on_signal(shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("could not wait for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("could not wait for signals")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    shutdown.cancel();
    std::future::pending().await
}
