//! Response URLs: five uses in half an hour.

use std::time::Duration;

use countersign_slack_workspace::Running;
use countersign_slack_workspace::model::{ChannelId, Ts};
use countersign_slack_workspace::person::Shortcut;
use serde_json::{Value, json};

use crate::client::{App, Socket, channel, start, ts, user};

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

async fn of_shortcut(running: &Running, socket: &mut Socket, on: (&ChannelId, Ts)) -> String {
    let message = Some((on.0.clone(), on.1));
    let app = Some(running.ready().app_id.clone());
    let shortcut = Shortcut { user: user(running, "bob"), callback_id: "look".into(), app, message };
    let (_, envelope) = tokio::join!(running.workspace().shortcut(shortcut), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    envelope["payload"]["response_url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_app_replaces_and_removes_only_its_own_messages() {
    let running = start().await;
    let app = App::new(&running);
    let other = App::hearing(&running, &[]).await;
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    other.ok("conversations.join", json!({"channel": general})).await;
    let mine = running.post_message(&user(&running, "alice"), &general, "alice's").unwrap()["ts"].clone();
    let theirs = other.ok("chat.postMessage", json!({"channel": general, "text": "theirs"})).await["ts"].clone();
    for (at, text) in [(&mine, "alice's"), (&theirs, "theirs")] {
        let url = of_shortcut(&running, &mut socket, (&general, ts(at))).await;
        send(&app, &url, json!({"replace_original": true, "text": "forged"})).await;
        assert_eq!(send(&app, &url, json!({"delete_original": true})).await.0, 404);
        let shown = running.messages(&general);
        assert!(shown.iter().any(|message| message["ts"] == *at && message["text"] == text), "{shown:?}");
    }
    assert_eq!(running.ephemerals(&general, &bob).len(), 2, "what was to replace them is shown to bob");
    let own = app.ok("chat.postMessage", json!({"channel": general, "text": "own"})).await["ts"].clone();
    let url = of_shortcut(&running, &mut socket, (&general, ts(&own))).await;
    send(&app, &url, json!({"replace_original": true, "text": "changed"})).await;
    assert_eq!(running.messages(&general).last().unwrap()["text"], "changed");
    let only_bob = json!({"channel": general, "user": bob, "text": "psst"});
    let only_bob = app.ok("chat.postEphemeral", only_bob).await["message_ts"].clone();
    let url = of_shortcut(&running, &mut socket, (&general, ts(&only_bob))).await;
    send(&app, &url, json!({"delete_original": true})).await;
    assert_eq!(running.ephemerals(&general, &bob).len(), 2);
}
