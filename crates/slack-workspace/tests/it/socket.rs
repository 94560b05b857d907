//! Socket Mode, to the letter.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{App, SOON, Socket, channel, start, user};
use crate::control::Control;

#[tokio::test]
async fn hello_counts_the_connections() {
    let running = start().await;
    let app = App::new(&running);
    let mut sockets = Vec::new();
    for number in 1..=3 {
        let url = app.socket_url().await;
        assert!(url.starts_with("ws://127.0.0.1:") && url.contains("/link/?ticket="), "{url}");
        let mut socket = Socket::open(&url).await;
        let hello = socket.next().await;
        assert_eq!(hello["num_connections"], number);
        assert_eq!(hello["connection_info"]["app_id"], running.ready().app_id.as_str());
        assert_eq!(hello["debug_info"]["approximate_connection_time"], 18060);
        sockets.push(socket);
    }
}

#[tokio::test]
async fn a_ticket_works_once_and_not_for_long() {
    let running = start().await;
    let app = App::new(&running);
    let url = app.socket_url().await;
    let _socket = Socket::open(&url).await;
    assert!(connect_async(&url).await.is_err());
    let late = app.socket_url().await;
    running.advance_clock(Duration::from_mins(1)).unwrap();
    assert!(connect_async(&late).await.is_err());
    let base = running.ready().ui_url.replacen("http", "ws", 1);
    assert!(connect_async(format!("{base}link/?ticket=forged")).await.is_err());
    assert!(connect_async(format!("{base}link/")).await.is_err());
}

#[tokio::test]
async fn the_eleventh_connection_is_one_too_many() {
    let running = start().await;
    let app = App::new(&running);
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(app.connect().await);
    }
    let mut eleventh = Socket::open(&app.socket_url().await).await;
    let goodbye = eleventh.next().await;
    assert_eq!((&goodbye["type"], &goodbye["reason"]), (&json!("disconnect"), &json!("too_many_websockets")));
    assert_eq!(eleventh.read().await, None);
    assert_eq!(running.workspace().connections(&running.ready().app_id), 10);
}

#[tokio::test]
async fn each_envelope_goes_to_exactly_one_connection() {
    let running = start().await;
    let app = App::new(&running);
    let (mut one, mut other) = (app.connect().await, app.connect().await);
    let general = channel(&running, "general");
    for number in 0..10 {
        running.post_message(&user(&running, "bob"), &general, &number.to_string()).unwrap();
    }
    let mut texts = Vec::new();
    for _ in 0..5 {
        texts.push(one.next().await["payload"]["event"]["text"].as_str().unwrap().to_owned());
        texts.push(other.next().await["payload"]["event"]["text"].as_str().unwrap().to_owned());
    }
    texts.sort();
    assert_eq!(texts.concat(), "0123456789");
}

#[tokio::test]
async fn an_event_looks_as_slack_sends_it() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let bot = &running.ready().bot_user_id;
    running.post_message(&bob, &general, &format!("<@{bot}> why?")).unwrap();
    let (message, mention) = (socket.next().await, socket.next().await);
    assert_eq!(message["type"], "events_api");
    assert_eq!((&message["retry_attempt"], &message["retry_reason"]), (&json!(0), &json!("")));
    assert_eq!(message["accepts_response_payload"], false);
    let payload = &message["payload"];
    assert_eq!(payload["type"], "event_callback");
    assert_eq!(payload["authorizations"][0]["user_id"], bot.as_str());
    let event = &payload["event"];
    assert_eq!((&event["type"], &event["channel_type"]), (&json!("message"), &json!("channel")));
    assert_eq!(event["user"], bob.as_str());
    assert!(event["client_msg_id"].is_string() && event["blocks"][0]["type"] == "rich_text");
    assert_eq!(mention["payload"]["event"]["type"], "app_mention");
    assert_eq!(mention["payload"]["event"]["ts"], event["ts"]);
    assert_ne!(mention["payload"]["event_id"], payload["event_id"]);
}

