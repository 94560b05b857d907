//! Clicks, menus, commands and shortcuts.

use std::time::Duration;

use countersign_slack_workspace::model::UserId;
use countersign_slack_workspace::person::{Click, Invocation, OptionsQuery, Shortcut, Surface};
use serde_json::{Value, json};

use crate::client::{App, SOON, channel, start, ts, user};
use crate::control::Control;

#[tokio::test]
async fn a_click_reaches_the_app_whole() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (approvals, bob) = (channel(&running, "approvals"), user(&running, "bob"));
    let ts = app.post_button(&approvals).await;
    let (answer, envelope) = tokio::join!(running.click(&bob, &approvals, ts, "approve"), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    let answer = answer.unwrap();
    assert!(answer.acked && answer.response.is_none());
    assert_eq!(envelope["accepts_response_payload"], false);
    assert!(envelope.get("retry_attempt").is_none());
    let payload = &envelope["payload"];
    assert_eq!(payload["type"], "block_actions");
    assert_eq!(payload["user"]["id"], bob.as_str());
    assert_eq!(payload["user"]["username"], "bob");
    assert_eq!(payload["api_app_id"], running.ready().app_id.as_str());
    assert_eq!(payload["channel"], json!({"id": approvals, "name": "approvals"}));
    assert_eq!(payload["container"]["message_ts"], ts.to_string());
    assert_eq!(payload["container"]["is_ephemeral"], false);
    assert_eq!(payload["message"]["blocks"][0]["block_id"], "what");
    let action = &payload["actions"][0];
    assert_eq!(
        (&action["type"], &action["value"], &action["block_id"]),
        (&json!("button"), &json!("r1"), &json!("row"))
    );
    assert!(payload["state"]["values"]["row"]["how"].is_object());
    assert!(payload["response_url"].as_str().unwrap().starts_with(&running.ready().ui_url));
    assert_eq!(payload["trigger_id"].as_str().unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn a_choice_is_in_the_state_of_the_next_click() {
    let running = start().await;
    let app = App::new(&running);
    let control = Control::new(&running);
    let mut socket = app.connect().await;
    let approvals = channel(&running, "approvals");
    let ts = app.post_button(&approvals).await;
    let choose = json!({"user": "bob", "channel": approvals, "ts": ts, "action_id": "how", "value": "always"});
    let click = json!({"user": "bob", "channel": approvals, "ts": ts, "action_id": "approve"});
    let act = async {
        let mut seen = Vec::new();
        for _ in 0..2 {
            let envelope = socket.envelope("interactive").await;
            socket.ack(&envelope, Value::Null).await;
            seen.push(envelope);
        }
        seen
    };
    let ((), seen) = tokio::join!(
        async {
            assert_eq!(control.post("select", choose).await["acked"], true);
            assert_eq!(control.post("click", click).await["acked"], true);
        },
        act
    );
    assert_eq!(seen[0]["payload"]["actions"][0]["selected_option"]["value"], "always");
    let how = &seen[1]["payload"]["state"]["values"]["row"]["how"];
    assert_eq!(how["selected_option"]["text"]["text"], "Always");
    let bad = json!({"user": "bob", "channel": approvals, "ts": ts, "action_id": "how", "value": "never"});
    let refused = control.request(reqwest::Method::POST, "select").json(&bad).send().await.unwrap();
    assert_eq!(refused.status(), 400);
}

#[tokio::test]
async fn without_a_connection_or_an_ack_the_person_sees_a_failure() {
    let running = start().await;
    let app = App::new(&running);
    let (approvals, bob) = (channel(&running, "approvals"), user(&running, "bob"));
    let ts = app.post_button(&approvals).await;
    assert!(!running.click(&bob, &approvals, ts, "approve").await.unwrap().acked);
    let mut socket = app.connect().await;
    let (answer, ()) = tokio::join!(running.click(&bob, &approvals, ts, "approve"), async {
        socket.envelope("interactive").await;
        running.advance_clock(Duration::from_secs(3)).unwrap();
    });
    let answer = answer.unwrap();
    assert!(!answer.acked);
    assert_eq!(answer.ack_ms, 3000);
}

#[tokio::test]
async fn who_cannot_see_cannot_click() {
    let running = start().await;
    let app = App::new(&running);
    let (bob, carol) = (user(&running, "bob"), user(&running, "carol"));
    app.ok("chat.postMessage", json!({"channel": bob, "text": "x"})).await;
    let im = running.im(&bob).unwrap();
    let ts = app.post_button(&im).await;
    assert_eq!(running.click(&carol, &im, ts, "approve").await.unwrap_err().code, "channel_not_found");
    let bot: UserId = running.ready().bot_user_id.clone();
    assert_eq!(running.click(&bot, &im, ts, "approve").await.unwrap_err().code, "user_is_bot");
    assert_eq!(running.click(&bob, &im, ts, "missing").await.unwrap_err().code, "element_not_found");
}

#[tokio::test]
async fn a_click_in_an_ephemeral_message_carries_no_message() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let button = json!([{"type": "actions", "elements": [
        {"type": "button", "action_id": "ok", "text": {"type": "plain_text", "text": "OK"}}]}]);
    let posted = app.ok("chat.postEphemeral", json!({"channel": general, "user": bob, "blocks": button})).await;
    let (answer, envelope) = tokio::join!(running.click(&bob, &general, ts(&posted["message_ts"]), "ok"), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    assert!(answer.unwrap().acked);
    assert!(envelope["payload"].get("message").is_none());
    assert_eq!(envelope["payload"]["container"]["is_ephemeral"], true);
    let url = envelope["payload"]["response_url"].as_str().unwrap();
    app.http.post(url).json(&json!({"replace_original": true, "text": "done"})).send().await.unwrap();
    assert_eq!(running.ephemerals(&general, &bob)[0]["text"], "done");
    app.http.post(url).json(&json!({"delete_original": true})).send().await.unwrap();
    assert!(running.ephemerals(&general, &bob).is_empty());
}

#[tokio::test]
async fn a_commands_ack_is_shown_to_the_person() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let typed = Invocation {
        user: bob.clone(),
        channel: general.clone(),
        command: "/countersign".into(),
        text: "help me".into(),
    };
    let (answer, envelope) = tokio::join!(running.workspace().command(typed), async {
        let envelope = socket.envelope("slash_commands").await;
        socket.ack(&envelope, json!({"text": "here you are"})).await;
        envelope
    });
    assert_eq!(answer.unwrap().response, Some(json!({"text": "here you are"})));
    assert_eq!(envelope["accepts_response_payload"], true);
    let payload = &envelope["payload"];
    assert_eq!((&payload["command"], &payload["text"]), (&json!("/countersign"), &json!("help me")));
    assert_eq!(payload["is_enterprise_install"], "false");
    assert_eq!(running.ephemerals(&general, &bob)[0]["text"], "here you are");
    let url = payload["response_url"].as_str().unwrap();
    let said = json!({"response_type": "in_channel", "text": "for all"});
    assert_eq!(app.http.post(url).json(&said).send().await.unwrap().text().await.unwrap(), "ok");
    assert_eq!(running.messages(&general)[0]["text"], "for all");
}

#[tokio::test]
async fn shortcuts_are_global_or_on_a_message() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let posted = running.post_message(&bob, &general, "hm").unwrap();
    for message in [None, Some((general.clone(), ts(&posted["ts"])))] {
        let kind = if message.is_some() { "message_action" } else { "shortcut" };
        let shortcut = Shortcut { user: bob.clone(), callback_id: "ask".into(), app: None, message };
        let (answer, envelope) = tokio::join!(running.workspace().shortcut(shortcut), async {
            let envelope = socket.envelope("interactive").await;
            socket.ack(&envelope, Value::Null).await;
            envelope
        });
        assert!(answer.unwrap().acked);
        assert_eq!(envelope["payload"]["type"], kind);
        assert_eq!(envelope["payload"]["callback_id"], "ask");
    }
}

