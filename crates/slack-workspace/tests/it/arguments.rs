//! Arguments that change what a method does, each as its page describes it.

use std::time::Duration;

use countersign_slack_workspace::person::Invocation;
use countersign_slack_workspace::{Config, Workspace};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::client::{App, channel, start, user};
use crate::control::Control;

#[tokio::test]
async fn an_app_level_token_is_taken_from_the_header_alone() {
    let running = start().await;
    let app = App::new(&running);
    let token = running.ready().app_token.expose_secret();
    let request = app.http.post(app.url("apps.connections.open")).form(&[("token", token)]);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"], "not_authed", "{answer}");
    let url = format!("{}?token={token}", app.url("apps.connections.open"));
    let answer: Value = app.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"], "not_authed", "{answer}");
    app.with_token(&running.ready().app_token).ok("apps.connections.open", json!({})).await;
}

#[tokio::test]
async fn a_language_is_told_where_it_was_asked_for() {
    let running = start().await;
    let app = App::new(&running);
    let (alice, general) = (user(&running, "alice"), channel(&running, "general"));
    for (method, args, place) in [
        ("users.info", json!({"user": alice}), "/user/locale"),
        ("users.list", json!({"limit": 1}), "/members/0/locale"),
        ("conversations.info", json!({"channel": general}), "/channel/locale"),
    ] {
        assert_eq!(app.ok(method, args.clone()).await.pointer(place), None, "{method}");
        let mut args = args;
        args["include_locale"] = json!(true);
        assert_eq!(app.ok(method, args).await.pointer(place), Some(&json!("en-US")), "{method}");
    }
}

#[tokio::test]
async fn a_team_is_found_by_its_domain() {
    let running = start().await;
    let app = App::new(&running);
    let team = app.ok("team.info", json!({})).await["team"].clone();
    app.ok("team.info", json!({"domain": team["domain"]})).await;
    assert_eq!(app.error("team.info", json!({"domain": "elsewhere"})).await, "team_not_found");
}

#[tokio::test]
async fn who_cannot_be_signed_out_cannot_be_on_a_phone_either() {
    let running = start().await;
    let app = App::new(&running);
    let alice = app.with_token(&running.ready().user_token);
    let bob = user(&running, "bob");
    for (id, wanted) in [("U0", "user_not_found"), (running.ready().bot_user_id.as_str(), "cannot_reset_bot")] {
        let args = json!({"user_id": id, "mobile_only": true});
        assert_eq!(alice.error("admin.users.session.reset", args).await, wanted);
        let args = json!({"user_ids": [bob, id], "mobile_only": true});
        let failed = alice.call("admin.users.session.resetBulk", args).await;
        assert_eq!((&failed["error"], &failed["failed_user_ids"]), (&json!("failed_for_some_users"), &json!([id])));
    }
    alice.ok("admin.users.session.reset", json!({"user_id": bob, "mobile_only": true})).await;
}

#[tokio::test]
async fn a_manifest_that_is_no_json_is_told_as_every_other_problem() {
    let running = start().await;
    let app = App::new(&running).with_token(&running.ready().cli_token);
    let answer = app.call("apps.manifest.validate", json!({"manifest": "{"})).await;
    assert_eq!(answer["error"], "invalid_manifest");
    let problem = &answer["errors"][0];
    assert!(["code", "message", "pointer"].iter().all(|name| problem[name].is_string()), "{answer}");
}

#[tokio::test]
async fn a_message_to_oneself_takes_the_scope_of_direct_messages() {
    let running = start().await;
    let app = App::made(&running, json!({"name": "Narrow", "scopes": ["mpim:write", "chat:write"]})).await;
    let me = app.ok("auth.test", json!({})).await["user_id"].clone();
    let answer = app.call("conversations.open", json!({"users": me})).await;
    assert_eq!((&answer["error"], &answer["needed"]), (&json!("missing_scope"), &json!("im:write")), "{answer}");
}

