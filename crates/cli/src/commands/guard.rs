//! `countersign guard`: approval in front of a command on this machine.

mod files;
mod run;

use std::ffi::OsString;

use anyhow::Context as _;
use countersign_approval::{Local, RequestKey};
use countersign_gateway::{
    ConnectionName,
    wire::run::{FromClient, Open, WantedVerb},
};

use super::{Context, exec::FAILED};
use crate::{
    output,
    remote::{Asking, Events, Negotiated, Patience, ServerOptions, negotiate, server_of},
    system::SystemEntropy,
};

/// How the command is called to come back to a request: it is not, since its files have to be hashed anew.
const AGAIN: &str = "countersign requests show";

/// Options of `countersign guard`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For deploy scripts and CI jobs. People approve the command line, the directory, and
the contents of the program and of every argument that is a file; if one of them
changes before it is run, it is not run. A policy for the door `guard` says who
approves:

  countersign admin create policy deploys --door guard --connection local --approvers sre

What guard cannot see: the environment, and files that the program opens by itself.

Exit codes: the command's own; 124 not approved in time, 125 Countersign failed,
126 denied or changed, 127 no such command, 130 interrupted.

Examples:
  countersign guard --reason 'release 42' -- terraform apply plan.out
  countersign guard --name production -- ./deploy.sh
")]
pub(crate) struct Options {
    /// Why; approvers see it.
    #[arg(long)]
    reason: Option<String>,
    /// The name that policies match.
    #[arg(long, default_value = "local")]
    name: ConnectionName,
    /// Go ahead without approval, in an emergency: for those whom the policy allows it, and recorded as such.
    #[arg(long, requires = "reason")]
    break_glass: bool,
    #[command(flatten)]
    server: ServerOptions,
    /// The command and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        crate::system::install_tls_provider();
        let runtime = super::runtime()?;
        let ended = runtime.block_on(self.guard(context));
        runtime.shutdown_background();
        Ok(ended.unwrap_or_else(|error| {
            output::error(&error);
            FAILED
        }))
    }

    async fn guard(self, context: &Context<'_>) -> anyhow::Result<u8> {
        let server = server_of(context, &self.server)?;
        let path = context.environment.path("PATH");
        let Some(command) = files::find(&self.command, path.as_deref())? else {
            output::say(&format!(
                "countersign: there is no command {}",
                self.command.first().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
            ));
            return Ok(127);
        };
        let local = describe(&command)?;
        let open = Open {
            key: RequestKey::generate(&SystemEntropy),
            connection: self.name,
            verb: WantedVerb::Guard { local: local.clone() },
            reason: self.reason,
            break_glass: self.break_glass,
        };
        let mut events = Events::new(false);
        let asking = Asking {
            server: &server,
            first: FromClient::Open(open),
            terminal: None,
            patience: Patience::Run,
            again: AGAIN,
        };
        match negotiate(asking, &mut None, &mut events).await? {
            Negotiated::Over(code) => Ok(code),
            Negotiated::Started { session, .. } => run::run(session, &command, &local, &mut events).await,
        }
    }
}

fn describe(command: &files::Command) -> anyhow::Result<Local> {
    let machine = nix::unistd::gethostname().context("this machine has no name")?;
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    Ok(Local {
        machine: machine.to_string_lossy().into_owned(),
        user: user.map_or_else(|| nix::unistd::geteuid().to_string(), |user| user.name),
        cwd: std::env::current_dir().context("there is no working directory")?.to_string_lossy().into_owned(),
        argv: command.argv.clone(),
        files: command.digests()?,
    })
}
