//! Events that wait: for a connection, for an app that is slower than they are, and in the order they happened in.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{App, Socket, channel, http, start, user};
use crate::control::Control;
use crate::inbox::{Inbox, Reply};

#[tokio::test]
async fn an_app_that_was_long_away_gets_what_is_new() {
    let running = start().await;
    let app = App::hearing(&running, &["message.channels"]).await;
    let general = channel(&running, "general");
    app.ok("conversations.join", json!({"channel": general})).await;
    let alice = user(&running, "alice");
    for _ in 0..10_050 {
        running.post_message(&alice, &general, "old").unwrap();
    }
    running.advance_clock(Duration::from_secs(400)).unwrap();
    running.post_message(&alice, &general, "new").unwrap();
    let mut socket = app.connect().await;
    assert_eq!(socket.event("message").await["text"], "new");
    let lost = running
        .journal()
        .into_iter()
        .any(|entry| entry.value["fault"].as_str().is_some_and(|of| of.starts_with("events lost")));
    assert!(lost, "what was thrown away is written down");
}

#[tokio::test]
async fn everything_that_waited_comes_once_and_in_order() {
    const COUNT: usize = 6_000;
    let running = start().await;
    let app = App::hearing(&running, &["message.channels"]).await;
    let general = channel(&running, "general");
    app.ok("conversations.join", json!({"channel": general})).await;
    let alice = user(&running, "alice");
    for number in 0..COUNT {
        running.post_message(&alice, &general, &number.to_string()).unwrap();
    }
    let mut socket = app.connect().await;
    let mut came = Vec::with_capacity(COUNT);
    while came.len() < COUNT {
        let envelope = socket.envelope("events_api").await;
        socket.ack(&envelope, Value::Null).await;
        if let Ok(number) = envelope["payload"]["event"]["text"].as_str().unwrap().parse::<usize>() {
            came.push(number);
        }
    }
    assert!(came.iter().copied().eq(0..COUNT), "in order, each once");
}

#[tokio::test]
async fn a_connection_whose_life_ends_gets_nothing_once_there_is_another() {
    let running = start().await;
    let app = App::new(&running);
    let mut old = Socket::open(&format!("{}&debug_reconnects=true", app.socket_url().await)).await;
    assert_eq!(old.next().await["type"], "hello");
    running.advance_clock(Duration::from_secs(350)).unwrap();
    assert_eq!(old.next().await["reason"], "warning");
    let mut new = app.connect().await;
    let (alice, general) = (user(&running, "alice"), channel(&running, "general"));
    for number in 0..6 {
        running.post_message(&alice, &general, &number.to_string()).unwrap();
    }
    for number in 0..6 {
        assert_eq!(new.event("message").await["text"], number.to_string());
    }
}

#[tokio::test]
async fn events_over_http_come_in_order() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let wanted = json!({"name": "Over HTTP", "request_url": inbox.url(), "events": ["message.channels"]});
    let app = App::made(&running, wanted).await;
    let (alice, general) = (user(&running, "alice"), channel(&running, "general"));
    app.ok("conversations.join", json!({"channel": general})).await;
    for number in 0..60 {
        running.post_message(&alice, &general, &number.to_string()).unwrap();
    }
    let mut came = Vec::new();
    while came.len() < 60 {
        let text = inbox.delivery().await.json()["event"]["text"].as_str().unwrap().to_owned();
        came.extend(text.parse::<u32>());
    }
    assert!(came.iter().copied().eq(0..60), "{came:?}");
}

#[tokio::test]
async fn an_app_that_refuses_nearly_everything_is_switched_off_and_on_again() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let control = Control::new(&running);
    let wanted = json!({"name": "Refuser", "request_url": inbox.url(), "events": ["message.channels"]});
    let made = control.post("apps", wanted).await["app"].clone();
    let bot = App::new(&running).with_token(&made["bot_token"].as_str().unwrap().to_owned().into());
    let (alice, general) = (user(&running, "alice"), channel(&running, "general"));
    bot.ok("conversations.join", json!({"channel": general})).await;
    inbox.delivery().await;
    for _ in 0..1_000 {
        inbox.reply(Reply::Now(500, Some(("x-slack-no-retry", "1".to_owned())), String::new()));
    }
    let id = made["app_id"].as_str().unwrap().to_owned().into();
    for _ in 0..1_000 {
        running.post_message(&alice, &general, "x").unwrap();
    }
    for _ in 0..1_000 {
        inbox.delivery().await;
    }
    let off = running.wait(|running| running.workspace().is_switched_off(&id).then_some(()), crate::client::SOON).await;
    assert!(off.is_some());
    running.post_message(&alice, &general, "nobody hears it").unwrap();
    let cli = bot.with_token(&running.ready().cli_token);
    let manifest = cli.ok("apps.manifest.export", json!({"app_id": made["app_id"]})).await["manifest"].clone();
    cli.ok("apps.manifest.update", json!({"app_id": made["app_id"], "manifest": manifest})).await;
    assert!(!running.workspace().is_switched_off(&id));
    running.post_message(&alice, &general, "heard").unwrap();
    assert_eq!(inbox.delivery().await.json()["event"]["text"], "heard");
    let faults: Vec<String> =
        running.journal().iter().filter_map(|entry| entry.value["fault"].as_str().map(str::to_owned)).collect();
    assert!(faults.iter().any(|fault| fault.starts_with("events switched off")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault == "events switched on"), "{faults:?}");
}