#[tokio::test]
async fn an_apps_options_come_back() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let blocks =
        json!([{"type": "actions", "block_id": "b", "elements": [{"type": "external_select", "action_id": "e"}]}]);
    let posted = app.ok("chat.postMessage", json!({"channel": general, "text": "x", "blocks": blocks})).await;
    let surface = Surface::Message { channel: general.clone(), ts: ts(&posted["ts"]) };
    let query = OptionsQuery {
        user: bob.clone(),
        surface: surface.clone(),
        block_id: "b".into(),
        action_id: "e".into(),
        value: "ab".into(),
    };
    let options = json!({"options": [{"text": {"type": "plain_text", "text": "Abc"}, "value": "abc"}]});
    let (answer, envelope) = tokio::join!(running.workspace().options(query), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, options.clone()).await;
        envelope
    });
    assert_eq!(answer.unwrap().response, Some(options.clone()));
    assert_eq!(envelope["payload"]["type"], "block_suggestion");
    assert_eq!(envelope["payload"]["value"], "ab");
    assert_eq!(envelope["accepts_response_payload"], true);
    let click = Click { user: bob, surface, action_id: "e".into(), block_id: None, value: Some(json!("abc")) };
    let (answer, envelope) = tokio::join!(running.workspace().select(click), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, json!({})).await;
        envelope
    });
    assert_eq!(answer.unwrap().response, None, "an empty payload is none");
    assert_eq!(envelope["payload"]["actions"][0]["selected_option"]["value"], "abc");
}

#[tokio::test]
async fn waiting_ends_when_it_happens() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let wait = running.wait_for_message(&general, |message| message["text"] == "now", SOON);
    let post = app.ok("chat.postMessage", json!({"channel": general, "text": "now"}));
    let (waited, posted) = tokio::join!(wait, post);
    assert_eq!(waited.unwrap()["ts"], posted["ts"]);
    let never = running.wait_for_message(&general, |_| false, Duration::from_millis(10)).await;
    assert!(never.unwrap_err().to_string().contains("within 10 ms"));
}

#[tokio::test]
async fn what_is_repeated_can_be_answered_again() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let at = app.post_button(&general).await;
    let first = async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope["payload"].clone()
    };
    let (_, first) = tokio::join!(running.click(&bob, &general, at, "approve"), first);
    let entry = running.journal().into_iter().find(|entry| entry.value["type"] == "interactive").unwrap();
    let second = async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope["payload"].clone()
    };
    let ((), second) = tokio::join!(
        async {
            let answer = running.workspace().again(entry.seq).await.unwrap();
            assert!(answer.acked, "{answer:?}");
        },
        second
    );
    assert_eq!(second["actions"], first["actions"]);
    for name in ["trigger_id", "response_url"] {
        assert_ne!(second[name], first[name], "{name}");
    }
    let url = second["response_url"].as_str().unwrap();
    let replace = json!({"replace_original": true, "text": "approved"});
    assert_eq!(app.http.post(url).json(&replace).send().await.unwrap().text().await.unwrap(), "ok");
    assert_eq!(running.messages(&general)[0]["text"], "approved");
    let view = json!({"type": "modal", "title": {"type": "plain_text", "text": "t"}, "blocks": []});
    app.ok("views.open", json!({"trigger_id": second["trigger_id"], "view": view})).await;
}
