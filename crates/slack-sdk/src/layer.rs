//! Layers around the handlers.

use std::fmt;
use std::task::{Context, Poll};

use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use crate::handler::HandlerFuture;
use crate::{HandlerError, Request, Response};

/// What layers are put around: the handlers, or other layers around them.
pub type BoxService = BoxCloneSyncService<Request, Response, HandlerError>;

/// A service that fits around an app's handlers; every tower service of [`Request`]s does whose errors are, or convert
/// to, a [`HandlerError`].
pub trait Fitted<R>: Sized {
    /// It, with its type hidden.
    fn fit(self) -> BoxService;
}

impl<T> Fitted<Request> for T
where
    T: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    T::Error: Into<HandlerError>,
    T::Future: Send,
{
    fn fit(self) -> BoxService {
        BoxCloneSyncService::new(self.map_err(Into::into))
    }
}

type Fit = Box<dyn FnOnce(BoxService) -> BoxService + Send + Sync>;

/// Layers, the first of them outermost.
#[derive(Default)]
pub(crate) struct Layers(Vec<Fit>);

impl Layers {
    pub(crate) fn add<L>(&mut self, layer: L)
    where
        L: Layer<BoxService> + Send + Sync + 'static,
        L::Service: Fitted<Request>,
    {
        self.0.push(Box::new(move |inner| layer.layer(inner).fit()));
    }

    /// The layers around the handlers; `None` without any, which costs less.
    pub(crate) fn build(self) -> Option<BoxService> {
        if self.0.is_empty() {
            return None;
        }
        let innermost = BoxCloneSyncService::new(ToHandler);
        Some(self.0.into_iter().rev().fold(innermost, |inner, fit| fit(inner)))
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layers").field(&self.0.len()).finish()
    }
}

/// The innermost service: the handler that a request was routed to.
#[derive(Debug, Clone, Copy)]
struct ToHandler;

impl Service<Request> for ToHandler {
    type Response = Response;
    type Error = HandlerError;
    type Future = HandlerFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HandlerError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> HandlerFuture {
        request.inner().endpoint.call(request.clone())
    }
}

/// Runs a request through layers.
pub(crate) async fn run(service: BoxService, request: Request) -> Result<Response, HandlerError> {
    service.oneshot(request).await
}
