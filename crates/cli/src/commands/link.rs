//! `countersign link`: makes a Slack account yours, with a code that it is sent.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Context;
use crate::{
    exit, output,
    remote::{Api, ServerOptions, server_of},
};

/// Longest line that is read as a code.
const LONGEST_CODE: u64 = 64;

/// Options of `countersign link`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The member id stands in Slack under your profile, behind the three dots. The app
sends that account a code; entering it here proves that both are you. The code is
good for ten minutes and five tries. Never type it into Slack.

Examples:
  countersign link U0123ABCD
  countersign link --code 1234-5678
")]
pub(crate) struct Options {
    /// Your member id in Slack (U…).
    #[arg(value_name = "SLACK_USER", required_unless_present = "code")]
    slack_user: Option<String>,
    /// The code that was sent before.
    #[arg(long, conflicts_with = "slack_user")]
    code: Option<String>,
    #[command(flatten)]
    server: ServerOptions,
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        let api = Api::of(&server_of(context, &self.server)?)?;
        let runtime = super::runtime()?;
        let code = match (self.code, self.slack_user) {
            (Some(code), _) => code,
            (None, user) => {
                let user = user.unwrap_or_default();
                runtime.block_on(api.post::<_, Value>(&["link"], &json!({ "slack_user": user })))?;
                output::say(&format!("a code was sent to {user} in Slack"));
                read_code()?
            }
        };
        let linked: Value = runtime.block_on(api.post(&["link", "code"], &json!({ "code": code })))?;
        let user = linked.get("user").and_then(Value::as_str).unwrap_or("the Slack account");
        output::say(&format!("{user} is yours now"));
        Ok(exit::OK)
    }
}

fn read_code() -> anyhow::Result<String> {
    use std::io::Read as _;
    if std::io::stdin().is_terminal() {
        let mut stderr = std::io::stderr();
        stderr.write_all(b"Code: ").and_then(|()| stderr.flush()).context("could not ask for the code")?;
    }
    let mut line = String::new();
    std::io::stdin().lock().take(LONGEST_CODE).read_line(&mut line).context("could not read the code")?;
    let code = line.trim();
    anyhow::ensure!(!code.is_empty(), "no code was entered; `countersign link --code CODE` takes it later");
    Ok(code.to_owned())
}