#[tokio::test]
async fn names_are_linked_where_the_app_asks_for_it() {
    let running = start().await;
    let app = App::new(&running);
    let (alice, general) = (user(&running, "alice"), channel(&running, "general"));
    let text = "@alice &amp; @channel: see #general, <https://x.example|@bob>";
    let linked = format!("<@{alice}> &amp; <!channel>: see <#{general}|general>, <https://x.example|@bob>");
    let post = async |more: Value| {
        let mut args = json!({"channel": general, "text": text});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.ok("chat.postMessage", args).await["message"]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(post(json!({})).await, text);
    assert_eq!(post(json!({"parse": "none", "link_names": false})).await, text);
    assert_eq!(post(json!({"link_names": true})).await, linked);
    assert_eq!(post(json!({"parse": "full"})).await, linked);
}

#[tokio::test]
async fn what_is_wrong_in_an_attachment_is_pointed_at_there() {
    let running = start().await;
    let app = App::new(&running);
    let section = |text: &str| json!({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]});
    let long = "x".repeat(3_001);
    let args = json!({"channel": channel(&running, "general"), "attachments": [section("fine"), section(&long)]});
    let answer = app.call("chat.postMessage", args).await;
    assert_eq!(answer["error"], "invalid_attachments");
    let message = answer["response_metadata"]["messages"][0].as_str().unwrap();
    assert!(message.ends_with("[json-pointer:/attachments/1/blocks/0/text/text]"), "{message}");
    let odd = json!({"channel": channel(&running, "general"), "attachments": [{"blocks": {"type": "section"}}]});
    assert_eq!(app.error("chat.postMessage", odd).await, "invalid_attachments");
    assert!(running.messages(&channel(&running, "general")).is_empty());
}

#[tokio::test]
async fn a_reply_is_shown_in_the_channel_afterwards() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let general = channel(&running, "general");
    let parent = app.ok("chat.postMessage", json!({"channel": general, "text": "parent"})).await["ts"].clone();
    let reply = json!({"channel": general, "text": "reply", "thread_ts": parent});
    let reply = app.ok("chat.postMessage", reply).await["ts"].clone();
    let shown = async || app.ok("conversations.history", json!({"channel": general})).await["messages"].clone();
    assert_eq!(shown().await.as_array().unwrap().len(), 1);
    let both = json!({"channel": general, "ts": reply, "reply_broadcast": true, "text": "new"});
    assert_eq!(app.error("chat.update", both.clone()).await, "no_dual_broadcast_content_update");
    let alone = json!({"channel": general, "ts": parent, "reply_broadcast": true});
    assert_eq!(app.error("chat.update", alone).await, "cant_broadcast_message");
    let answer = app.ok("chat.update", json!({"channel": general, "ts": reply, "reply_broadcast": true})).await;
    assert_eq!((&answer["text"], &answer["message"]["subtype"]), (&json!("reply"), &json!("thread_broadcast")));
    assert_eq!(shown().await[0]["root"]["ts"], parent);
    let told = loop {
        let event = socket.event("message").await;
        if event["subtype"] == "message_changed" {
            break event;
        }
    };
    assert_eq!(told["message"]["subtype"], "thread_broadcast");
    let answer = app.ok("chat.update", both).await;
    assert_eq!(answer["text"], "new", "one that is shown already is changed as any other");
}

