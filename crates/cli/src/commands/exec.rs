//! `countersign exec`: one command on a connection.

use std::{io::IsTerminal as _, path::PathBuf};

use anyhow::Context as _;
use countersign_approval::{RequestId, RequestKey};
use countersign_gateway::{
    ConnectionName, SessionEnd, SessionId,
    client::{ClientError, Server},
    wire::run::{FromClient, Open, WantedInput, WantedVerb},
};
use tokio::sync::mpsc;

use super::Context;
use crate::{
    output,
    remote::{
        Asking, Events, Input, Negotiated, Patience, ServerOptions, aftermath, exit_code, forward_signals, input_of,
        json_streams, negotiate, server_of, standard_streams,
    },
    system::SystemEntropy,
};

/// The exit code when Countersign itself failed.
pub(crate) const FAILED: u8 = 125;

/// How the command is called to come back to a request.
const AGAIN: &str = "countersign exec --resume";

/// Options of `countersign exec`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
INPUT goes to the command's standard input; what follows -- is appended to its
arguments. Where a review applies, people approve exactly this command with this
input, and nothing else runs.

Exit codes: the command's own; 124 not approved in time, 125 Countersign failed,
126 denied, 127 no such connection or its agent is offline, 130 interrupted.

Examples:
  countersign exec bash 'ls -l /srv'              input for the connection's bash
  countersign exec psql -f migration.sql --reason 'JIRA-42'
  countersign exec kubectl -- get pods            arguments for its kubectl
  pg_dump app | countersign exec archive          live, where no review applies
  countersign exec bash 'reboot' --no-wait        prints the request's id
  countersign exec --resume 0190…                 runs it once it is approved
")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Options {
    /// The connection.
    #[arg(required_unless_present = "resume", conflicts_with = "resume")]
    connection: Option<ConnectionName>,
    /// Input for the command.
    #[arg(conflicts_with_all = ["file", "input_option"])]
    input: Option<String>,
    /// Input for the command.
    #[arg(short = 'i', long = "input", value_name = "INPUT", conflicts_with = "file")]
    input_option: Option<String>,
    /// Input for the command, from a file.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Why; approvers see it.
    #[arg(long)]
    reason: Option<String>,
    /// Print the request's id and leave; `--resume` runs it later.
    #[arg(long)]
    no_wait: bool,
    /// Back to a request: wait for it, or run it.
    #[arg(long, value_name = "ID")]
    resume: Option<RequestId>,
    /// Run as soon as it is approved, even at a terminal.
    #[arg(long)]
    auto_run: bool,
    /// Go ahead without approval, in an emergency: for those whom the policy allows it, and recorded as such.
    #[arg(long, requires = "reason")]
    break_glass: bool,
    /// What happens as JSON lines on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
    /// Arguments for the command.
    #[arg(last = true)]
    args: Vec<String>,
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        crate::system::install_tls_provider();
        let runtime = super::runtime()?;
        match runtime.block_on(self.exec(context)) {
            Ok(code) => {
                // A read of a terminal that nobody will finish must not keep the program.
                runtime.shutdown_background();
                Ok(code)
            }
            Err(error) => {
                output::error(&error);
                runtime.shutdown_background();
                Ok(FAILED)
            }
        }
    }

    async fn exec(self, context: &Context<'_>) -> anyhow::Result<u8> {
        let server = server_of(context, &self.server)?;
        let mut events = Events::new(self.json);
        let patience = self.patience();
        let (first, mut input) = self.first().await?;
        let asking = Asking { server: &server, first, terminal: None, patience, again: AGAIN };
        match negotiate(asking, &mut input, &mut events).await? {
            Negotiated::Over(code) => Ok(code),
            Negotiated::Started { session, id, stdin, .. } => {
                let (control, controlled) = mpsc::channel(8);
                let input = input.filter(|_| stdin);
                let ended = async {
                    if events.is_json() {
                        session.stream(json_streams(input), controlled).await
                    } else {
                        session.stream(standard_streams(input), controlled).await
                    }
                };
                let ended = tokio::select! {
                    ended = ended => ended,
                    given_up = forward_signals(control) => {
                        given_up.context("could not wait for signals")?;
                        return Ok(130);
                    }
                };
                finish(ended, &server, id, &mut events).await
            }
        }
    }

    fn patience(&self) -> Patience {
        if self.no_wait {
            return Patience::Leave;
        }
        // Whoever pipes something in, or reads JSON, cannot press Enter.
        let person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && !self.json;
        if person && !self.auto_run { Patience::AskBeforeRunning } else { Patience::Run }
    }

    async fn first(self) -> anyhow::Result<(FromClient, Option<Input>)> {
        if let Some(request) = self.resume {
            return Ok((FromClient::Resume { request, terminal: None }, None));
        }
        let connection = self.connection.context("a connection is needed")?;
        let input = input_of(self.input.or(self.input_option), self.file.as_deref()).await?;
        let wanted = if input.is_some() { WantedInput::Some } else { WantedInput::None };
        let open = Open {
            key: RequestKey::generate(&SystemEntropy),
            connection,
            verb: WantedVerb::Exec { args: self.args, input: wanted },
            reason: self.reason,
            break_glass: self.break_glass,
        };
        Ok((FromClient::Open(open), input))
    }
}

/// Says how it ended; answers the exit code.
pub(crate) async fn finish(
    ended: Result<SessionEnd, ClientError>,
    server: &Server,
    session: SessionId,
    events: &mut Events,
) -> anyhow::Result<u8> {
    match ended {
        Ok(end) => {
            events.ended(&end);
            Ok(exit_code(&end))
        }
        // The reader of our output has gone, as after `| head`: what a local command would die of.
        Err(ClientError::Local { source, .. }) if source.kind() == std::io::ErrorKind::BrokenPipe => Ok(141),
        Err(error) => aftermath(server, session, error, events).await,
    }
}
