//! `countersign requests`: look at requests and decide about them.
//!
//! Of a server, whoever is signed in sees and decides what they may. Of the personal daemon nobody approves here: what is
//! gated runs as the same user.

mod remote;

use countersign_hook::{
    client::{Start, call},
    wire::{Final, Op, Outcome},
};
use serde_json::{Value, json};

use super::{
    Context,
    personal::{self, Credentials},
};
use crate::{
    exit, output,
    output::Hinted,
    remote::{CredentialsFile, ServerOptions, server_of},
};

/// A daemon that does not say within this time how it is, is not well.
const STATUS_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Options of `countersign requests`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Of the server that you are signed in to; with --personal, or when you are signed in
nowhere, of your own coding agent's daemon. There approving is for Slack alone: what
is gated runs as the same user, who would approve for itself.

Examples:
  countersign requests list
  countersign requests show 1a2b3c4d5e6f
  countersign requests approve 1a2b3c4d5e6f
  countersign requests deny 1a2b3c4d5e6f --reason 'not on a Friday'
  countersign requests revoke 1a2b3c4d5e6f
")]
pub(crate) struct Options {
    /// Those of your own coding agent, even if you are signed in to a server.
    #[arg(long, global = true)]
    personal: bool,
    #[command(flatten)]
    server: ServerOptions,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List what is waiting for a decision.
    List {
        /// What has ended too.
        #[arg(long)]
        all: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one request whole.
    Show {
        /// Its id, or the last digits of it.
        id: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Approve a request, as somebody who may.
    Approve {
        /// Its id, or the last digits of it.
        id: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
        /// Only if its digest begins so: what you have looked at is what you approve.
        #[arg(long)]
        digest: Option<String>,
    },
    /// Deny a request; the agent is told.
    Deny {
        /// Its id, or the last digits of it.
        id: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Withdraw a request; a coding agent's own dialog decides.
    Cancel {
        /// Its id, or the last digits of it.
        id: String,
    },
    /// Take an approval back: what runs on it ends at once.
    Revoke {
        /// Its id, or the last digits of it.
        id: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        let signed_in = self.server.server.is_some() || CredentialsFile::of(context).read()?.is_some();
        if signed_in && !self.personal {
            return remote::run(&server_of(context, &self.server)?, self.verb);
        }
        match self.verb {
            Verb::Approve { .. } | Verb::Revoke { .. } => {
                return Err(Hinted::new("requests of a coding agent are approved in Slack, not here")
                    .hint("requests of a server need you to sign in: countersign login URL")
                    .into());
            }
            Verb::List { all, json } => {
                let data = errand(context, Op::List, &json!({ "all": all }))?;
                if json { output::json(data.get("requests").unwrap_or(&Value::Null)) } else { list(&data) }
            }
            Verb::Show { id, json } => {
                let data = errand(context, Op::Show, &json!({ "id": id }))?;
                let request = data.get("request").unwrap_or(&Value::Null);
                if json { output::json(request) } else { show(request) }
            }
            Verb::Deny { id, reason } => {
                let data = errand(context, Op::Deny, &json!({ "id": id, "reason": reason }))?;
                output::say(&format!("Denied {}.", text(data.pointer("/request/id"))));
            }
            Verb::Cancel { id } => {
                let data = errand(context, Op::Cancel, &json!({ "id": id }))?;
                output::say(&format!("Cancelled {}.", text(data.pointer("/request/id"))));
            }
        }
        Ok(exit::OK)
    }
}

/// Sends one errand to the running daemon. Without one there is nothing pending, and starting one only to say so would
/// be odd.
pub(super) fn errand(context: &Context<'_>, op: Op, args: &Value) -> anyhow::Result<Value> {
    let config = context.load()?.config;
    let credentials = Credentials::of(&config, None, None)?;
    let client = personal::client(context, &config, &credentials)?;
    let start = if op == Op::List || op == Op::Show { Start::IfNeeded } else { Start::Never };
    let answer = call(&client, op, args, start, &mut |_| {}).map_err(|error| {
        if error.is_absent() {
            Hinted::new("no daemon is running, so nothing is waiting").hint("it starts with the first tool call").into()
        } else {
            anyhow::Error::new(error)
        }
    })?;
    accept(answer)
}

/// Sends an errand that needs no argument, if a daemon is there.
pub(super) fn errand_if_running(context: &Context<'_>, op: Op) -> anyhow::Result<Value> {
    let config = context.load()?.config;
    let credentials = Credentials::of(&config, None, None)?;
    let mut client = personal::client(context, &config, &credentials)?;
    client.deadline = STATUS_WITHIN;
    accept(call(&client, op, &Value::Null, Start::Never, &mut |_| {})?)
}

fn accept(answer: Final) -> anyhow::Result<Value> {
    match answer.outcome {
        Outcome::Ok => Ok(answer.data),
        Outcome::Outdated => {
            Err(Hinted::new("the daemon was older than this command and has left").hint("try again").into())
        }
        _ => Err(Hinted::new(answer.reason.unwrap_or_else(|| "the daemon did not take it".to_owned())).into()),
    }
}

fn list(data: &Value) {
    let requests = data.get("requests").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if requests.is_empty() {
        output::say("Nothing is waiting. A request appears here when a coding agent asks.");
        return;
    }
    output::say(&format!("{:<14}{:<11}{:<14}{}", "ID", "STATE", "DIGEST", "WHAT"));
    for request in requests {
        let what = [text(request.get("title")), text(request.get("first_line"))].join(": ");
        let digest: String = text(request.get("digest")).chars().take(12).collect();
        let what = countersign_hook::text::one_line(&what, 100);
        output::data(&format!(
            "{:<14}{:<11}{:<14}{}",
            text(request.get("short_id")),
            text(request.pointer("/state/state")),
            digest,
            what
        ));
    }
}

fn show(request: &Value) {
    output::data(&text(request.get("title")));
    output::data(&format!("Request {}", text(request.get("id"))));
    output::data(&format!("State   {}", text(request.pointer("/state/state"))));
    output::data(&format!("Digest  {}", text(request.get("digest"))));
    for group in ["fields", "place"] {
        let fields = request.get(group).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for field in fields {
            output::data(&format!("\n{}:\n{}", text(field.get("label")), text(field.get("text"))));
        }
    }
}

/// A text, or nothing.
fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}
