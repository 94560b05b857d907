//! What handlers take: each extractor reads its part of a request.

mod ack;
mod action;
mod bot;
mod context;
mod event;
mod function;
mod payload;
mod respond;
mod say;
mod state;
mod view;
mod views;

use std::convert::Infallible;
use std::future::Future;

use countersign_slack::payload::Malformed;
use thiserror::Error;

pub use ack::Ack;
pub use action::{Action, FromAction, Json};
pub use bot::Bot;
pub use context::Context;
pub use event::Event;
pub use function::{Function, FunctionError};
pub use payload::{Command, Shortcut, Suggestion};
pub use respond::{Respond, RespondLimit};
pub use say::{IntoMessage, Say, TextLimit};
pub use state::{FromRef, State};
pub use view::View;
pub use views::Views;

use crate::{AuthorizeError, Client, HandlerError, Matches, Request, RequestKind};

/// What a handler can take: reads its part of a request.
///
/// `Option<T>` is `None`, and `Result<T, T::Rejection>` an error, where `T` cannot be had; `T` itself fails the handler then,
/// which is logged, and told to the person. An extractor of one's own:
///
/// ```
/// # use countersign_slack_sdk::{App, Context, FromRequest, Rejection, Request};
/// struct Who(String);
///
/// impl<S: Sync> FromRequest<S> for Who {
///     type Rejection = Rejection;
///
///     async fn from_request(request: &Request, _state: &S) -> Result<Self, Rejection> {
///         let user = Context::of(request).user_id().map(ToString::to_string);
///         user.map(Self).ok_or(Rejection::missing("Who", "user"))
///     }
/// }
///
/// let app: App = App::new().action("greet", async |Who(user): Who| println!("Hello {user}"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no extractor",
    note = "handlers take types that are `FromRequest`"
)]
pub trait FromRequest<S>: Sized {
    /// Why it cannot be had.
    type Rejection: Into<HandlerError> + Send;

    /// Whether a handler that takes it acknowledges by itself: Slack's acknowledgement then waits for that.
    const ACKNOWLEDGES: bool = false;

    /// Reads it.
    fn from_request(request: &Request, state: &S) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// Why an extractor cannot be had.
#[derive(Debug, Error)]
pub enum Rejection {
    /// The handler is registered for something else.
    #[error("there is no {extractor} in a request of this kind: {kind}")]
    WrongKind {
        /// What the handler takes.
        extractor: &'static str,
        /// What was sent.
        kind: RequestKind,
    },
    /// The request lacks what it needs.
    #[error("there is no {extractor} without a {what}")]
    Missing {
        /// What the handler takes.
        extractor: &'static str,
        /// What is not there.
        what: &'static str,
    },
    /// The payload lacks what its kind always has.
    #[error("the payload could not be read")]
    Malformed(#[source] Malformed),
    /// The payload is not what the handler's type says.
    #[error("the payload is not what {extractor} wants")]
    Shape {
        /// What the handler takes.
        extractor: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The app was given no client.
    #[error("the app has no client: it was given neither a bot's token nor an authorizer")]
    NoClient,
    /// There is no token for the workspace.
    #[error("there is no token for this")]
    Unauthorized(#[from] AuthorizeError),
}

impl Rejection {
    /// The request lacks what an extractor needs.
    pub fn missing(extractor: &'static str, what: &'static str) -> Self {
        Self::Missing { extractor, what }
    }

    pub(crate) fn wrong_kind(extractor: &'static str, request: &Request) -> Self {
        Self::WrongKind { extractor, kind: request.kind() }
    }

    pub(crate) fn shape(extractor: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Shape { extractor, source }
    }
}

impl<S: Sync, T: FromRequest<S> + Send> FromRequest<S> for Option<T> {
    type Rejection = Infallible;

    const ACKNOWLEDGES: bool = T::ACKNOWLEDGES;

    async fn from_request(request: &Request, state: &S) -> Result<Self, Infallible> {
        Ok(T::from_request(request, state).await.ok())
    }
}

impl<S: Sync, T: FromRequest<S> + Send> FromRequest<S> for Result<T, T::Rejection> {
    type Rejection = Infallible;

    const ACKNOWLEDGES: bool = T::ACKNOWLEDGES;

    async fn from_request(request: &Request, state: &S) -> Result<Self, Infallible> {
        Ok(T::from_request(request, state).await)
    }
}

impl<S: Sync> FromRequest<S> for Request {
    type Rejection = Infallible;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Infallible> {
        Ok(request.clone())
    }
}

impl<S: Sync> FromRequest<S> for Matches {
    type Rejection = Infallible;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Infallible> {
        Ok(request.inner().matches.clone())
    }
}

impl<S: Sync> FromRequest<S> for Client {
    type Rejection = Rejection;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Rejection> {
        request.client().await
    }
}
