//! `countersign connect`: a terminal, or a local port, on a connection.

mod port;
mod terminal;

use std::io::IsTerminal as _;

use countersign_approval::RequestId;
use countersign_gateway::{
    ConnectionName, Target,
    wire::api::{ConnectionView, HumanDuration},
};

use super::{Context, exec::FAILED};
use crate::{
    output,
    output::Hinted,
    remote::{Api, Events, ServerOptions, server_of},
};

/// How the command is called to come back to a request.
const AGAIN: &str = "countersign connect --resume";

/// Options of `countersign connect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A command-line connection gives a terminal; a tcp connection gives a port on this
machine, which any client can use until Ctrl-C. Where access has to be approved it
begins with the approval and lasts as long as was asked for; live sessions end with
it.

Examples:
  countersign connect bash-jit
  countersign connect bash-jit -d 30m --reason 'disk is full'
  countersign connect pg-prod -p 15432     then: psql -h 127.0.0.1 -p 15432
")]
pub(crate) struct Options {
    /// The connection.
    connection: ConnectionName,
    /// For how long access is asked for, e.g. 30m or 2h.
    #[arg(short, long, value_name = "TIME")]
    duration: Option<HumanDuration>,
    /// For tcp connections: the local port; a free one when nothing is said.
    #[arg(short, long)]
    port: Option<u16>,
    /// Why; approvers see it.
    #[arg(long)]
    reason: Option<String>,
    /// Print the request's id and leave; once it is approved, connect again.
    #[arg(long)]
    no_wait: bool,
    /// Back to a request: wait for it, then connect.
    #[arg(long, value_name = "ID")]
    resume: Option<RequestId>,
    /// Go ahead without approval, in an emergency: for those whom the policy allows it, and recorded as such.
    #[arg(long, requires = "reason")]
    break_glass: bool,
    /// What happens as JSON lines on stdout, for tcp connections.
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
        let ended = runtime.block_on(self.connect(context));
        // A read of the terminal that nobody will finish must not keep the program.
        runtime.shutdown_background();
        Ok(ended.unwrap_or_else(|error| {
            output::error(&error);
            FAILED
        }))
    }

    async fn connect(self, context: &Context<'_>) -> anyhow::Result<u8> {
        let server = server_of(context, &self.server)?;
        let view: ConnectionView = match Api::of(&server)?.get(&["connections", self.connection.as_str()]).await {
            Ok(view) => view,
            Err(error) if is_missing(&error) => {
                output::error(&error);
                return Ok(127);
            }
            Err(error) => return Err(error),
        };
        let mut events = Events::new(self.json);
        match view.target {
            Target::Tcp { .. } => port::forward(&server, self, &mut events).await,
            Target::CommandLine { .. } => {
                if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
                    let error = Hinted::new("connect needs a terminal on stdin and stdout")
                        .hint(format!("for one command without a terminal: countersign exec {}", self.connection));
                    return Err(error.into());
                }
                terminal::attach(&server, self, &mut events).await
            }
        }
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Hinted>().is_some_and(|error| error.code() == Some("not_found"))
}
