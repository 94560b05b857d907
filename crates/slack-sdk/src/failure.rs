//! What happens when a handler fails.

use std::future::Future;
use std::pin::Pin;

use countersign_slack::blocks::Mrkdwn;
use thiserror::Error;

use crate::{Context, HandlerError, Request, Respond};

/// What a person reads when the handler needs longer than Slack waits.
pub(crate) const STILL_WORKING: &str = "This is still being worked on. Please wait a moment before you try again.";
/// What a person reads when the handler failed.
pub(crate) const FAILED: &str = "That did not work. Please try again; if it keeps failing, tell whoever runs this app.";

/// A handler has failed.
#[derive(Debug)]
pub struct Failure {
    request: Request,
    is_told: bool,
    /// Why: what the handler or a layer returned, a rejection of one of its extractors, or a [`HandlerPanic`].
    pub error: HandlerError,
}

/// A handler panicked; the text is what it said.
#[derive(Debug, Error)]
#[error("the handler panicked: {0}")]
pub struct HandlerPanic(pub(crate) String);

impl Failure {
    pub(crate) fn new(request: Request, error: HandlerError, is_told: bool) -> Self {
        Self { request, is_told, error }
    }

    /// What was handled.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Who did it, and where.
    pub fn context(&self) -> Context {
        Context::of(&self.request)
    }

    /// The means to tell the person.
    pub fn respond(&self) -> Respond {
        Respond::of(&self.request)
    }

    fn log(&self) {
        let (id, error) = (self.request.id(), &*self.error as &dyn std::error::Error);
        tracing::error!(slack.envelope = %id, error, "the handler of envelope {id} failed");
    }

    /// What happens without an error handler: one line in the log, and the person is told where there is an address for it.
    pub async fn log_and_tell(&self) {
        self.log();
        if self.is_told || self.request.scene().response_url.is_none() {
            return;
        }
        if let Err(error) = self.respond().ephemeral(&Mrkdwn::trusted(FAILED)).await {
            tracing::debug!(%error, "nor could the person be told");
        }
    }
}

/// What is called with failures: async functions of a [`Failure`].
///
/// ```
/// # use countersign_slack_sdk::{App, Failure};
/// let app: App = App::new().on_error(async |failure: Failure| {
///     tracing::error!(error = &*failure.error as &dyn std::error::Error, "{} failed", failure.request().kind());
///     failure.log_and_tell().await;
/// });
/// ```
pub trait ErrorHandler: Send + Sync + 'static {
    /// Handles one failure.
    fn handle(&self, failure: Failure) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

impl<F, Fut> ErrorHandler for F
where
    F: Fn(Failure) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    fn handle(&self, failure: Failure) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self(failure))
    }
}
