//! What handles what Slack sent.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{FromRequest, IntoResponse, Request, Response};

/// Why a handler failed; every error converts to it with `?`. It is logged, and the person is told that it did not work.
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

/// A handler's run.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Response, HandlerError>> + Send>>;

/// What handles requests: async functions of up to eight extractors (see [`FromRequest`]) that return what an
/// [`IntoResponse`] is.
///
/// ```
/// # use countersign_slack_sdk::{App, Command, HandlerError, Respond, Say};
/// # use countersign_slack::client::Reply;
/// async fn deploy(command: Command, say: Say) -> Result<Reply<'static>, HandlerError> {
///     say.text(&format!("Deploying {}", command.text)).await?;
///     Ok(Reply::ephemeral("On its way."))
/// }
///
/// let app: App = App::new().command("/deploy", deploy);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler",
    note = "handlers are async functions of up to eight extractors, whose answer is `IntoResponse`"
)]
pub trait Handler<M, S>: Clone + Send + Sync + 'static {
    /// Whether what it answers may go into the acknowledgement, which then waits for it.
    const WAITS: bool;

    /// Handles one request.
    fn call(self, request: Request, state: S) -> HandlerFuture;
}

macro_rules! handlers {
    ($($extractor:ident),*) => {
        impl<F, Fut, Res, S, $($extractor,)*> Handler<($($extractor,)*), S> for F
        where
            F: FnOnce($($extractor,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send + 'static,
            Res: IntoResponse,
            S: Clone + Send + Sync + 'static,
            $($extractor: FromRequest<S> + Send + 'static,)*
        {
            const WAITS: bool = Res::ANSWERS $(|| $extractor::ACKNOWLEDGES)*;

            #[expect(clippy::allow_attributes, reason = "not every number of extractors has something to allow")]
            fn call(self, request: Request, state: S) -> HandlerFuture {
                Box::pin(async move {
                    #[allow(unused_variables, reason = "without extractors there is nothing to take them from")]
                    let (request, state) = (&request, &state);
                    self($($extractor::from_request(request, state).await.map_err(Into::into)?,)*).await.into_response()
                })
            }
        }
    };
}

handlers!();
handlers!(A);
handlers!(A, B);
handlers!(A, B, C);
handlers!(A, B, C, D);
handlers!(A, B, C, D, E);
handlers!(A, B, C, D, E, G);
handlers!(A, B, C, D, E, G, H);
handlers!(A, B, C, D, E, G, H, I);

/// A handler with its state.
pub(crate) trait Endpoint: Send + Sync {
    fn call(&self, request: Request) -> HandlerFuture;
}

/// A handler that has no state yet.
pub(crate) trait Unbound<S>: Send + Sync {
    fn bind(self: Box<Self>, state: S) -> Arc<dyn Endpoint>;
}

/// Hides what a handler takes.
pub(crate) struct Free<H, M> {
    handler: H,
    marker: std::marker::PhantomData<fn() -> M>,
}

struct Bound<H, M, S> {
    handler: H,
    state: S,
    marker: std::marker::PhantomData<fn() -> M>,
}

impl<H, M> Free<H, M> {
    pub(crate) fn new(handler: H) -> Self {
        Self { handler, marker: std::marker::PhantomData }
    }
}

impl<H, M, S> Unbound<S> for Free<H, M>
where
    H: Handler<M, S>,
    M: 'static,
    S: Clone + Send + Sync + 'static,
{
    fn bind(self: Box<Self>, state: S) -> Arc<dyn Endpoint> {
        Arc::new(Bound { handler: self.handler, state, marker: std::marker::PhantomData::<fn() -> M> })
    }
}

impl<H, M, S> Endpoint for Bound<H, M, S>
where
    H: Handler<M, S>,
    S: Clone + Send + Sync + 'static,
{
    fn call(&self, request: Request) -> HandlerFuture {
        self.handler.clone().call(request, self.state.clone())
    }
}
