//! What handles a payload.

use std::future::Future;
use std::pin::Pin;

use crate::Ctx;

/// Why a handler failed; every error converts to it with `?`. It is logged, and the person is told that it did not work.
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

/// What handles one kind of payload; async functions `(Ctx, P) -> Result<R, HandlerError>` do.
pub trait Handler<P, R>: Send + Sync + 'static {
    /// Handles one payload.
    fn call(&self, ctx: Ctx, payload: P) -> Pin<Box<dyn Future<Output = Result<R, HandlerError>> + Send>>;
}

impl<F, Fut, P, R> Handler<P, R> for F
where
    F: Fn(Ctx, P) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
{
    fn call(&self, ctx: Ctx, payload: P) -> Pin<Box<dyn Future<Output = Result<R, HandlerError>> + Send>> {
        Box::pin(self(ctx, payload))
    }
}
