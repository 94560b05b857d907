//! What can go wrong with a hook.

use std::path::PathBuf;

use countersign_slack::client::{ApiBaseError, ClientError, TokenError};
use countersign_slack::hooks::{FlagError, ProtocolError, WriteError};
use thiserror::Error;

use super::project::ProjectError;

/// Why a hook has no response.
#[derive(Debug, Error)]
pub enum CliError {
    /// The first argument is no hook that an app answers.
    #[error("{0:?} is not a hook of this app; there are get-manifest, get-trigger and start")]
    UnknownHook(String),
    /// The flags cannot be read.
    #[error("the arguments could not be read")]
    Flags(#[from] FlagError),
    /// The protocol cannot be spoken.
    #[error("the response cannot be written as asked")]
    Protocol(#[from] ProtocolError),
    /// The response was not written.
    #[error("the response was not written")]
    Write(#[from] WriteError),
    /// The project's files cannot be read.
    #[error("the project could not be read")]
    Project(#[from] ProjectError),
    /// A token is missing.
    #[error("{0} is not set")]
    NoToken(&'static str),
    /// A variable holds no token.
    #[error("{name} is not a token")]
    Token {
        /// The variable.
        name: &'static str,
        /// Why not.
        source: TokenError,
    },
    /// `SLACK_API_URL` is no address to send tokens to.
    #[error("SLACK_API_URL cannot be used")]
    ApiUrl(#[from] ApiBaseError),
    /// stdin does not hold an event.
    #[error("stdin does not hold an event: a JSON object with `body`")]
    NoEvent(#[source] Option<serde_json::Error>),
    /// stdin begins with an event, and is no JSON.
    #[error("the event on stdin is not valid JSON")]
    Event(#[source] serde_json::Error),
    /// What stands beside an event cannot be read.
    #[error("the `context` of the event on stdin cannot be read")]
    Context(#[source] serde_json::Error),
    /// stdin cannot be read.
    #[error("stdin could not be read")]
    Stdin(#[source] std::io::Error),
    /// The app defines no trigger of this name.
    #[error("the app defines no trigger {name:?}; it defines {}", known.join(", "))]
    UnknownTrigger {
        /// The name, of the file without its ending.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A trigger was not named.
    #[error("get-trigger needs --source")]
    NoSource,
    /// The working directory has gone.
    #[error("the working directory is not there")]
    Directory(#[source] std::io::Error),
    /// The client could not be set up.
    #[error("the Web API's client could not be set up")]
    Client(#[from] ClientError),
    /// The async runtime could not be started.
    #[error("the async runtime could not be started")]
    Runtime(#[source] std::io::Error),
    /// The app could not be served.
    #[error("the app could not go on")]
    Serve(#[from] crate::ServeError),
    /// The app did not take the event on.
    #[error("the event was not handled")]
    NotHandled(#[from] crate::NotAcknowledged),
    /// A manifest cannot be written as JSON.
    #[error("the manifest of {} cannot be written", .0.display())]
    Manifest(PathBuf, #[source] serde_json::Error),
}

impl CliError {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoToken("SLACK_BOT_TOKEN") => {
                "run the app with `slack run`, or set SLACK_BOT_TOKEN to the bot's token (xoxb-…)"
            }
            Self::NoToken(_) => {
                "run the app with `slack run`, or set SLACK_APP_TOKEN to the app-level token (xapp-…) and SLACK_BOT_TOKEN to the bot's (xoxb-…)"
            }
            Self::UnknownTrigger { .. } | Self::NoSource => {
                "name a JSON file, or give the trigger to `Cli::trigger` in the app's main function"
            }
            _ => return None,
        })
    }
}
