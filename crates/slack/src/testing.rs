//! A stand-in for Slack's servers, for this crate's own tests: it answers what a test tells it to, on a real socket.
//!
//! The workspace, which does it properly, depends on this crate and so cannot be used here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::client::{ApiBase, Client, RetryPolicy};

/// One call that was received.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The next answer: a status, headers and a body.
pub(crate) type Answer = (StatusCode, Vec<(&'static str, String)>, String);

#[derive(Debug, Default)]
struct Script {
    calls: Vec<Call>,
    answers: VecDeque<Answer>,
}

#[derive(Clone)]
struct Shared {
    script: Arc<Mutex<Script>>,
    base: String,
    sockets: mpsc::UnboundedSender<WebSocket>,
}

pub(crate) struct Server {
    script: Arc<Mutex<Script>>,
    pub(crate) origin: String,
    sockets: mpsc::UnboundedReceiver<WebSocket>,
    _stop: DropGuard,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (sockets, received) = mpsc::unbounded_channel();
        let script = Arc::<Mutex<Script>>::default();
        let state = Shared { script: Arc::clone(&script), base: origin.clone(), sockets };
        let router = Router::new().route("/link", get(link)).route("/{*path}", post(answer)).with_state(state);
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        TaskTracker::new().spawn(async move {
            tokio::select! { result = async { axum::serve(listener, router).await } => result.unwrap(), () = stopped => {} }
        });
        Self { script, origin, sockets: received, _stop: stop.drop_guard() }
    }

    pub(crate) fn base(&self) -> ApiBase {
        format!("{}/api/", self.origin).parse().unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        let retry = RetryPolicy { first_pause: Duration::from_millis(1), ..RetryPolicy::default() };
        Client::builder(self.base()).retry(retry).build().unwrap()
    }

    pub(crate) fn next(&self, answer: Answer) {
        self.script.lock().unwrap().answers.push_back(answer);
    }

    pub(crate) fn next_json(&self, body: &Value) {
        self.next((StatusCode::OK, Vec::new(), body.to_string()));
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.script.lock().unwrap().calls.clone()
    }

    /// The next connection to Socket Mode, before its hello.
    pub(crate) async fn connection(&mut self) -> Wire {
        let socket = tokio::time::timeout(Duration::from_secs(10), self.sockets.recv()).await;
        Wire(socket.expect("a connection").unwrap())
    }

    /// The next connection, after its hello.
    pub(crate) async fn greeted(&mut self, num_connections: usize) -> Wire {
        let mut wire = self.connection().await;
        wire.send(&json!({"type": "hello", "num_connections": num_connections, "connection_info": {"app_id": "A1"}}))
            .await;
        wire
    }
}

/// The server's end of one connection.
pub(crate) struct Wire(WebSocket);

impl Wire {
    pub(crate) async fn send(&mut self, frame: &Value) {
        self.raw(Message::Text(frame.to_string().into())).await;
    }

    pub(crate) async fn raw(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// The next text frame as JSON; `None` when the connection ended.
    pub(crate) async fn text(&mut self) -> Option<Value> {
        loop {
            match self.message().await? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    pub(crate) async fn message(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(Duration::from_secs(10), self.0.recv()).await.expect("a frame in time");
        next.and_then(Result::ok)
    }
}

async fn link(State(shared): State<Shared>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| {
        let _ = shared.sockets.send(socket);
    })
}

async fn answer(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let path = uri.path().to_owned();
    let connect = path.ends_with("/apps.connections.open");
    let next = {
        let mut script = shared.script.lock().unwrap();
        script.calls.push(Call { path, headers, body });
        script.answers.pop_front()
    };
    match next {
        Some((status, headers, body)) => {
            let mut response = (status, body).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        None if connect => {
            let url = format!("{}/link?ticket=t", shared.base.replace("http://", "ws://"));
            json!({"ok": true, "url": url}).to_string().into_response()
        }
        None => json!({"ok": true}).to_string().into_response(),
    }
}
