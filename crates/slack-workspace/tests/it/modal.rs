//! Modals: triggers, stack, submissions.

use std::time::Duration;

use countersign_slack_workspace::Running;
use countersign_slack_workspace::model::ViewId;
use countersign_slack_workspace::person::Closing;
use serde_json::{Map, Value, json};

use crate::client::{App, Socket, channel, start, user};

fn view(callback: &str) -> Value {
    json!({
        "type": "modal", "callback_id": callback, "title": {"type": "plain_text", "text": "Deny"},
        "submit": {"type": "plain_text", "text": "Deny"}, "notify_on_close": true, "private_metadata": "r1",
        "blocks": [
            {"type": "input", "block_id": "why", "label": {"type": "plain_text", "text": "Why"}, "optional": true,
             "element": {"type": "plain_text_input", "action_id": "text", "initial_value": "no reason", "max_length": 20}},
            {"type": "actions", "block_id": "row", "elements": [
                {"type": "button", "action_id": "more", "text": {"type": "plain_text", "text": "More"}}]},
        ],
    })
}

/// Clicks something as bob and returns the trigger the app gets.
async fn trigger(running: &Running, app: &App<'_>, socket: &mut Socket) -> String {
    let approvals = channel(running, "approvals");
    let ts = app.post_button(&approvals).await;
    let bob = user(running, "bob");
    let (_, envelope) = tokio::join!(running.click(&bob, &approvals, ts, "approve"), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    envelope["payload"]["trigger_id"].as_str().unwrap().to_owned()
}

/// Clicks in a modal and returns the trigger.
async fn trigger_in(running: &Running, socket: &mut Socket, id: &ViewId) -> String {
    let bob = user(running, "bob");
    let (_, envelope) = tokio::join!(running.click_view(&bob, id, "more"), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    assert_eq!(envelope["payload"]["container"]["type"], "view");
    assert!(envelope["payload"].get("response_url").is_none());
    envelope["payload"]["trigger_id"].as_str().unwrap().to_owned()
}

async fn open(running: &Running, app: &App<'_>, socket: &mut Socket) -> ViewId {
    let trigger = trigger(running, app, socket).await;
    let opened = app.ok("views.open", json!({"trigger_id": trigger, "view": view("deny")})).await;
    ViewId::from(opened["view"]["id"].as_str().unwrap())
}

fn why(text: &str) -> Map<String, Value> {
    json!({"why": {"text": text}}).as_object().unwrap().clone()
}

#[tokio::test]
async fn a_trigger_opens_one_view_within_three_seconds() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let first = trigger(&running, &app, &mut socket).await;
    let opened = app.ok("views.open", json!({"trigger_id": first, "view": view("deny")})).await;
    assert_eq!(opened["view"]["state"]["values"]["why"]["text"]["value"], "no reason");
    assert_eq!(opened["view"]["private_metadata"], "r1");
    assert_eq!(running.views(&user(&running, "bob")).len(), 1);
    let open =
        async |trigger: &str, view: Value| app.error("views.open", json!({"trigger_id": trigger, "view": view})).await;
    assert_eq!(open(&first, view("deny")).await, "exchanged_trigger_id");
    assert_eq!(open("1.2.3", view("deny")).await, "invalid_trigger_id");
    let late = trigger(&running, &app, &mut socket).await;
    running.advance_clock(Duration::from_secs(3)).unwrap();
    assert_eq!(open(&late, view("deny")).await, "expired_trigger_id");
    let spare = trigger(&running, &app, &mut socket).await;
    assert_eq!(open(&spare, json!({"type": "modal"})).await, "invalid_arguments");
    let mut large = view("deny");
    large["private_metadata"] = "x".repeat(260_000).into();
    assert_eq!(open(&spare, large).await, "view_too_large");
    app.ok("views.open", json!({"trigger_id": spare, "view": view("deny")})).await;
}

#[tokio::test]
async fn an_empty_ack_closes_and_values_arrive() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let id = open(&running, &app, &mut socket).await;
    let bob = user(&running, "bob");
    let (answer, envelope) = tokio::join!(running.submit_view(&bob, &id, why("too risky")), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    assert!(answer.unwrap().acked);
    assert_eq!(envelope["accepts_response_payload"], true);
    let payload = &envelope["payload"];
    assert_eq!(payload["type"], "view_submission");
    assert_eq!(
        payload["view"]["state"]["values"]["why"]["text"],
        json!({"type": "plain_text_input", "value": "too risky"})
    );
    assert!(running.views(&bob).is_empty());
}

#[tokio::test]
async fn errors_keep_the_view_and_are_told() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let id = open(&running, &app, &mut socket).await;
    let bob = user(&running, "bob");
    let errors = json!({"response_action": "errors", "errors": {"why": "say more"}});
    let (answer, ()) = tokio::join!(running.submit_view(&bob, &id, Map::new()), async {
        let envelope = socket.envelope("interactive").await;
        assert_eq!(envelope["payload"]["view"]["state"]["values"]["why"]["text"]["value"], "no reason");
        socket.ack(&envelope, errors).await;
    });
    assert_eq!(answer.unwrap().errors.unwrap()["why"], "say more");
    assert_eq!(running.views(&bob).len(), 1);
    let long = running.submit_view(&bob, &id, why(&"x".repeat(21))).await.unwrap();
    assert!(!long.acked && long.errors.unwrap()["why"].as_str().unwrap().contains("20"), "refused before it is sent");
    let unknown = running.submit_view(&bob, &id, json!({"x": {"y": "z"}}).as_object().unwrap().clone()).await;
    assert_eq!(unknown.unwrap_err().code, "element_not_found");
}

