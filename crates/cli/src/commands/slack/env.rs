//! `countersign slack env`.

use std::io::{IsTerminal as _, Read as _};

use countersign_slack_cli::{
    Code, Failure, Session,
    project::Project,
    variables::{self, Variable, Variables},
};
use serde_json::json;

use crate::{exit, output};

/// The largest value that is read from stdin.
const MAX_VALUE: u64 = 1024 * 1024;

/// Options of `countersign slack env`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List the app's variables, in `.env` or, with --app, of an app that Slack runs.
    List {
        /// Show the values, too.
        #[arg(long)]
        values: bool,
        /// Write them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Set a variable.
    #[command(visible_alias = "add")]
    Set {
        /// Its name, or NAME=VALUE.
        #[arg(value_name = "NAME")]
        name: String,
        /// Its value; without one it is read from stdin, so that no secret stands in a shell's history.
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: Option<String>,
    },
    /// Take a variable out.
    #[command(visible_alias = "remove")]
    Unset {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Make `.env` of the project's `.env.sample` or `.env.example`.
    Init,
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        match self.verb {
            Verb::List { values, json } => {
                let all = Variables::of(session).await?.all().await?;
                if all.is_empty() {
                    session.talk.say("there are no variables");
                }
                list(&all, values, json);
            }
            Verb::Set { name, value } => {
                let (name, value) = named(name, value);
                let variables = Variables::of(session).await?;
                let value = value.map_or_else(|| asked(&name), Ok)?;
                variables.set(&name, &value).await?;
                session.talk.say(&format!("set {name}"));
            }
            Verb::Unset { name } => {
                let was_there = Variables::of(session).await?.unset(&name).await?;
                session.talk.say(&if was_there { format!("took {name} out") } else { format!("{name} is not set") });
            }
            Verb::Init => {
                let sample = variables::init(&Project::directory(session)?)?;
                session.talk.say(&format!("made .env of {sample}"));
            }
        }
        Ok(exit::OK)
    }
}

fn list(all: &[Variable], values: bool, as_json: bool) {
    if as_json {
        let described = |variable: &Variable| match &variable.value {
            Some(value) if values => json!({"name": variable.name, "value": value}),
            _ => json!({"name": variable.name}),
        };
        return output::json(&all.iter().map(described).collect());
    }
    for variable in all {
        match &variable.value {
            Some(value) if values => output::data(&format!("{}={value}", variable.name)),
            _ => output::data(&variable.name),
        }
    }
}

/// The two in one argument are taken apart.
fn named(name: String, value: Option<String>) -> (String, Option<String>) {
    match (name.split_once('='), value) {
        (Some((name, value)), None) => (name.to_owned(), Some(value.to_owned())),
        (_, value) => (name, value),
    }
}

/// A value that does not stand on the command line.
fn asked(name: &str) -> Result<String, Failure> {
    let missing = || Failure::new(Code::InvalidArguments, format!("there is no value for {name}"));
    if std::io::stdin().is_terminal() {
        let typed = rpassword::prompt_password(format!("The value of {name} (not shown): "));
        return typed.map_err(|error| missing().detail(error.to_string()));
    }
    let mut value = String::new();
    let read = std::io::stdin().lock().take(MAX_VALUE).read_to_string(&mut value);
    read.map_err(|error| missing().detail(error.to_string()))?;
    Ok(value.strip_suffix('\n').unwrap_or(&value).to_owned())
}
