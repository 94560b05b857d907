//! The gateway's Slack app: started and replaced as the `slack` plugin's settings say.
//!
//! Without it everything works but Slack: requests are decided at the command line and on their pages.

mod channels;
mod command;
mod desk;
mod endpoints;
pub(crate) mod link;
mod settings;

use axum::Router;
use countersign_slack_sdk::App;

pub(crate) use desk::{SlackDesk, start};
pub(crate) use endpoints::caller;

use super::state::Gateway;
use crate::{core::Core, render::ids};

/// The addresses for linking Slack accounts.
pub(crate) fn router() -> Router<Gateway> {
    endpoints::router()
}

/// What the gateway's app hears beside votes.
pub(crate) fn register(app: App<Core>) -> App<Core> {
    app.command("/countersign", command::command).action(ids::OPEN, command::open).action(ids::NOT_ME, link::not_me)
}
