//! Making things go wrong.

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{App, SOON, channel, start, user};
use crate::control::Control;

#[tokio::test]
async fn a_rate_limit_is_a_429_with_retry_after() {
    let running = start().await;
    let app = App::new(&running);
    running.fault(&json!({"rate_limit": {"method": "chat.postMessage", "times": 1, "retry_after": 7}})).unwrap();
    let general = channel(&running, "general");
    let post = || {
        let request = app.http.post(app.url("chat.postMessage")).bearer_auth(app.token.expose_secret());
        request.form(&[("channel", general.as_str()), ("text", "x")]).send()
    };
    app.ok("auth.test", json!({})).await;
    let limited = post().await.unwrap();
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["retry-after"], "7");
    assert_eq!(limited.json::<Value>().await.unwrap(), json!({"ok": false, "error": "ratelimited"}));
    assert_eq!(post().await.unwrap().status(), 200);
    assert_eq!(running.messages(&general).len(), 1);
}

#[tokio::test]
async fn calls_fail_as_often_as_asked() {
    let running = start().await;
    let app = App::new(&running);
    let control = Control::new(&running);
    control.post("faults", json!({"fail": {"method": "chat.update", "times": 2, "error": "internal_error"}})).await;
    for _ in 0..2 {
        assert_eq!(app.error("chat.update", json!({})).await, "internal_error");
    }
    assert_eq!(app.error("chat.update", json!({})).await, "invalid_arguments");
    control.post("faults", json!({"fail": {"method": "*", "times": 9, "http": 503}})).await;
    let answer = app.http.post(app.url("auth.test")).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let cleared = control.request(Method::DELETE, "faults").send().await.unwrap();
    assert_eq!(cleared.status(), 200);
    app.ok("auth.test", json!({})).await;
}

#[tokio::test]
async fn latency_makes_calls_slower() {
    let running = start().await;
    let app = App::new(&running);
    running.fault(&json!({"latency": {"method": "auth.test", "ms": 150}})).unwrap();
    let begun = Instant::now();
    app.ok("auth.test", json!({})).await;
    assert!(begun.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn a_duplicated_envelope_comes_twice() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    running.fault(&json!({"envelopes": {"duplicate": 1}})).unwrap();
    let general = channel(&running, "general");
    running.post_message(&user(&running, "bob"), &general, "one").unwrap();
    running.post_message(&user(&running, "bob"), &general, "two").unwrap();
    let (first, second, third) = (socket.next().await, socket.next().await, socket.next().await);
    assert_eq!(first, second);
    assert_eq!(third["payload"]["event"]["text"], "two");
}

#[tokio::test]
async fn a_dropped_event_is_delivered_again_after_the_deadline() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    running.fault(&json!({"envelopes": {"drop": 1}})).unwrap();
    running.post_message(&user(&running, "bob"), &channel(&running, "general"), "lost").unwrap();
    running.advance_clock(Duration::from_secs(3)).unwrap();
    let envelope = socket.next().await;
    assert_eq!(envelope["payload"]["event"]["text"], "lost");
    assert_eq!(envelope["retry_attempt"], 1);
}

#[tokio::test]
async fn delayed_envelopes_wait_for_the_clock() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    running.fault(&json!({"envelopes": {"delay_ms": 600_000}})).unwrap();
    running.post_message(&user(&running, "bob"), &channel(&running, "general"), "late").unwrap();
    // What was sent before is before the answer to this.
    socket.stream.send(Message::Ping("anything?".into())).await.unwrap();
    loop {
        match tokio::time::timeout(SOON, socket.stream.next()).await.unwrap().unwrap().unwrap() {
            Message::Pong(_) => break,
            Message::Text(text) => panic!("came before its time: {text}"),
            other => drop(other),
        }
    }
    running.advance_clock(Duration::from_mins(10)).unwrap();
    assert_eq!(socket.next().await["payload"]["event"]["text"], "late");
}

#[tokio::test]
async fn reordered_envelopes_swap_places() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    running.fault(&json!({"envelopes": {"reorder": true}})).unwrap();
    let general = channel(&running, "general");
    for text in ["one", "two"] {
        running.post_message(&user(&running, "bob"), &general, text).unwrap();
    }
    assert_eq!(socket.next().await["payload"]["event"]["text"], "two");
    assert_eq!(socket.next().await["payload"]["event"]["text"], "one");
}