#[tokio::test]
async fn changes_removals_and_own_posts_are_events_too() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let bob = user(&running, "bob");
    let posted = app.ok("chat.postMessage", json!({"channel": bob, "text": "one"})).await;
    let at = json!({"channel": posted["channel"], "ts": posted["ts"], "text": "two"});
    app.ok("chat.update", at.clone()).await;
    app.ok("chat.delete", at).await;
    let own = socket.next().await["payload"]["event"].clone();
    assert_eq!((&own["channel_type"], &own["user"]), (&json!("im"), &json!(running.ready().bot_user_id)));
    assert!(own["bot_id"].is_string());
    let changed = socket.next().await["payload"]["event"].clone();
    assert_eq!((&changed["subtype"], &changed["hidden"]), (&json!("message_changed"), &json!(true)));
    assert_eq!((&changed["message"]["text"], &changed["previous_message"]["text"]), (&json!("two"), &json!("one")));
    let deleted = socket.next().await["payload"]["event"].clone();
    assert_eq!((&deleted["subtype"], &deleted["deleted_ts"]), (&json!("message_deleted"), &posted["ts"]));
}

#[tokio::test]
async fn only_what_was_subscribed_to_where_the_bot_is_member_is_delivered() {
    let running = start().await;
    let app = App::new(&running);
    let control = Control::new(&running);
    let mut socket = app.connect().await;
    let bot = &running.ready().bot_user_id;
    control.post("channels", json!({"name": "elsewhere"})).await;
    let text = format!("<@{bot}> hello");
    control.post("message", json!({"user": "bob", "channel": "elsewhere", "text": text})).await;
    control.post("message", json!({"user": "bob", "channel": "general", "text": "here"})).await;
    assert_eq!(socket.next().await["payload"]["event"]["text"], "here");
}

#[tokio::test]
async fn an_event_is_redelivered_until_acknowledged() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    running.post_message(&user(&running, "bob"), &channel(&running, "general"), "again").unwrap();
    let first = socket.next().await;
    // Three seconds to acknowledge, then at once, after one minute, after five.
    for (attempt, wait) in (1..).zip([0, 60, 300]) {
        running.advance_clock(Duration::from_secs(3)).unwrap();
        running.advance_clock(Duration::from_secs(wait)).unwrap();
        let next = socket.next().await;
        assert_eq!(next["retry_attempt"], attempt);
        assert_eq!(next["retry_reason"], "timeout");
        assert_eq!(next["payload"]["event_id"], first["payload"]["event_id"]);
        if attempt == 3 {
            socket.ack(&next, Value::Null).await;
        }
    }
    let acked = running.wait_for_journal(|entry| entry.kind == "ack", SOON).await.unwrap();
    assert_eq!(acked.value["late"], false);
}

#[tokio::test]
async fn a_late_ack_is_noted_as_late() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    running.post_message(&user(&running, "bob"), &channel(&running, "general"), "slow").unwrap();
    let first = socket.next().await;
    running.advance_clock(Duration::from_secs(4)).unwrap();
    let second = socket.next().await;
    assert_eq!(second["retry_attempt"], 1);
    socket.ack(&first, Value::Null).await;
    let acked = running.wait_for_journal(|entry| entry.kind == "ack", SOON).await.unwrap();
    assert_eq!(acked.value["late"], true);
}

#[tokio::test]
async fn what_happens_while_nobody_listens_is_delivered_on_connecting() {
    let running = start().await;
    let app = App::new(&running);
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    running.post_message(&bob, &general, "too early").unwrap();
    running.advance_clock(Duration::from_mins(10)).unwrap();
    for text in ["one", "two", "three"] {
        running.post_message(&bob, &general, text).unwrap();
    }
    let mut socket = app.connect().await;
    for text in ["one", "two", "three"] {
        let envelope = socket.next().await;
        assert_eq!(envelope["payload"]["event"]["text"], text);
        assert_eq!(envelope["retry_attempt"], 0);
    }
}

#[tokio::test]
async fn an_unacknowledged_event_survives_its_connection() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    running.post_message(&user(&running, "bob"), &channel(&running, "general"), "hold on").unwrap();
    let first = socket.next().await;
    drop(socket);
    let gone = |entry: &countersign_slack_workspace::JournalEntry| {
        entry.kind == "connection" && entry.value["event"] == "lost"
    };
    running.wait_for_journal(gone, SOON).await.unwrap();
    let mut socket = app.connect().await;
    let second = socket.next().await;
    assert_eq!(second["payload"]["event_id"], first["payload"]["event_id"]);
    assert_eq!(second["retry_attempt"], 1);
}

