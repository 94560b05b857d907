//! `countersign admin`: users, connections, plugins, policies, agents and tokens.

mod create;
mod delete;
mod get;

use super::Context;
use crate::{
    exit,
    remote::{Api, ServerOptions, server_of},
};

/// Options of `countersign admin`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Everything that is created here can stand in a file as well: see `countersign apply`.

Examples:
  countersign admin create agent default
  countersign admin create conn bash --agent default -- bash
  countersign admin create conn pg-prod --agent default --tcp db.internal:5432
  countersign admin create user ada@example.com --groups admin,sre --slackid U0123456789
  countersign admin create plugin review --connection 'bash:admin;sre'
  countersign admin get conn
  countersign admin delete token laptop --user ada@example.com
")]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Create something, or change it with --overwrite.
    Create {
        #[command(subcommand)]
        what: Box<create::What>,
    },
    /// Show one, or all.
    Get(get::Options),
    /// Delete something that nothing uses.
    Delete(delete::Options),
}

/// The kinds of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// A person.
    #[value(alias = "users")]
    User,
    /// A connection.
    #[value(alias = "connection", alias = "connections")]
    Conn,
    /// A plugin.
    #[value(alias = "plugins")]
    Plugin,
    /// A policy.
    #[value(alias = "policies")]
    Policy,
    /// An agent.
    #[value(alias = "agents")]
    Agent,
    /// A token.
    #[value(alias = "tokens")]
    Token,
}

impl Kind {
    /// Where the API has them.
    const fn path(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Conn => "connections",
            Self::Plugin => "plugins",
            Self::Policy => "policies",
            Self::Agent => "agents",
            Self::Token => "tokens",
        }
    }

    /// The word for one.
    const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Conn => "connection",
            Self::Plugin => "plugin",
            Self::Policy => "policy",
            Self::Agent => "agent",
            Self::Token => "token",
        }
    }
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        let api = Api::of(&server_of(context, &self.server)?)?;
        super::runtime()?.block_on(async {
            match self.verb {
                Verb::Create { what } => what.run(&api).await,
                Verb::Get(options) => options.run(&api).await,
                Verb::Delete(options) => options.run(&api).await,
            }
        })?;
        Ok(exit::OK)
    }
}
