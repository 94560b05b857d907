//! Receiving over HTTP: signed requests, answered within three seconds.
//!
//! Events, interactions and commands may all come to one address. The signature is checked over the raw bytes, before
//! anything is read (docs.slack.dev, Verifying requests from Slack).

mod connections;

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use countersign_slack::payload::Head;
use countersign_slack::signature::{SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER};
use countersign_slack::socket_mode::{Before, EnvelopeKind, Keys, Seen};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::connections::Limits;
use crate::{App, Dispatcher, Receiver, Retry, ServeError, Transport};

/// Where Slack's requests come to, unless it is set otherwise.
const PATH: &str = "/slack/events";
/// The largest request that is read; views have 250 kB at most, and a form makes them three times that.
const MAX_BODY: usize = 2 * 1024 * 1024;
/// How long an acknowledgement may take; Slack waits three seconds.
const WITHIN: Duration = Duration::from_millis(2900);

/// Receives over HTTP, on a listener.
#[derive(Debug)]
pub struct Http {
    listener: TcpListener,
    key: SigningKey,
    path: String,
}

impl Http {
    /// Receives on a listener what is signed with the app's signing secret, at `/slack/events`.
    pub fn new(listener: TcpListener, key: SigningKey) -> Self {
        Self { listener, key, path: PATH.to_owned() }
    }

    /// Receives at another path.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }
}

impl Receiver for Http {
    async fn receive(self, app: Dispatcher, cancel: CancellationToken) -> Result<(), ServeError> {
        let limits = Limits::default();
        let router = router(Door { app, key: self.key, body_within: limits.body }, &self.path);
        connections::serve(self.listener, router, limits, cancel).await;
        Ok(())
    }
}

impl App {
    /// The app as a part of a web server: a router for `/slack/events`, to be merged or nested.
    ///
    /// What is left in the inbox is to be resumed, and the handlers waited for at the end, with the [`Dispatcher`].
    ///
    /// ```
    /// # use countersign_slack_sdk::App;
    /// # use countersign_slack::signature::SigningKey;
    /// # fn run(app: App, key: SigningKey) {
    /// let (slack, dispatcher) = app.into_router(key);
    /// let site: axum::Router = axum::Router::new().merge(slack);
    /// # }
    /// ```
    pub fn into_router(self, key: SigningKey) -> (Router, Dispatcher) {
        let dispatcher = self.start();
        let door = Door { app: dispatcher.clone(), key, body_within: Limits::default().body };
        (router(door, PATH), dispatcher)
    }
}

#[derive(Clone)]
struct Door {
    app: Dispatcher,
    key: SigningKey,
    /// How long a body may take: whoever sends half of one must not be waited for.
    body_within: Duration,
}

fn router(door: Door, path: &str) -> Router {
    Router::new().route(path, post(receive)).layer(DefaultBodyLimit::max(MAX_BODY)).with_state(door)
}