#[tokio::test]
async fn lost_events_come_again_in_their_order() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let texts: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    for text in &texts {
        running.post_message(&user(&running, "bob"), &channel(&running, "general"), text).unwrap();
    }
    for text in &texts {
        assert_eq!(socket.next().await["payload"]["event"]["text"], text.as_str());
    }
    drop(socket);
    let gone = |entry: &countersign_slack_workspace::JournalEntry| {
        entry.kind == "connection" && entry.value["event"] == "lost"
    };
    running.wait_for_journal(gone, SOON).await.unwrap();
    let mut socket = app.connect().await;
    for text in &texts {
        let envelope = socket.next().await;
        assert_eq!((&envelope["payload"]["event"]["text"], &envelope["retry_attempt"]), (&json!(text), &json!(1)));
    }
}

#[tokio::test]
async fn acknowledgements_on_their_way_count_when_the_workspace_closes() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    running.post_message(&user(&running, "bob"), &channel(&running, "general"), "taken").unwrap();
    let envelope = socket.next().await;
    running.fault(&json!({"disconnect": "link_disabled"})).unwrap();
    assert_eq!(socket.next().await["reason"], "link_disabled");
    // The goodbye was sent before this is.
    socket.ack(&envelope, Value::Null).await;
    assert_eq!(socket.read().await, None);
    let closed = |entry: &countersign_slack_workspace::JournalEntry| {
        entry.kind == "connection" && entry.value["event"] == "closed by the workspace"
    };
    running.wait_for_journal(closed, SOON).await.unwrap();
    let acked = |entry: &countersign_slack_workspace::JournalEntry| entry.kind == "ack" && entry.value["late"] == false;
    assert!(running.journal().iter().any(acked));
    let mut socket = app.connect().await;
    running.post_message(&user(&running, "bob"), &channel(&running, "general"), "next").unwrap();
    assert_eq!(socket.next().await["payload"]["event"]["text"], "next", "the first is not sent again");
}

#[tokio::test]
async fn pings_are_answered_with_the_same_payload_and_sent() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    socket.stream.send(Message::Ping("abc:123".into())).await.unwrap();
    let (mut is_answered, mut is_pinged) = (false, false);
    while !(is_answered && is_pinged) {
        match tokio::time::timeout(SOON, socket.stream.next()).await.unwrap().unwrap().unwrap() {
            Message::Pong(payload) => is_answered = payload == "abc:123",
            Message::Ping(payload) => is_pinged = payload.starts_with(b"Ping from "),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_warned_connection_lives_ten_seconds_more() {
    let running = start().await;
    let app = App::new(&running);
    let mut old = app.connect().await;
    running.fault(&json!({"disconnect": "warning"})).unwrap();
    let warning = old.next().await;
    assert_eq!((&warning["type"], &warning["reason"]), (&json!("disconnect"), &json!("warning")));
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    running.post_message(&bob, &general, "old").unwrap();
    assert_eq!(old.envelope("events_api").await["payload"]["event"]["text"], "old");
    let mut new = app.connect().await;
    running.post_message(&bob, &general, "new").unwrap();
    assert_eq!(new.envelope("events_api").await["payload"]["event"]["text"], "new");
    running.advance_clock(Duration::from_secs(9)).unwrap();
    old.stream.send(Message::Ping("still there".into())).await.unwrap();
    loop {
        match tokio::time::timeout(SOON, old.stream.next()).await.unwrap().unwrap().unwrap() {
            Message::Pong(payload) => break assert_eq!(payload, "still there"),
            Message::Close(frame) => panic!("closed a second early: {frame:?}"),
            other => drop(other),
        }
    }
    running.advance_clock(Duration::from_secs(1)).unwrap();
    while let Some(envelope) = old.read().await {
        assert_eq!(envelope["type"], "events_api");
    }
}

#[tokio::test]
async fn each_way_to_end_a_connection_ends_it() {
    let running = start().await;
    let app = App::new(&running);
    for reason in ["link_disabled", "too_many_websockets"] {
        let mut socket = app.connect().await;
        running.fault(&json!({"disconnect": reason, "app_id": running.ready().app_id})).unwrap();
        assert_eq!(socket.next().await["reason"], reason);
        assert_eq!(socket.read().await, None);
    }
    let mut socket = app.connect().await;
    running.fault(&json!({"disconnect": "drop"})).unwrap();
    let end = loop {
        match tokio::time::timeout(SOON, socket.stream.next()).await.unwrap() {
            Some(Ok(Message::Ping(_))) => {}
            end => break end,
        }
    };
    assert!(!matches!(end, Some(Ok(Message::Close(_)))), "cut without a close frame: {end:?}");
    let mut socket = app.connect().await;
    running.fault(&json!({"disconnect": "refresh_requested"})).unwrap();
    assert_eq!(socket.next().await["reason"], "refresh_requested");
}

#[tokio::test]
async fn a_debug_connection_is_warned_after_minutes() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = Socket::open(&format!("{}&debug_reconnects=true", app.socket_url().await)).await;
    assert_eq!(socket.next().await["debug_info"]["approximate_connection_time"], 360);
    running.advance_clock(Duration::from_secs(350)).unwrap();
    assert_eq!(socket.next().await["reason"], "warning");
    running.advance_clock(Duration::from_secs(10)).unwrap();
    assert_eq!(socket.read().await, None);
}

#[tokio::test]
async fn malformed_frames_are_ignored() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    for text in ["", "null", "[]", "{}", "{\"envelope_id\":1}", "{\"envelope_id\":\"x\"}", "\u{0}", &"[".repeat(10_000)]
    {
        socket.send(text).await;
    }
    socket.stream.send(Message::binary(vec![0xff; 1000])).await.unwrap();
    running.post_message(&user(&running, "bob"), &channel(&running, "general"), "still here").unwrap();
    assert_eq!(socket.next().await["payload"]["event"]["text"], "still here");
}

