//! `countersign apply`: everything that administrators create, from one file.

use std::{io::Read as _, path::PathBuf};

use anyhow::Context as _;
use countersign_gateway::wire::api::{Applied, ApplyInput, WireSecret};

use super::Context;
use crate::{
    exit, output,
    remote::{Api, ServerOptions, server_of},
};

/// Options of `countersign apply`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The file is YAML. Applying it twice changes nothing the second time. What is not in
it stays, unless it says `prune: true`.

  users:
    ada@example.com: { groups: [admin, sre], slack_id: U0123456789 }
  agents: [default]
  connections:
    bash: { agent: default, command: [bash] }
  plugins:
    review: { connections: ['bash:sre'] }

Examples:
  countersign apply -f countersign.yaml --dry-run
  countersign apply -f - < countersign.yaml
")]
pub(crate) struct Options {
    /// The file; `-` is stdin.
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Only show what would change.
    #[arg(long)]
    dry_run: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        let api = Api::of(&server_of(context, &self.server)?)?;
        let body = ApplyInput { file: WireSecret::new(self.read()?), dry_run: self.dry_run };
        let applied: Applied = super::runtime()?.block_on(api.post(&["apply"], &body))?;
        if self.json {
            output::json(&serde_json::to_value(&applied).context("could not write JSON")?);
        } else {
            output::data(applied.plan.to_string().trim_end());
            for agent in &applied.agents {
                output::say(&format!("the token of agent {:?}, which is shown this once:", agent.agent.name));
                output::data(agent.token.expose());
            }
            applied.warnings.iter().for_each(|warning| output::warn(warning));
        }
        match applied.failed {
            None => Ok(exit::OK),
            Some(error) => {
                output::error(&anyhow::anyhow!("stopped after {} changes: {error}", applied.done));
                Ok(exit::FAULT)
            }
        }
    }

    fn read(&self) -> anyhow::Result<String> {
        if self.file.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).context("could not read stdin")?;
            return Ok(text);
        }
        std::fs::read_to_string(&self.file).with_context(|| format!("could not read {}", self.file.display()))
    }
}
