//! Events: the handshake of an address, delivery, and redelivery on the workspace's clock.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::Outbox;
use super::post::{Attempt, Failure, JSON, Post};
use crate::Workspace;
use crate::journal::Field;
use crate::model::App;

/// When an event that was not taken is sent again, after each failure: nearly at once, after a minute, after five;
/// docs.slack.dev, "Events API".
const RETRY_MS: [u64; 3] = [0, 60_000, 300_000];
/// How long an event waits for the first try of the one before it.
const HEAD_START: Duration = Duration::from_millis(500);
/// How many events may wait.
const MAX_EVENTS: usize = 10_000;

impl Outbox {
    /// Delivers an event to an app's address; false when the app has none.
    pub(crate) fn publish(&self, app: &App, payload: &Value) -> bool {
        let Some(url) = &app.endpoints.events else { return false };
        if self.is_switched_off(&app.id) {
            return true;
        }
        if self.inner.events.fetch_add(1, Ordering::Relaxed) >= MAX_EVENTS {
            self.inner.events.fetch_sub(1, Ordering::Relaxed);
            self.inner.recorder.write("fault", &[("fault", Field::Text("event lost: too many wait"))]);
            return true;
        }
        let post = event_post(app, url, "events_api", payload.clone());
        let greeting = Greeting::of(app, url);
        let (outbox, epoch) = (self.clone(), self.epoch());
        let (before, tried) = self.line_up(&app.id);
        let installation = self.installation(&app.id);
        self.inner.tasks.spawn(async move {
            let in_turn = async {
                if let Some(before) = before {
                    // In order as long as the app answers at once; one that is slow is not slowed down further.
                    let _ = tokio::time::timeout(HEAD_START, before).await;
                }
                outbox.deliver(&post, installation, &greeting, tried).await;
            };
            tokio::select! {
                () = epoch.cancelled() => {}
                () = in_turn => {}
            }
            outbox.inner.events.fetch_sub(1, Ordering::Relaxed);
        });
        true
    }

    async fn deliver(&self, post: &Post, installation: u64, greeting: &Greeting, tried: oneshot::Sender<()>) {
        let mut attempt = Attempt::default();
        let mut tried = Some(tried);
        loop {
            if !self.is_greeted(&post.app, &post.url) {
                self.greet(greeting).await;
            }
            let outcome = self.attempt(post, attempt).await;
            drop(tried.take());
            self.note_attempt(&post.app, attempt.number == 0, outcome.is_ok());
            let Err(failure) = outcome else { return };
            if matches!(failure, Failure::Http { is_final: true, .. }) {
                return;
            }
            let Some(wait) = RETRY_MS.get(usize::try_from(attempt.number).unwrap_or(usize::MAX)) else { return };
            attempt = Attempt { number: attempt.number + 1, reason: Some(failure) };
            let clock = &self.inner.recorder.clock;
            clock.sleep_until(clock.now_ms().saturating_add(*wait)).await;
            if self.is_switched_off(&post.app) || self.installation(&post.app) != installation {
                return;
            }
        }
    }

    async fn attempt(&self, post: &Post, attempt: Attempt) -> Result<(), Failure> {
        // Never closed.
        let _slot = self.inner.slots.acquire().await.map_err(|_| Failure::Unknown)?;
        let client = self.client().ok_or(Failure::Unknown)?;
        post.send(client, &self.inner.recorder, attempt).await.map(drop)
    }

    /// Asks an address to say a challenge back; an address that answers is not asked again.
    async fn greet(&self, greeting: &Greeting) -> bool {
        let challenge = self.challenge();
        let Some(client) = self.client() else { return false };
        let post = greeting.post(&challenge);
        let answer = post.send(client, &self.inner.recorder, Attempt::default()).await;
        if !matches!(answer, Err(Failure::Connection | Failure::Timeout)) {
            self.set_greeted(&post.app, &post.url);
        }
        let is_right = answer.is_ok_and(|taken| says(&taken.body, &challenge));
        if !is_right {
            let what = "the request URL did not answer its handshake: events are sent all the same";
            let fields = [("app_id", Field::Text(post.app.as_str())), ("fault", Field::Text(what))];
            self.inner.recorder.write("fault", &fields);
        }
        is_right
    }
}

impl Workspace {
    /// Gives an app's event address its handshake, if it has one that was not asked yet.
    pub(crate) async fn verify_endpoints(&self, app: &App) {
        if let Some(url) = &app.endpoints.events
            && !self.outbox().is_greeted(&app.id, url)
        {
            self.outbox().greet(&Greeting::of(app, url)).await;
        }
    }
}

/// The handshake of an address.
struct Greeting {
    app: App,
    url: String,
}

impl Greeting {
    fn of(app: &App, url: &str) -> Self {
        Self { app: app.clone(), url: url.to_owned() }
    }

    fn post(&self, challenge: &str) -> Post {
        let token = self.app.secrets.verification_token.expose_secret();
        let payload = json!({"token": token, "challenge": challenge, "type": "url_verification"});
        event_post(&self.app, &self.url, "url_verification", payload)
    }
}

fn event_post(app: &App, url: &str, what: &'static str, payload: Value) -> Post {
    Post {
        what,
        app: app.id.clone(),
        url: url.to_owned(),
        secret: app.secrets.signing_secret.clone(),
        content_type: JSON,
        body: payload.to_string().into(),
        payload: Arc::new(payload),
    }
}

/// Whether an answer says the challenge: as text, as JSON or as a form.
fn says(body: &[u8], challenge: &str) -> bool {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let json = serde_json::from_str::<Value>(text).ok();
    let in_json = json.as_ref().and_then(|json| json.get("challenge")).and_then(Value::as_str);
    text == challenge || in_json == Some(challenge) || text.strip_prefix("challenge=") == Some(challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_can_be_said_back_in_three_ways() {
        for good in ["abc", "abc\n", r#"{"challenge":"abc"}"#, "challenge=abc"] {
            assert!(says(good.as_bytes(), "abc"), "{good}");
        }
        for bad in ["", "ab", r#"{"challenge":"x"}"#, "{", "challenge=", "[\"abc\"]"] {
            assert!(!says(bad.as_bytes(), "abc"), "{bad}");
        }
        assert!(!says(b"\xff", "abc"));
    }
}
