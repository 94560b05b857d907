//! A framework for Slack apps.
//!
//! An [`App`] routes interactions, commands and events to async functions, acknowledges in time whatever they do, and with
//! an [`Inbox`] loses nothing that it acknowledged:
//!
//! ```no_run
//! # use countersign_slack::{client::*, payload::*, socket_mode::*};
//! # use countersign_slack_sdk::{App, Ctx, HandlerError, ServeError};
//! # use countersign_slack::blocks::Mrkdwn;
//! async fn approve(ctx: Ctx, click: BlockActions) -> Result<(), HandlerError> {
//!     let token = click.action().and_then(|action| action.value.as_deref()).ok_or("a button without a value")?;
//!     ctx.respond_ephemeral(&Mrkdwn::trusted("Approved: ").and_text(token)).await?;
//!     Ok(())
//! }
//!
//! # async fn run(client: Client, bot: Token, app: Token) -> Result<(), ServeError> {
//! let socket = SocketMode::new(client.clone(), app, Config::default());
//! App::builder(client, bot).action("approve", approve).build().serve(socket, Default::default()).await
//! # }
//! ```
//!
//! Neighbours: `countersign-slack` is the protocol below, with its client, payloads and blocks. This crate knows nothing of
//! approvals, and has no transport but Socket Mode yet.

mod ack;
mod answer;
mod app;
mod constraint;
mod ctx;
mod handler;
mod inbox;
mod job;
mod routes;
mod serve;

pub use answer::ViewResponse;
pub use app::{App, AppBuilder};
pub use constraint::Constraint;
pub use ctx::{Ctx, CtxError};
pub use handler::{Handler, HandlerError};
pub use inbox::{Inbox, InboxError, Inserted, StoredEnvelope};
pub use serve::ServeError;
