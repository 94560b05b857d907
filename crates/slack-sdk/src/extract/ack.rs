//! Acknowledging before the handler is at its end.

use std::fmt;
use std::marker::PhantomData;

use crate::{AckError, FromRequest, IntoResponse, Rejection, Request};

/// Acknowledges early, with an answer of type `T`, while the handler goes on.
///
/// Where Slack's acknowledgement never waits for the handler anyway, an empty one is done already. An acknowledgement that
/// comes after another, or after the 2.5 s that Slack can be kept waiting, is an [`AckError`] and not a panic.
///
/// ```
/// # use countersign_slack_sdk::{Ack, App, HandlerError, View, ViewResponse};
/// # async fn save(_: &serde_json::Value) {}
/// async fn submitted(ack: Ack<ViewResponse>, values: View) -> Result<(), HandlerError> {
///     ack.with(ViewResponse::Clear)?;
///     save(&values).await;
///     Ok(())
/// }
///
/// let app: App = App::new().view("settings", submitted);
/// ```
pub struct Ack<T = ()> {
    request: Request,
    marker: PhantomData<fn(T)>,
}

impl<T: IntoResponse> Ack<T> {
    /// Acknowledges with an answer.
    ///
    /// # Errors
    /// When it was acknowledged before, Slack takes no such answer to what it sent, or waits no longer.
    pub fn with(&self, answer: T) -> Result<(), AckError> {
        let result = self.request.acknowledge(answer);
        if let Err(error) = result {
            let id = self.request.id();
            tracing::warn!(slack.envelope = %id, %error, "the handler of envelope {id} acknowledged in vain");
        }
        result
    }

    /// Acknowledges with nothing; doing that again is harmless.
    ///
    /// # Errors
    /// When Slack waits no longer.
    pub fn now(&self) -> Result<(), AckError> {
        self.request.acknowledge(())
    }

    /// Whether Slack still waits.
    pub fn is_open(&self) -> bool {
        self.request.acknowledgement().is_open()
    }
}

impl<S: Sync, T: IntoResponse> FromRequest<S> for Ack<T> {
    type Rejection = Rejection;

    const ACKNOWLEDGES: bool = true;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Rejection> {
        Ok(Self { request: request.clone(), marker: PhantomData })
    }
}

impl<T> fmt::Debug for Ack<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ack").field(self.request.id()).finish()
    }
}