#[tokio::test]
async fn a_message_is_given_other_files() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let upload = async |alt: &str| {
        let args = json!({"filename": "a.png", "length": 5, "alt_txt": alt});
        let announced = app.ok("files.getUploadURLExternal", args).await;
        app.http.post(announced["upload_url"].as_str().unwrap()).body("hello").send().await.unwrap();
        announced["file_id"].as_str().unwrap().to_owned()
    };
    let (first, second) = (upload("a cat").await, upload("a dog").await);
    let args = json!({"files": [{"id": first}], "channel_id": general});
    let done = app.ok("files.completeUploadExternal", args).await;
    assert_eq!(done["files"][0]["alt_txt"], "a cat");
    let ts = running.messages(&general)[0]["ts"].clone();
    let change = json!({"channel": general, "ts": ts, "text": "look", "file_ids": [second]});
    assert_eq!(app.error("chat.update", change.clone()).await, "file_not_found", "not complete yet");
    app.ok("files.completeUploadExternal", json!({"files": [{"id": second}]})).await;
    let message = app.ok("chat.update", change).await["message"].clone();
    assert_eq!((&message["files"][0]["id"], &message["files"][1]), (&json!(second), &Value::Null));
    let shares = async |id: &str| app.ok("files.info", json!({"file": id})).await["file"]["shares"].clone();
    assert_eq!(shares(&first).await, json!({}));
    assert_eq!(shares(&second).await["public"][general.as_str()][0]["ts"], ts);
    let kept = app.ok("chat.update", json!({"channel": general, "ts": ts, "text": "still"})).await;
    assert_eq!(kept["message"]["files"][0]["id"], json!(second));
    let none = app.ok("chat.update", json!({"channel": general, "ts": ts, "text": "gone", "file_ids": []})).await;
    assert_eq!(none["message"].get("files"), None);
}

#[tokio::test]
async fn a_stream_that_can_be_stopped_needs_somebody_who_hears_of_it() {
    let running = start().await;
    let general = channel(&running, "general");
    let start = json!({
        "channel": general, "recipient_user_id": user(&running, "bob"), "recipient_team_id": running.ready().team_id,
        "markdown_text": "…", "is_stoppable": true,
    });
    let deaf = App::hearing(&running, &[]).await;
    deaf.ok("conversations.join", json!({"channel": general})).await;
    let answer = deaf.error("chat.startStream", start.clone()).await;
    assert_eq!(answer, "not_subscribed_to_message_stream_stopped");
    let app = App::hearing(&running, &["message_stream_stopped"]).await;
    app.ok("conversations.join", json!({"channel": general})).await;
    let mut socket = app.connect().await;
    let ts = app.ok("chat.startStream", start).await["ts"].clone();
    let stop = json!({"user": "bob", "channel": general, "thread_ts": ts});
    Control::new(&running).post("assistant/stop", stop).await;
    let stopped = socket.event("message_stream_stopped").await;
    assert_eq!(stopped["streaming_message_ts"], json!([ts]));
    let late = json!({"channel": general, "ts": ts, "markdown_text": "more"});
    assert_eq!(app.error("chat.appendStream", late).await, "stopped_by_user");
}

#[tokio::test]
async fn a_response_url_takes_one_answer_a_second() {
    start().await.stop().await;
    let running = Workspace::start(Config { rate_limits: true, ..Config::default() }).await.unwrap();
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let command = Invocation {
        user: user(&running, "bob"),
        channel: channel(&running, "general"),
        command: "/countersign".to_owned(),
        text: String::new(),
    };
    let (_, envelope) = tokio::join!(running.workspace().command(command), async {
        let envelope = socket.envelope("slash_commands").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    let url = envelope["payload"]["response_url"].as_str().unwrap();
    let send = async || app.http.post(url).json(&json!({"text": "x"})).send().await.unwrap();
    assert_eq!(send().await.status(), 200);
    let mut taken = 1;
    let refused = loop {
        let answer = send().await;
        if answer.status() != 200 {
            break answer;
        }
        // A second has gone by meanwhile.
        taken += 1;
    };
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "1"));
    assert_eq!(refused.json::<Value>().await.unwrap()["error"], "ratelimited");
    for _ in taken..5 {
        running.advance_clock(Duration::from_secs(1)).unwrap();
        assert_eq!(send().await.status(), 200, "what was refused used nothing up");
    }
}
