//! Serving connections, with an end to what a peer may leave unfinished.
//!
//! A peer that sends half a request would otherwise hold a connection, and one of the process's descriptors, for ever.

use std::fmt::Debug;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::serve::Listener;
use axum::{BoxError, Router};
use futures_util::Stream;
use http::StatusCode;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the workspace waits for its peers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For the head of a request, and between two requests of a connection.
    pub(crate) head: Duration,
    /// For the body of a request, from its head on.
    pub(crate) body: Duration,
    /// For requests that are under way once the workspace stops.
    pub(crate) drain: Duration,
}

impl Patience {
    /// More than any client on this machine needs.
    pub(crate) const USUAL: Self =
        Self { head: Duration::from_secs(30), body: Duration::from_mins(2), drain: Duration::from_secs(2) };
}

/// Serves what connects until stopped, then lets requests end for a moment.
pub(crate) async fn serve_connections<L>(mut listener: L, router: Router, patience: Patience, stop: &CancellationToken)
where
    L: Listener,
    L::Addr: Debug,
{
    let router = router.layer(axum::middleware::from_fn(move |request, next| in_time(patience.body, request, next)));
    let (connections, end) = (TaskTracker::new(), CancellationToken::new());
    loop {
        let (stream, _) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (router, stop, end) = (router.clone(), stop.clone(), end.clone());
        connections.spawn(async move {
            tokio::select! {
                () = serve_one::<L>(stream, router, patience, &stop) => {}
                () = end.cancelled() => {}
            }
        });
    }
    drop(listener);
    connections.close();
    // Those that take longer are dropped.
    let _ = tokio::time::timeout(patience.drain, connections.wait()).await;
    end.cancel();
    connections.wait().await;
}

async fn serve_one<L: Listener>(stream: L::Io, router: Router, patience: Patience, stop: &CancellationToken) {
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(patience.head);
    let serving = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut serving = pin!(serving.with_upgrades());
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended with an error");
    }
}

/// Answers 408 when the body of a request does not come in time.
async fn in_time(limit: Duration, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let is_late = Arc::new(AtomicBool::new(false));
    let timed = |body: Body| {
        let body = body.into_data_stream();
        let is_late = Arc::clone(&is_late);
        Body::from_stream(TimedBody { body, limit, begun: Instant::now(), timer: None, is_late })
    };
    let response = next.run(request.map(timed)).await;
    if is_late.load(Ordering::Acquire) {
        return (StatusCode::REQUEST_TIMEOUT, "the body of the request did not come in time\n").into_response();
    }
    response
}

/// A body that fails when it is not there in time.
struct TimedBody {
    body: BodyDataStream,
    limit: Duration,
    begun: Instant,
    /// Begun when the body is first waited for: most are there with their heads.
    timer: Option<Pin<Box<Sleep>>>,
    is_late: Arc<AtomicBool>,
}

impl Stream for TimedBody {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(part) = Pin::new(&mut self.body).poll_next(context) {
            return Poll::Ready(part.map(|part| part.map_err(Into::into)));
        }
        let at = self.begun + self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.is_late.store(true, Ordering::Release);
        Poll::Ready(Some(Err("the body did not come in time".into())))
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// What a peer is answered before it is hung up on.
    async fn answered(address: std::net::SocketAddr, request: &str) -> String {
        let mut peer = TcpStream::connect(address).await.unwrap();
        peer.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A connection that is reset is over too.
        let ended = tokio::time::timeout(Duration::from_secs(20), peer.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "still open: {request:?}");
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn what_stays_unfinished_is_hung_up_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let short = Duration::from_millis(60);
        let patience = Patience { head: short, body: short, drain: short };
        let router = Router::new().route("/", get(|| async { "here" })).route("/", post(|body: String| async { body }));
        let stop = CancellationToken::new();
        let peers = async {
            let _stop = stop.clone().drop_guard();
            // Every one of these would wait for ever.
            assert_eq!(answered(address, "").await, "");
            assert_eq!(answered(address, "GET / HTTP/1.1\r\nhost: x\r\n").await, "");
            let late = answered(address, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf").await;
            assert!(late.starts_with("HTTP/1.1 408 "), "{late}");
            let fine = answered(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
            assert!(fine.ends_with("here"), "{fine}");
            let whole = answered(address, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nwhole").await;
            assert!(whole.starts_with("HTTP/1.1 200 ") && whole.ends_with("whole"), "{whole}");
        };
        tokio::join!(serve_connections(listener, router, patience, &stop), peers);
    }

    #[tokio::test]
    async fn stopping_ends_what_is_under_way_after_a_moment() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(std::future::pending::<()>));
        let stop = CancellationToken::new();
        let patience = Patience { drain: Duration::from_millis(50), ..Patience::USUAL };
        let peer = async {
            let mut peer = TcpStream::connect(address).await.unwrap();
            peer.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            stop.cancel();
            let mut answer = Vec::new();
            let _ = peer.read_to_end(&mut answer).await;
            assert!(answer.is_empty());
        };
        tokio::join!(serve_connections(listener, router, patience, &stop), peer);
    }
}
