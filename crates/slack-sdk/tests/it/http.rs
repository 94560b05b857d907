//! The HTTP receiver: signatures, handshakes, retries, sizes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use countersign_slack::client::Reply;
use countersign_slack::ids::EnvelopeId;
use countersign_slack::signature::{SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER};
use countersign_slack_sdk::{
    App, Command, Context, Http, Inbox, InboxError, Inserted, ServeError, StoredEnvelope, Transport,
};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// An app behind HTTP, and Slack in front of it.
struct Door {
    url: String,
    key: SigningKey,
    client: Client,
    serving: JoinHandle<Result<(), ServeError>>,
    stop: DropGuard,
}

fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the receiver's clock is the system's")]
    let now = SystemTime::now();
    now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

impl Door {
    async fn open(app: App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/slack/events", listener.local_addr().unwrap());
        let key = SigningKey::new(&"secret".to_owned().into());
        let cancel = CancellationToken::new();
        let http = Http::new(listener, key.clone());
        let serving = TaskTracker::new().spawn(app.serve(http, cancel.clone()));
        let client = Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build().unwrap();
        Self { url, key, client, serving, stop: cancel.drop_guard() }
    }

    async fn send(&self, kind: &str, body: &[u8], at: u64, signature: &str, more: &[(&str, &str)]) -> Response {
        let mut request = self.client.post(&self.url).header("content-type", kind).body(body.to_vec());
        request = request.header(TIMESTAMP_HEADER, at.to_string()).header(SIGNATURE_HEADER, signature);
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn signed(&self, kind: &str, body: &str, more: &[(&str, &str)]) -> Response {
        let at = now();
        self.send(kind, body.as_bytes(), at, &self.key.sign(at, body.as_bytes()), more).await
    }

    async fn json(&self, body: &Value, more: &[(&str, &str)]) -> Response {
        self.signed("application/json", &body.to_string(), more).await
    }

    async fn form(&self, body: &str) -> Response {
        self.signed("application/x-www-form-urlencoded", body, &[]).await
    }
}

fn event(id: &str) -> Value {
    json!({"type": "event_callback", "event_id": id, "event": {"type": "app_mention", "user": "U1", "channel": "C1"}})
}

fn counting() -> (App, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    let app = App::new().event("app_mention", move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async {}
    });
    (app, count)
}

#[tokio::test]
async fn what_is_not_signed_by_slack_is_refused() {
    let (app, count) = counting();
    let door = Door::open(app).await;
    let body = event("Ev1").to_string().into_bytes();
    let (at, kind) = (now(), "application/json");
    let good = door.key.sign(at, &body);
    let forged = SigningKey::new(&"other".to_owned().into()).sign(at, &body);
    let old = door.key.sign(at - 301, &body);
    for (at, signature, body) in [
        (at, forged.as_str(), body.as_slice()),
        (at - 301, &old, &body),
        (at + 1, &good, &body),
        (at, &good, b"{}"),
        (at, "v0=", &body),
        (at, "", &body),
    ] {
        assert_eq!(door.send(kind, body, at, signature, &[]).await.status(), 401);
    }
    let unsigned = door.client.post(&door.url).header("content-type", kind).body(body.clone()).send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
    assert_eq!(count.load(Ordering::SeqCst), 0);
    assert_eq!(door.send(kind, &body, at, &good, &[]).await.status(), 200);
}

#[tokio::test]
async fn handshakes_are_answered() {
    let door = Door::open(App::new()).await;
    let answer = door.json(&json!({"type": "url_verification", "challenge": "abc"}), &[]).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "abc"));
    let check = door.client.post(&door.url).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(check.body("ssl_check=1&token=x").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_cannot_be_read_or_is_huge_is_refused_and_harms_nobody() {
    let door = Door::open(App::new()).await;
    for body in ["", "null", "[]", "{", "\u{0}", "7"] {
        assert_eq!(door.signed("application/json", body, &[]).await.status(), 400, "{body:?}");
    }
    for body in ["", "payload=", "payload=%7B", "x=y", "%"] {
        assert_eq!(door.form(body).await.status(), 400, "{body:?}");
    }
    let huge = "x".repeat(3 * 1024 * 1024);
    assert_eq!(door.signed("application/json", &huge, &[]).await.status(), 413);
    assert_eq!(door.json(&json!({"type": "app_rate_limited"}), &[]).await.status(), 200);
}

#[tokio::test]
async fn an_event_that_comes_again_is_handled_once() {
    let (app, count) = counting();
    let door = Door::open(app).await;
    for number in ["1", "2", "3"] {
        let retry = [("x-slack-retry-num", number), ("x-slack-retry-reason", "http_timeout")];
        assert_eq!(door.json(&event("Ev1"), &retry).await.status(), 200);
    }
    assert_eq!(door.json(&event("Ev2"), &[]).await.status(), 200);
    let Door { serving, stop, .. } = door;
    drop(stop);
    serving.await.unwrap().unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_retry_says_so() {
    let app = App::new().event("app_mention", async |context: Context| {
        assert_eq!(context.transport(), Transport::Http);
        let retry = context.retry().unwrap();
        assert_eq!((retry.number, retry.reason.as_deref()), (2, Some("http_error")));
    });
    let failed = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&failed);
    let app = app.on_error(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {}
    });
    let door = Door::open(app).await;
    door.json(&event("Ev1"), &[("x-slack-retry-num", "2"), ("x-slack-retry-reason", "http_error")]).await;
    let Door { serving, stop, .. } = door;
    drop(stop);
    serving.await.unwrap().unwrap();
    assert_eq!(failed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_commands_answer_is_the_response() {
    let app = App::new().command("/echo", async |command: Command| Reply::ephemeral(command.text.clone()));
    let door = Door::open(app).await;
    let answer = door.form("command=%2Fecho&text=a%26b&user_id=U1&channel_id=C1&is_enterprise_install=false").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap()["text"], "a&b");
}

#[tokio::test]
async fn a_command_that_never_ends_is_answered_all_the_same() {
    let app = App::new().command("/slow", async || {
        std::future::pending::<()>().await;
        Reply::ephemeral("never")
    });
    let door = Door::open(app).await;
    let answer = door.form("command=%2Fslow&user_id=U1&channel_id=C1").await;
    assert!(answer.json::<Value>().await.unwrap()["text"].as_str().unwrap().contains("still being worked on"));
}

/// An inbox that fails once.
struct FailsOnce(AtomicU32);

#[async_trait]
impl Inbox for FailsOnce {
    async fn insert(&self, _: &StoredEnvelope<'_>) -> Result<Inserted, InboxError> {
        if self.0.fetch_add(1, Ordering::SeqCst) == 0 { Err(InboxError::new("full")) } else { Ok(Inserted::New) }
    }

    async fn handled(&self, _: &EnvelopeId) -> Result<(), InboxError> {
        Ok(())
    }

    async fn unhandled(&self, _: usize) -> Result<Vec<StoredEnvelope<'static>>, InboxError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_asked_for_again() {
    let (app, count) = counting();
    let door = Door::open(app.inbox(Arc::new(FailsOnce(AtomicU32::new(0))))).await;
    assert_eq!(door.json(&event("Ev1"), &[]).await.status(), 503);
    assert_eq!(door.json(&event("Ev1"), &[("x-slack-retry-num", "1")]).await.status(), 200);
    let Door { serving, stop, .. } = door;
    drop(stop);
    serving.await.unwrap().unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1);
}
