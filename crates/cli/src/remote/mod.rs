//! The person's end of the gateway: whom to talk to, and what happens between asking and running.

mod aftermath;
mod api;
mod credentials;
mod events;
mod negotiate;
mod signals;
mod stdio;

pub(crate) use self::{
    aftermath::aftermath,
    api::Api,
    credentials::{CredentialsFile, Stored, parse_url, server_of},
    events::{Events, exit_code},
    negotiate::{Asking, Input, Negotiated, Patience, negotiate},
    signals::forward_signals,
    stdio::{input_of, json_streams, standard_streams},
};

use clap::Args;

/// Which server to talk to.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ServerOptions {
    /// The server's URL; the one that you signed in to when nothing is said.
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_SERVER", global = true)]
    pub(crate) server: Option<String>,
}
