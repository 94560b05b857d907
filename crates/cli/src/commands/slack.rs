//! `countersign slack`: what has to do with Slack apps that are not Countersign's own.

use super::{Context, slack_sdk};

/// Options of `countersign slack`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Answer a hook of the Slack CLI for a Rust project.
    #[command(hide = true)]
    Sdk(slack_sdk::Options),
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        match self.verb {
            Verb::Sdk(options) => options.run(context),
        }
    }
}