#[tokio::test]
async fn many_clicks_at_once_are_all_answered() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (approvals, bob) = (channel(&running, "approvals"), user(&running, "bob"));
    let ts = app.post_button(&approvals).await;
    let clicks = futures_util::future::join_all((0..200).map(|_| running.click(&bob, &approvals, ts, "approve")));
    let (answers, ()) = tokio::join!(clicks, async {
        for _ in 0..200 {
            let envelope = socket.envelope("interactive").await;
            socket.ack(&envelope, Value::Null).await;
        }
    });
    assert!(answers.into_iter().all(|answer| answer.unwrap().acked));
}

#[tokio::test]
async fn another_apps_acknowledgement_counts_for_nothing() {
    let running = start().await;
    let app = App::new(&running);
    let made = Control::new(&running).post("apps", json!({"name": "Other", "events": []})).await;
    let mut other = app.with_token(&app.token);
    other.connect_token = made["app"]["app_token"].as_str().unwrap().into();
    let (mut socket, mut foreign) = (app.connect().await, other.connect().await);
    let (approvals, bob) = (channel(&running, "approvals"), user(&running, "bob"));
    let ts = app.post_button(&approvals).await;
    let (answer, ()) = tokio::join!(running.click(&bob, &approvals, ts, "approve"), async {
        let envelope = socket.envelope("interactive").await;
        foreign.ack(&envelope, Value::Null).await;
        running.wait_for_journal(|entry| entry.kind == "ack" && entry.value["late"] == true, SOON).await.unwrap();
        running.advance_clock(Duration::from_secs(3)).unwrap();
    });
    assert!(!answer.unwrap().acked);
}

#[tokio::test]
async fn stopping_ends_open_connections() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    running.workspace().stopping().cancel();
    while socket.read().await.is_some() {}
    running.stop().await;
}

#[tokio::test]
async fn a_private_channels_messages_come_as_group_messages() {
    let running = start().await;
    let app = App::new(&running);
    let control = Control::new(&running);
    let mut socket = app.connect().await;
    let members = json!(["bob", running.ready().bot_user_id]);
    control.post("channels", json!({"name": "secret", "private": true, "members": members})).await;
    control.post("message", json!({"user": "bob", "channel": "secret", "text": "psst"})).await;
    assert_eq!(socket.next().await["payload"]["event"]["channel_type"], "group");
    let outside = json!({"user": "carol", "channel": "secret", "text": "x"});
    let refused = control.request(reqwest::Method::POST, "message").json(&outside).send().await.unwrap();
    assert_eq!(refused.status(), 404);
}