#[tokio::test]
async fn update_push_and_clear_act_on_the_stack() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let bob = user(&running, "bob");
    let id = open(&running, &app, &mut socket).await;
    let answers = [
        (json!({"response_action": "update", "view": view("second")}), vec!["second"]),
        (json!({"response_action": "push", "view": view("third")}), vec!["second", "third"]),
        (json!({"response_action": "push", "view": {"type": "modal"}}), vec!["second", "third"]),
        (json!({"response_action": "clear"}), vec![]),
    ];
    for (answer, stack) in answers {
        let top = running.views(&bob).pop().unwrap()["id"].as_str().unwrap().to_owned();
        let top = ViewId::from(top);
        let (submitted, ()) = tokio::join!(running.submit_view(&bob, &top, Map::new()), async {
            let envelope = socket.envelope("interactive").await;
            socket.ack(&envelope, answer.clone()).await;
        });
        let is_bad = answer["view"]["title"].is_null() && answer["response_action"] == "push";
        assert_eq!(submitted.is_err(), is_bad, "{answer}");
        let shown = running.views(&bob);
        let shown: Vec<&str> = shown.iter().map(|view| view["callback_id"].as_str().unwrap()).collect();
        assert_eq!(shown, stack);
    }
    let gone = running.submit_view(&bob, &id, Map::new()).await;
    assert_eq!(gone.unwrap_err().code, "view_not_found");
}

#[tokio::test]
async fn at_most_three_views_lie_on_each_other() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let mut id = open(&running, &app, &mut socket).await;
    for _ in 0..2 {
        let trigger = trigger_in(&running, &mut socket, &id).await;
        let pushed = app.ok("views.push", json!({"trigger_id": trigger, "view": view("deny")})).await;
        assert_eq!(pushed["view"]["previous_view_id"], id.as_str());
        id = ViewId::from(pushed["view"]["id"].as_str().unwrap());
    }
    let trigger = trigger_in(&running, &mut socket, &id).await;
    let args = json!({"trigger_id": trigger, "view": view("deny")});
    assert_eq!(app.error("views.push", args).await, "push_limit_reached");
}

#[tokio::test]
async fn an_update_respects_the_hash_and_keeps_what_was_entered() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let id = open(&running, &app, &mut socket).await;
    let bob = user(&running, "bob");
    let before = running.views(&bob).pop().unwrap();
    let (_, ()) = tokio::join!(running.submit_view(&bob, &id, why("kept")), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, json!({"response_action": "errors", "errors": {}})).await;
    });
    let update = |hash: &Value| json!({"view_id": id, "view": view("new"), "hash": hash});
    let updated = app.ok("views.update", update(&before["hash"])).await;
    assert_eq!(updated["view"]["state"]["values"]["why"]["text"]["value"], "kept");
    assert_eq!(app.error("views.update", update(&before["hash"])).await, "hash_conflict");
    let args = json!({"view_id": "V0", "view": view("new")});
    assert_eq!(app.error("views.update", args).await, "not_found");
}

