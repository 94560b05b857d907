//! Response URLs: five uses in half an hour.

use std::time::Duration;

use countersign_slack_workspace::Running;
use serde_json::{Value, json};

use crate::client::{App, Socket, channel, start, user};

async fn url(running: &Running, app: &App<'_>, socket: &mut Socket) -> String {
    let approvals = channel(running, "approvals");
    let ts = app.post_button(&approvals).await;
    let bob = user(running, "bob");
    let (_, envelope) = tokio::join!(running.click(&bob, &approvals, ts, "approve"), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    envelope["payload"]["response_url"].as_str().unwrap().to_owned()
}

async fn send(app: &App<'_>, url: &str, body: Value) -> (u16, String) {
    let answer = app.http.post(url).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn it_works_five_times() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let url = url(&running, &app, &mut socket).await;
    for _ in 0..5 {
        assert_eq!(send(&app, &url, json!({"text": "x"})).await, (200, "ok".to_owned()));
    }
    let (status, body) = send(&app, &url, json!({"text": "x"})).await;
    assert_eq!(status, 404);
    assert!(body.contains("used_url"));
    let approvals = channel(&running, "approvals");
    assert_eq!(running.ephemerals(&approvals, &user(&running, "bob")).len(), 5);
}

#[tokio::test]
async fn it_works_for_half_an_hour() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let url = url(&running, &app, &mut socket).await;
    running.advance_clock(Duration::from_mins(29)).unwrap();
    assert_eq!(send(&app, &url, json!({"text": "x"})).await.0, 200);
    running.advance_clock(Duration::from_mins(1)).unwrap();
    assert!(send(&app, &url, json!({"text": "x"})).await.1.contains("expired_url"));
}

#[tokio::test]
async fn the_original_is_replaced_or_removed() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let approvals = channel(&running, "approvals");
    let first = url(&running, &app, &mut socket).await;
    send(&app, &first, json!({"replace_original": true, "text": "approved"})).await;
    let message = running.messages(&approvals).pop().unwrap();
    assert_eq!(message["text"], "approved");
    assert!(message.get("blocks").is_none());
    send(&app, &first, json!({"delete_original": true})).await;
    assert!(running.messages(&approvals).is_empty());
}

#[tokio::test]
async fn what_cannot_be_shown_is_refused_and_uses_nothing_up() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let url = url(&running, &app, &mut socket).await;
    for body in
        [json!({}), json!([1]), json!({"text": "x", "response_type": "loud"}), json!({"blocks": [{"type": "moon"}]})]
    {
        assert_eq!(send(&app, &url, body.clone()).await.0, 400, "{body}");
    }
    for _ in 0..5 {
        assert_eq!(send(&app, &url, json!({"text": "x"})).await.0, 200);
    }
    let forged = format!("{}actions/T0/1/forged", running.ready().ui_url);
    assert_eq!(send(&app, &forged, json!({"text": "x"})).await.0, 404);
}
