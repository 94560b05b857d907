//! Rate limits, when they are switched on.

use std::time::Duration;

use countersign_slack_workspace::{Config, Workspace};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::client::{App, channel, start};

#[tokio::test]
async fn the_second_message_within_a_second_is_one_too_many() {
    start().await.stop().await;
    let running = Workspace::start(Config { rate_limits: true, ..Config::default() }).await.unwrap();
    let app = App::new(&running);
    let message = json!({"channel": channel(&running, "general"), "text": "x"});
    app.ok("chat.postMessage", message.clone()).await;
    let request = app.http.post(app.url("chat.postMessage")).bearer_auth(app.token.expose_secret()).json(&message);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "ratelimited");
    app.ok("chat.postMessage", json!({"channel": channel(&running, "approvals"), "text": "x"})).await;
    running.advance_clock(Duration::from_secs(1)).unwrap();
    app.ok("chat.postMessage", message).await;
}

#[tokio::test]
async fn without_the_switch_nothing_is_limited() {
    let running = start().await;
    let app = App::new(&running);
    for _ in 0..30 {
        app.ok("chat.postMessage", json!({"channel": channel(&running, "general"), "text": "x"})).await;
    }
}

#[tokio::test]
async fn each_tier_has_its_limit_and_a_channel_is_one_by_any_name() {
    start().await.stop().await;
    let running = Workspace::start(Config { rate_limits: true, ..Config::default() }).await.unwrap();
    let app = App::new(&running);
    let general = channel(&running, "general");
    let only_you = json!({"channel": general, "user": running.ready().users["bob"], "text": "psst"});
    for _ in 0..20 {
        app.ok("chat.postEphemeral", only_you.clone()).await;
    }
    app.ok("chat.postMessage", json!({"channel": general, "text": "x"})).await;
    let by_name = json!({"channel": "#general", "text": "x"});
    assert_eq!(app.error("chat.postMessage", by_name).await, "ratelimited");
    let mut taken = 0;
    while app.call("conversations.list", json!({})).await["ok"] == true {
        taken += 1;
    }
    assert_eq!(taken, 20, "tier 2");
    running.advance_clock(Duration::from_mins(1)).unwrap();
    app.ok("conversations.list", json!({})).await;
}