#[tokio::test]
async fn an_app_over_http_is_told_that_it_hears_too_much() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let wanted = json!({"name": "Over HTTP", "request_url": inbox.url(), "events": ["message.channels"]});
    let app = App::made(&running, wanted).await;
    let (alice, general) = (user(&running, "alice"), channel(&running, "general"));
    app.ok("conversations.join", json!({"channel": general})).await;
    inbox.delivery().await;
    running.fault(&json!({"events_per_hour": 1})).unwrap();
    for text in ["one", "two", "three"] {
        running.post_message(&alice, &general, text).unwrap();
    }
    assert_eq!(inbox.delivery().await.json()["event"]["text"], "one");
    let told = inbox.delivery().await.json();
    assert_eq!(told["type"], "app_rate_limited");
    assert_eq!(told["team_id"], running.ready().team_id.as_str());
    assert_eq!(told["minute_rate_limited"].as_u64().unwrap() % 60, 0);
    assert!(inbox.is_empty());
}

#[tokio::test]
async fn an_app_whose_modal_is_covered_hears_that_it_was_closed() {
    let running = start().await;
    let (one, two) = (App::new(&running), App::hearing(&running, &[]).await);
    let (mut first, mut second) = (one.connect().await, two.connect().await);
    let general = channel(&running, "general");
    two.ok("conversations.join", json!({"channel": general})).await;
    let bob = running.person("bob").unwrap();
    for (app, socket) in [(&one, &mut first), (&two, &mut second)] {
        let ts = app.post_button(&general).await;
        let seen = countersign_slack_workspace::Seen { channel: general.clone(), ts, message: Value::Null };
        let opening = async {
            let envelope = socket.envelope("interactive").await;
            socket.ack(&envelope, Value::Null).await;
            let view = json!({
                "type": "modal", "notify_on_close": true, "title": {"type": "plain_text", "text": "t"}, "blocks": [],
            });
            app.ok("views.open", json!({"trigger_id": envelope["payload"]["trigger_id"], "view": view})).await;
        };
        let (answer, ()) = tokio::join!(bob.click(&seen, "approve"), opening);
        assert!(answer.unwrap().acked);
    }
    let closed = first.envelope("interactive").await["payload"].clone();
    assert_eq!((&closed["type"], &closed["is_cleared"]), (&json!("view_closed"), &json!(true)));
}

#[tokio::test]
async fn switching_socket_mode_off_ends_the_connections() {
    let running = start().await;
    let control = Control::new(&running);
    let manifest = json!({
        "display_information": {"name": "Plug"}, "settings": {"socket_mode_enabled": true},
        "oauth_config": {"scopes": {"bot": ["chat:write"]}},
    });
    let made = control.post("apps", json!({"manifest": manifest})).await["app"].clone();
    let token = |name: &str| made[name].as_str().unwrap().to_owned().into();
    let app = App { running: &running, http: http(), token: token("bot_token"), connect_token: token("app_token") };
    let mut socket = app.connect().await;
    let mut off = manifest.clone();
    off["settings"]["socket_mode_enabled"] = false.into();
    let cli = app.with_token(&running.ready().cli_token);
    cli.ok("apps.manifest.update", json!({"app_id": made["app_id"], "manifest": off})).await;
    assert_eq!(socket.next().await["reason"], "link_disabled");
}

#[tokio::test]
async fn a_trigger_runs_for_those_whom_it_permits() {
    let running = start().await;
    let control = Control::new(&running);
    let manifest = json!({
        "display_information": {"name": "Flow"}, "oauth_config": {"scopes": {"bot": ["chat:write"]}},
        "workflows": {"w": {"title": "W", "steps": []}},
    });
    let made = control.post("apps", json!({"manifest": manifest})).await["app"].clone();
    let cli = App::new(&running).with_token(&running.ready().cli_token);
    let wanted =
        json!({"type": "shortcut", "name": "Go", "workflow": "#/workflows/w", "workflow_app_id": made["app_id"]});
    let id = cli.ok("workflows.triggers.create", wanted).await["trigger"]["id"].clone();
    let (alice, bob) = (user(&running, "alice"), user(&running, "bob"));
    let permit = json!({"trigger_id": id, "permission_type": "named_entities", "user_ids": [bob]});
    cli.ok("workflows.triggers.permissions.set", permit).await;
    control.post("trigger", json!({"user": bob, "trigger_id": id})).await;
    let url = format!("{}trigger", running.ready().control_url);
    let secret = secrecy::ExposeSecret::expose_secret(&running.ready().control_token);
    let refused =
        http().post(url).bearer_auth(secret).json(&json!({"user": alice, "trigger_id": id})).send().await.unwrap();
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "access_denied");
}
