//! An app's HTTP server: keeps what it is sent, answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_slack::signature::SigningKey;
use http::{HeaderMap, StatusCode, Uri};
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::client::SOON;

/// What came.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A status, one header, and a body.
    Now(u16, Option<(&'static str, String)>, String),
    /// Nothing, until the test ends.
    Never,
}

type Replies = Arc<Mutex<VecDeque<Reply>>>;

#[derive(Clone)]
struct Shared {
    sender: mpsc::UnboundedSender<Received>,
    replies: Replies,
}

pub(crate) struct Inbox {
    pub(crate) base: String,
    received: mpsc::UnboundedReceiver<Received>,
    replies: Replies,
    _stop: DropGuard,
}

impl Inbox {
    pub(crate) async fn open() -> Self {
        Self::serve(TcpListener::bind(("127.0.0.1", 0)).await.unwrap())
    }

    pub(crate) fn serve(listener: TcpListener) -> Self {
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (sender, received) = mpsc::unbounded_channel();
        let replies = Replies::default();
        let router = Router::new().fallback(take).with_state(Shared { sender, replies: Arc::clone(&replies) });
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        TaskTracker::new().spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router).into_future() => served.unwrap(),
                () = stopped.cancelled() => {}
            }
        });
        Self { base, received, replies, _stop: stop.drop_guard() }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/slack/events", self.base)
    }

    /// Answers what comes next, in order; then 200 and nothing.
    pub(crate) fn reply(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }

    pub(crate) async fn next(&mut self) -> Received {
        tokio::time::timeout(SOON, self.received.recv()).await.expect("nothing came").unwrap()
    }

    /// The next that is no handshake.
    pub(crate) async fn delivery(&mut self) -> Received {
        loop {
            let received = self.next().await;
            if !is_handshake(&received.body) {
                return received;
            }
        }
    }

    /// Whether nothing has come that was not taken yet.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The `payload` field of a form.
    pub(crate) fn payload(&self) -> Value {
        serde_json::from_str(&self.form("payload")).unwrap()
    }

    pub(crate) fn form(&self, name: &str) -> String {
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&self.body).unwrap();
        fields.into_iter().find(|(field, _)| field == name).unwrap().1
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Fails the test unless the app's secret signed exactly these bytes, just now.
    pub(crate) fn assert_signed(&self, secret: &str) {
        let key = SigningKey::new(&SecretString::from(secret));
        let timestamp = self.header("x-slack-request-timestamp").unwrap();
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let signature = self.header("x-slack-signature").unwrap();
        key.verify(timestamp, signature, &self.body, now).unwrap();
    }
}

fn is_handshake(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body["type"] == "url_verification")
}

async fn take(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let challenge = is_handshake(&body).then(|| {
        let body: Value = serde_json::from_slice(&body).unwrap();
        body["challenge"].as_str().unwrap().to_owned()
    });
    // The test may have ended.
    let _ = shared.sender.send(Received { path: uri.path().to_owned(), headers, body });
    if let Some(challenge) = challenge {
        return challenge.into_response();
    }
    let reply = shared.replies.lock().unwrap().pop_front();
    match reply {
        None => StatusCode::OK.into_response(),
        Some(Reply::Never) => std::future::pending().await,
        Some(Reply::Now(status, header, body)) => {
            let mut response = body.into_response();
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            if let Some((name, value)) = header {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
    }
}