#[tokio::test]
async fn closing_is_told_to_apps_that_asked() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let id = open(&running, &app, &mut socket).await;
    let bob = user(&running, "bob");
    let (answer, envelope) = tokio::join!(running.workspace().close_view(&bob, Some(&id), Closing::All), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    assert!(answer.unwrap().acked);
    assert_eq!(envelope["payload"]["type"], "view_closed");
    assert_eq!(envelope["payload"]["is_cleared"], true);
    assert!(running.views(&bob).is_empty());
}

#[tokio::test]
async fn an_app_has_no_hand_in_what_is_anothers() {
    let running = start().await;
    let (app, other) = (App::new(&running), App::hearing(&running, &[]).await);
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    other.ok("conversations.join", json!({"channel": general})).await;
    let ts = app.ok("chat.postMessage", json!({"channel": general, "text": "mine"})).await["ts"].clone();
    let at = json!({"channel": general, "ts": ts, "text": "yours"});
    let trigger = trigger(&running, &app, &mut socket).await;
    let view_id = open(&running, &app, &mut socket).await;
    let announced = app.ok("files.getUploadURLExternal", json!({"filename": "a", "length": 1})).await;
    app.http.post(announced["upload_url"].as_str().unwrap()).body("x").send().await.unwrap();
    let files = json!({"files": [{"id": announced["file_id"]}], "channel_id": general});
    let later =
        json!({"channel": general, "text": "later", "post_at": running.workspace().clock().now_ms() / 1000 + 60});
    let scheduled = app.ok("chat.scheduleMessage", later).await["scheduled_message_id"].clone();
    let scheduled = json!({"channel": general, "scheduled_message_id": scheduled});
    let grow = json!({
        "channel": general, "recipient_user_id": bob, "recipient_team_id": running.ready().team_id,
        "markdown_text": "It ",
    });
    let grow =
        json!({"channel": general, "ts": app.ok("chat.startStream", grow).await["ts"], "markdown_text": "grows"});
    let cases = [
        ("chat.update", at.clone(), "cant_update_message"),
        ("chat.delete", at.clone(), "cant_delete_message"),
        ("views.open", json!({"trigger_id": trigger, "view": view("deny")}), "invalid_trigger_id"),
        ("views.update", json!({"view_id": view_id, "view": view("deny")}), "not_found"),
        ("files.completeUploadExternal", files.clone(), "file_not_found"),
        ("chat.deleteScheduledMessage", scheduled.clone(), "invalid_scheduled_message_id"),
        ("chat.appendStream", grow.clone(), "message_not_owned_by_app"),
        ("chat.stopStream", grow.clone(), "message_not_owned_by_app"),
    ];
    for (method, args, error) in &cases {
        assert_eq!(other.error(method, args.clone()).await, *error, "{method}");
    }
    app.ok("files.completeUploadExternal", files).await;
    let file = json!({"file": announced["file_id"]});
    assert_eq!(other.error("files.delete", file).await, "cant_delete_file");
    // To its own app each of them is open.
    for (method, args, _) in cases.into_iter().filter(|(method, ..)| *method != "files.completeUploadExternal") {
        if !["chat.delete", "views.open"].contains(&method) {
            app.ok(method, args).await;
        }
    }
}

#[tokio::test]
async fn a_chosen_channel_comes_with_an_address_to_answer_there() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let menu = |id: &str, enabled: bool| {
        json!({
            "type": "input", "block_id": id, "label": {"type": "plain_text", "text": "Where"},
            "element": {"type": "conversations_select", "action_id": "c", "response_url_enabled": enabled,
                        "initial_conversation": general},
        })
    };
    let text = |text: &str| json!({"type": "plain_text", "text": text});
    let view = json!({
        "type": "modal", "title": text("t"), "submit": text("s"), "blocks": [menu("with", true), menu("without", false)],
    });
    let trigger = trigger(&running, &app, &mut socket).await;
    let opened = app.ok("views.open", json!({"trigger_id": trigger, "view": view})).await;
    let id = ViewId::from(opened["view"]["id"].as_str().unwrap());
    let (_, envelope) = tokio::join!(running.submit_view(&bob, &id, Map::new()), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    let urls = envelope["payload"]["response_urls"].as_array().unwrap();
    assert_eq!(urls.len(), 1, "{urls:?}");
    assert_eq!((&urls[0]["block_id"], &urls[0]["channel_id"]), (&json!("with"), &json!(general)));
    let said = json!({"text": "here", "response_type": "in_channel"});
    let answer = app.http.post(urls[0]["response_url"].as_str().unwrap()).json(&said).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(running.messages(&general).last().unwrap()["text"], "here");
}
