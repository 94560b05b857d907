//! The connections of the HTTP receiver, none of which lasts as its peer pleases.

use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The pause after the system had no connection to give, such as with too many files open.
const AFTER_FAULT: Duration = Duration::from_secs(1);

/// How long a peer may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For a request's head, from when it is waited for: a connection without a request ends as well.
    pub(super) head: Duration,
    /// For a request's body.
    pub(super) body: Duration,
    /// For all that is begun when the app stops.
    pub(super) drain: Duration,
}

impl Default for Limits {
    /// Slack waits three seconds for an answer, so a request of Slack's is here long before five.
    ///
    /// When the app stops, what was begun has five seconds to arrive and three to be answered; whatever takes longer is not
    /// Slack's.
    fn default() -> Self {
        Self { head: Duration::from_secs(10), body: Duration::from_secs(5), drain: Duration::from_secs(8) }
    }
}

/// Serves connections until cancelled, and then ends them, within the limit.
pub(super) async fn serve(listener: TcpListener, router: Router, limits: Limits, cancel: CancellationToken) {
    let (tasks, cut) = (TaskTracker::new(), CancellationToken::new());
    // When this future is dropped, its connections end as well.
    let _guard = cut.clone().drop_guard();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = cancel.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(connection(stream, router.clone(), limits, cancel.clone(), cut.clone()));
            }
            Err(error) if is_peers(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no HTTP connection can be accepted now; trying again");
                tokio::select! { () = sleep(AFTER_FAULT) => {} () = cancel.cancelled() => break }
            }
        }
    }
    drop(listener);
    tasks.close();
    if timeout(limits.drain, tasks.wait()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "HTTP connections did not come to an end, and were cut");
        cut.cancel();
        tasks.wait().await;
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    cancel: CancellationToken,
    cut: CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let mut serving = pin!(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    let mut is_ending = false;
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "an HTTP connection broke");
                }
                return;
            }
            () = cancel.cancelled(), if !is_ending => {
                // What was asked is answered; nothing more is read.
                is_ending = true;
                serving.as_mut().graceful_shutdown();
            }
            () = cut.cancelled() => return,
        }
    }
}

/// Whether only the one peer is concerned.
fn is_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::task::JoinHandle;

    use super::*;

    /// Longer than any test may take.
    const NEVER: Duration = Duration::from_hours(1);
    const SOON: Duration = Duration::from_secs(30);

    struct Served {
        address: std::net::SocketAddr,
        cancel: CancellationToken,
        done: JoinHandle<()>,
    }

    async fn served(limits: Limits) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", post(async |body: String| body));
        let cancel = CancellationToken::new();
        let done = TaskTracker::new().spawn(serve(listener, router, limits, cancel.clone()));
        Served { address, cancel, done }
    }

    impl Served {
        async fn says(&self, text: &str) -> TcpStream {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            stream
        }

        /// Asks, and is answered: whoever came before has been accepted then.
        async fn is_there(&self) {
            let asked = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";
            let answer = heard(self.says(asked).await).await;
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hi"), "{answer}");
        }
    }

    async fn heard(mut stream: TcpStream) -> String {
        let mut answer = Vec::new();
        // A connection that was cut may say so by a reset.
        let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an end in time");
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn who_never_ends_a_head_is_not_waited_for() {
        let limits = Limits { head: Duration::from_millis(50), body: NEVER, drain: NEVER };
        let served = served(limits).await;
        for text in ["", "POST / HT", "POST / HTTP/1.1\r\nhost: x\r\nx-slack-"] {
            let answer = heard(served.says(text).await).await;
            assert!(!answer.contains("200"), "{answer}");
        }
        served.cancel.cancel();
        timeout(SOON, served.done).await.expect("an end in time").unwrap();
    }

    #[tokio::test]
    async fn half_a_request_does_not_keep_the_app_from_stopping() {
        let limits = Limits { head: NEVER, body: NEVER, drain: Duration::from_millis(50) };
        let served = served(limits).await;
        let body = served.says("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf").await;
        let head = served.says("POST / HTTP/1.1\r\nhost").await;
        served.is_there().await;
        served.cancel.cancel();
        timeout(SOON, served.done).await.expect("an end in time").unwrap();
        for stream in [body, head] {
            assert_eq!(heard(stream).await, "");
        }
    }

    #[tokio::test]
    async fn what_was_begun_is_answered_when_the_app_stops() {
        let limits = Limits { head: NEVER, body: NEVER, drain: NEVER };
        let served = served(limits).await;
        let mut begun = served.says("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nwh").await;
        let idle = served.says("").await;
        served.is_there().await;
        served.cancel.cancel();
        assert_eq!(heard(idle).await, "", "who asks nothing is not waited for");
        begun.write_all(b"ole").await.unwrap();
        assert!(heard(begun).await.ends_with("whole"));
        timeout(SOON, served.done).await.expect("an end in time").unwrap();
    }
}
