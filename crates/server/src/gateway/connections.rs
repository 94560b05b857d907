//! The node's HTTP connections: none lasts as its peer pleases, and none is kept for a peer that is gone.

use std::{io, pin::pin, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use futures_util::{StreamExt as _, stream};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use nix::sys::socket::{setsockopt, sockopt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::tls::Tls;

/// How long the head of a request may take, from when it is waited for: an idle connection ends as well.
const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// How long the body of a request may take.
const BODY_WITHIN: Duration = Duration::from_mins(1);

/// How long requests that were begun may take once the node stops.
const DRAIN: Duration = Duration::from_secs(5);

/// The pause after the system had no connection to give, such as with too many files open.
const AFTER_FAULT: Duration = Duration::from_secs(1);

/// Seconds of silence after which the kernel asks whether the peer is there, and between its questions; and how many of
/// them may stay unanswered. A session's end may be silent for hours, and must not be taken for gone: this asks the machine.
const KEEPALIVE: (u32, u32, u32) = (15, 5, 3);

/// Serves what connects until shutdown; then what was begun may end. WebSockets are no longer counted: they belong to those
/// who took them.
pub(super) async fn accept(listener: TcpListener, tls: Option<Tls>, router: Router, shutdown: &CancellationToken) {
    let router = router.layer(from_fn(in_time));
    let (tasks, cut) = (TaskTracker::new(), CancellationToken::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                prepare(&stream);
                let (router, tls, shutdown, cut) = (router.clone(), tls.clone(), shutdown.clone(), cut.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = shake_hands_and_serve(stream, tls, router, &shutdown) => {}
                        () = cut.cancelled() => {}
                    }
                });
            }
            Err(error) if is_peers(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted now; trying again");
                tokio::select! { () = tokio::time::sleep(AFTER_FAULT) => {} () = shutdown.cancelled() => break }
            }
        }
    }
    drop(listener);
    tasks.close();
    if timeout(DRAIN, tasks.wait()).await.is_err() {
        cut.cancel();
        tasks.wait().await;
    }
}

async fn shake_hands_and_serve(stream: TcpStream, tls: Option<Tls>, router: Router, shutdown: &CancellationToken) {
    let Some(tls) = tls else { return serve(stream, router, shutdown).await };
    // A client that does not shake hands is none; there is nobody to tell.
    if let Some(stream) = tls.accept(stream).await {
        serve(stream, router, shutdown).await;
    }
}

async fn serve<S>(stream: S, router: Router, shutdown: &CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let serving = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = shutdown.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended with an error");
    }
}

/// A keystroke goes out at once; a peer whose machine is gone is noticed. What the system does not do is done without.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let _ = setsockopt(stream, sockopt::KeepAlive, &true);
    #[cfg(target_os = "linux")]
    {
        let (idle, interval, count) = KEEPALIVE;
        let _ = setsockopt(stream, sockopt::TcpKeepIdle, &idle);
        let _ = setsockopt(stream, sockopt::TcpKeepInterval, &interval);
        let _ = setsockopt(stream, sockopt::TcpKeepCount, &count);
    }
}

/// A body that does not come in time fails, and with it the request.
async fn in_time(request: Request, next: Next) -> Response {
    let deadline = Instant::now() + BODY_WITHIN;
    let timed = |body: Body| {
        let parts = stream::unfold(Some(body.into_data_stream()), move |body| async move {
            let mut body = body?;
            match timeout_at(deadline, body.next()).await {
                Ok(Some(part)) => Some((part.map_err(io::Error::other), Some(body))),
                Ok(None) => None,
                Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
            }
        });
        Body::from_stream(parts)
    };
    let has_body = !axum::body::HttpBody::is_end_stream(request.body());
    next.run(if has_body { request.map(timed) } else { request }).await
}

/// Whether only the one peer is concerned.
fn is_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
