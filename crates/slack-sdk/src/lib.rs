//! A framework for Slack apps: what axum is to HTTP, for Slack.
//!
//! An [`App`] routes what Slack sends to async functions, whose arguments are [extractors](FromRequest) and whose answers
//! [go into the acknowledgement](IntoResponse). It acknowledges in time whatever they do, and with an [`Inbox`] loses nothing
//! that it acknowledged. The same app is served over Socket Mode and over HTTP:
//!
//! ```no_run
//! # use countersign_slack::{client::{Client, Token}, socket_mode::{Config, SocketMode}};
//! # use countersign_slack_sdk::{App, Command, Event, HandlerError, Say, ServeError};
//! use countersign_slack::client::Reply;
//! use countersign_slack::payload::AppMention;
//!
//! async fn hello(Event(mention): Event<AppMention>, say: Say) -> Result<(), HandlerError> {
//!     say.in_thread().text(&format!("You said: {}", mention.text)).await?;
//!     Ok(())
//! }
//!
//! async fn ping(command: Command) -> Reply<'static> {
//!     Reply::ephemeral(format!("{}? Pong.", command.text))
//! }
//!
//! # async fn run(client: Client, bot: Token, app_token: Token) -> Result<(), ServeError> {
//! let socket = SocketMode::new(client.clone(), app_token, Config::default());
//! let app = App::new().event("app_mention", hello).command("/ping", ping).bot(client, bot);
//! app.serve(socket, Default::default()).await
//! # }
//! ```
//!
//! Neighbours: `countersign-slack` is the protocol below, with its client, payloads and blocks. This crate knows nothing of
//! approvals. Features: `http` (on unless switched off) receives over HTTP, `regex` takes `Regex`es as constraints,
//! `testing` has the kit for tests against the local workspace.

mod acknowledgement;
mod answering;
mod app;
mod assistant;
mod authorize;
pub mod cli;
mod client;
mod clock;
mod constraint;
mod engine;
mod extract;
mod failure;
mod handler;
mod inbox;
pub mod installation;
mod layer;
mod matches;
pub mod oauth;
#[cfg(feature = "http")]
mod over_http;
mod registrations;
mod request;
mod response;
mod routes;
mod scene;
mod serve;
mod shared;
mod streaming;
#[cfg(feature = "testing")]
pub mod testing;
mod thread_context;
mod when;

pub use countersign_slack as slack;

#[cfg(feature = "regex")]
pub use regex::Regex;

pub use acknowledgement::AckError;
pub use app::App;
pub use assistant::{Assistant, SetStatus, Thread};
pub use authorize::{Authorization, AuthorizeError, Authorizer, Revoked, SingleToken, Source};
pub use client::{Client, SendError};
pub use clock::{Clock, SystemClock};
pub use constraint::Constraint;
pub use extract::{
    Ack, Action, Bot, Command, Context, Event, FromAction, FromRef, FromRequest, Function, FunctionError, IntoMessage,
    Json, Rejection, Respond, RespondLimit, Say, Shortcut, State, Suggestion, TextLimit, View, Views,
};
pub use failure::{ErrorHandler, Failure, HandlerPanic};
pub use handler::{Handler, HandlerError, HandlerFuture};
pub use inbox::{Inbox, InboxError, Inserted, StoredEnvelope};
pub use layer::{BoxService, Fitted};
pub use matches::Matches;
#[cfg(feature = "http")]
pub use over_http::Http;
pub use registrations::{ActionRegistration, EventRegistration, Registration, Registrations, ShortcutRegistration};
pub use request::{Request, RequestKind, Retry, Transport};
pub use response::{ChoiceGroup, IntoResponse, Response, ViewResponse};
pub use serve::{Dispatcher, NotAcknowledged, Receiver, ServeError};
pub use streaming::{MessageStream, SayStream, TaskStatus};
pub use thread_context::{MetadataStore, ThreadContextStore, ThreadRef};
pub use when::{OnAction, OnEvent, OnMessage, OnShortcut, ShortcutScope};