async fn receive(State(door): State<Door>, headers: HeaderMap, request: Request) -> Response {
    let body = match timeout(door.body_within, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(rejection)) => return rejection.into_response(),
        // Nothing is known of the rest of it, so the connection is of no more use.
        Err(_) => return (StatusCode::REQUEST_TIMEOUT, [(header::CONNECTION, "close")]).into_response(),
    };
    let is_form = text(&headers, header::CONTENT_TYPE.as_str()).starts_with("application/x-www-form-urlencoded");
    if is_form && body.starts_with(b"ssl_check=1") {
        // Slack looks whether the certificate is good; such requests are not signed.
        return StatusCode::OK.into_response();
    }
    let (timestamp, signature) = (text(&headers, TIMESTAMP_HEADER), text(&headers, SIGNATURE_HEADER));
    if let Err(error) = door.key.verify(timestamp, signature, &body, door.app.engine.now_s()) {
        tracing::warn!(%error, bytes = body.len(), "refused a request that is not signed by Slack");
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let read = if is_form { read_form(&body) } else { read_json(&body) };
    match read {
        Some(Received::Challenge(challenge)) => challenge.into_response(),
        Some(Received::Payload(kind, payload)) => take(&door.app, &headers, kind, &payload).await,
        Some(Received::Nothing) => StatusCode::OK.into_response(),
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// What a request is.
enum Received {
    /// Slack wants to know whether somebody is here.
    Challenge(String),
    Payload(EnvelopeKind, Box<RawValue>),
    Nothing,
}

fn read_json(body: &[u8]) -> Option<Received> {
    let payload: Box<RawValue> = serde_json::from_slice(body).ok()?;
    let head = Head::read(payload.get())?;
    match head.kind.get() {
        Some("url_verification") => {
            let challenge: Value = serde_json::from_str(payload.get()).ok()?;
            Some(Received::Challenge(challenge.get("challenge")?.as_str()?.to_owned()))
        }
        Some("event_callback") => Some(Received::Payload(EnvelopeKind::EventsApi, payload)),
        other => {
            tracing::warn!(slack.kind = other, "Slack sent something unknown; acknowledged and ignored");
            Some(Received::Nothing)
        }
    }
}

fn read_form(body: &[u8]) -> Option<Received> {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).ok()?;
    if let Some((_, payload)) = fields.iter().find(|(name, _)| name == "payload") {
        let payload = serde_json::from_str(payload).ok()?;
        return Some(Received::Payload(EnvelopeKind::Interactive, payload));
    }
    if fields.iter().any(|(name, value)| name == "ssl_check" && value == "1") {
        return Some(Received::Nothing);
    }
    let fields: Map<String, Value> = fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    fields.contains_key("command").then_some(())?;
    Some(Received::Payload(EnvelopeKind::SlashCommands, to_raw_value(&fields).ok()?))
}

async fn take(app: &Dispatcher, headers: &HeaderMap, kind: EnvelopeKind, payload: &RawValue) -> Response {
    let head = Head::read(payload.get());
    let event = head.as_ref().and_then(|head| head.event_id.get()).filter(|_| kind == EnvelopeKind::EventsApi);
    let id = match event {
        Some(event) => event.to_owned(),
        None => fresh_id(),
    };
    let keys = app.engine.seen.keys(&id, event);
    match app.engine.seen.begin(keys) {
        Before::Never => {}
        Before::Done => return StatusCode::OK.into_response(),
        // Whether the first attempt will be taken on is not known yet: Slack is to ask again.
        Before::Pending => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
    let mut attempt = Attempt { seen: &app.engine.seen, keys, is_done: false };
    let acknowledged = app.hand_over(&id, kind, payload, (retry(headers), Transport::Http));
    let Ok(Ok(answer)) = timeout(WITHIN, acknowledged).await else {
        tracing::warn!(slack.envelope = id, "request {id} was not acknowledged");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    attempt.is_done = true;
    answer.map_or_else(|| StatusCode::OK.into_response(), |answer| axum::Json(answer).into_response())
}

/// One attempt; whatever ends it, the next is as good as the first unless this one was acknowledged.
struct Attempt<'s> {
    seen: &'s Seen,
    keys: Keys,
    is_done: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_done {
            self.seen.done(self.keys);
        } else {
            self.seen.forget(self.keys);
        }
    }
}

fn retry(headers: &HeaderMap) -> Option<Retry> {
    let number = text(headers, "x-slack-retry-num").parse().ok().filter(|number| *number > 0)?;
    let reason = Some(text(headers, "x-slack-retry-reason")).filter(|reason| !reason.is_empty());
    Some(Retry { number, reason: reason.map(str::to_owned) })
}

/// Interactions and commands have no id of their own over HTTP.
fn fresh_id() -> String {
    let (high, low) = (getrandom::u64().unwrap_or_default(), getrandom::u64().unwrap_or_default());
    format!("http-{high:016x}{low:016x}")
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn half_a_body_is_not_waited_for() {
        let app: App = App::new();
        let key = SigningKey::new(&"secret".to_owned().into());
        let door = Door { app: app.start(), key, body_within: Duration::from_millis(20) };
        let half = futures_util::stream::iter([Ok::<_, std::convert::Infallible>("{\"type\"")]);
        let endless = futures_util::StreamExt::chain(half, futures_util::stream::pending());
        let request = Request::post(PATH).body(Body::from_stream(endless)).unwrap();
        let answer = timeout(Duration::from_secs(30), router(door, PATH).oneshot(request)).await;
        let answer = answer.expect("an answer in time").unwrap();
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(answer.headers()[header::CONNECTION], "close");
    }
}
