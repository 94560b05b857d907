//! What happens by itself or bit by bit: scheduled messages, streams; and what apps show beside messages.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{App, channel, start, ts, user};
use crate::control::Control;

fn in_seconds(running: &countersign_slack_workspace::Running, seconds: u64) -> u64 {
    running.workspace().clock().now_ms() / 1000 + seconds
}

#[tokio::test]
async fn a_scheduled_message_is_posted_when_its_time_comes() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let general = channel(&running, "general");
    let at = in_seconds(&running, 3600);
    let args = json!({"channel": general, "text": "stand up", "post_at": at});
    let scheduled = app.ok("chat.scheduleMessage", args).await;
    assert!(scheduled["scheduled_message_id"].as_str().unwrap().starts_with('Q'));
    assert_eq!(scheduled["message"]["type"], "delayed_message");
    let listed = app.ok("chat.scheduledMessages.list", json!({"channel": general})).await;
    assert_eq!(listed["scheduled_messages"][0]["post_at"], at);
    assert!(running.messages(&general).is_empty());
    running.advance_clock(Duration::from_mins(61)).unwrap();
    let messages = running.messages(&general);
    assert_eq!((messages.len(), &messages[0]["text"]), (1, &json!("stand up")));
    assert!(messages[0]["ts"].as_str().unwrap().starts_with(&at.to_string()), "posted at its time");
    assert_eq!(socket.event("message").await["text"], "stand up");
    let listed = app.ok("chat.scheduledMessages.list", json!({})).await;
    assert_eq!(listed["scheduled_messages"], json!([]));
}

#[tokio::test]
async fn a_scheduled_message_can_be_taken_back() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let schedule = async |post_at: Value| {
        app.call("chat.scheduleMessage", json!({"channel": general, "text": "x", "post_at": post_at})).await
    };
    assert_eq!(schedule(json!(in_seconds(&running, 0))).await["error"], "time_in_past");
    assert_eq!(schedule(json!(in_seconds(&running, 121 * 24 * 3600))).await["error"], "time_too_far");
    assert_eq!(schedule(json!("tomorrow")).await["error"], "invalid_time");
    let id = schedule(json!(in_seconds(&running, 600))).await["scheduled_message_id"].clone();
    let args = json!({"channel": general, "scheduled_message_id": id});
    let alice = app.with_token(&running.ready().user_token);
    let not_own = alice.error("chat.deleteScheduledMessage", args.clone()).await;
    assert_eq!(not_own, "invalid_scheduled_message_id");
    app.ok("chat.deleteScheduledMessage", args.clone()).await;
    assert_eq!(app.error("chat.deleteScheduledMessage", args).await, "invalid_scheduled_message_id");
    running.advance_clock(Duration::from_hours(1)).unwrap();
    assert!(running.messages(&general).is_empty());
}

#[tokio::test]
async fn a_scheduled_message_comes_without_anyone_asking() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let args = json!({"channel": general, "text": "soon", "post_at": in_seconds(&running, 2)});
    app.ok("chat.scheduleMessage", args).await;
    let fits = |message: &Value| message["text"] == "soon";
    running.wait_for_message(&general, fits, crate::client::SOON).await.unwrap();
}

async fn begin(app: &App<'_>) -> Value {
    let running = app.running;
    let general = channel(running, "general");
    let parent = running.post_message(&user(running, "bob"), &general, "why?").unwrap();
    let args = json!({
        "channel": general, "thread_ts": parent["ts"], "recipient_user_id": user(running, "bob"),
        "recipient_team_id": running.ready().team_id, "markdown_text": "Because ",
    });
    let started = app.ok("chat.startStream", args).await;
    json!({"channel": general, "ts": started["ts"]})
}

fn with(at: &Value, name: &str, value: Value) -> Value {
    let mut args = at.clone();
    args[name] = value;
    args
}

#[tokio::test]
async fn a_stream_grows_and_is_stopped() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let at = begin(&app).await;
    let chunks = json!([
        {"type": "markdown_text", "text": "of *rust*."},
        {"type": "task_update", "id": "t1", "title": "Look", "status": "in_progress"},
    ]);
    app.ok("chat.appendStream", with(&at, "chunks", chunks)).await;
    let done = json!([{"type": "task_update", "id": "t1", "title": "Look", "status": "complete", "output": "found"}]);
    app.ok("chat.appendStream", with(&at, "chunks", done)).await;
    let general = channel(&running, "general");
    let growing = running.messages(&general)[1].clone();
    assert_eq!((&growing["text"], &growing["streaming_state"]), (&json!("Because of *rust*."), &json!("in_progress")));
    let footer = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "sources"}}]);
    let stopped = app.ok("chat.stopStream", with(&at, "blocks", footer)).await["message"].clone();
    let kinds: Vec<&str> = stopped["blocks"].as_array().unwrap().iter().map(|b| b["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["markdown", "task_card", "section"]);
    assert_eq!(
        (&stopped["blocks"][1]["status"], &stopped["streaming_state"]),
        (&json!("complete"), &json!("completed"))
    );
    let replies = app.ok("conversations.replies", at.clone()).await;
    assert_eq!(replies["messages"][1]["text"], "Because of *rust*.");
    let late = app.error("chat.appendStream", with(&at, "markdown_text", json!("more"))).await;
    assert_eq!(late, "message_not_in_streaming_state");
    let started = socket.event("message").await;
    assert_eq!(started["text"], "why?");
    assert_eq!(socket.event("message").await["streaming_state"], "in_progress");
    let changed = socket.event("message").await;
    assert_eq!((&changed["subtype"], &changed["message"]["ts"]), (&json!("message_changed"), &at["ts"]));
}

#[tokio::test]
async fn a_stream_ends_after_five_minutes_and_can_be_repaired() {
    let running = start().await;
    let app = App::new(&running);
    let at = begin(&app).await;
    running.advance_clock(Duration::from_secs(299)).unwrap();
    app.ok("chat.appendStream", with(&at, "markdown_text", json!("still "))).await;
    running.advance_clock(Duration::from_secs(2)).unwrap();
    for method in ["chat.appendStream", "chat.stopStream"] {
        let args = with(&at, "markdown_text", json!("x"));
        assert_eq!(app.error(method, args).await, "message_not_in_streaming_state", "{method}");
    }
    let general = channel(&running, "general");
    assert_eq!(running.messages(&general)[1]["streaming_state"], "errored");
    app.ok("chat.update", with(&at, "text", json!("whole"))).await;
    assert_eq!(running.messages(&general)[1]["text"], "whole");
    running.fault(&json!({"stream_ttl_s": 1})).unwrap();
    let short = begin(&app).await;
    running.advance_clock(Duration::from_secs(1)).unwrap();
    assert_eq!(app.error("chat.stopStream", short).await, "message_not_in_streaming_state");
    running.clear_faults();
    let long = begin(&app).await;
    running.advance_clock(Duration::from_secs(100)).unwrap();
    app.ok("chat.stopStream", long).await;
}

#[tokio::test]
async fn streams_are_checked() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let start = json!({"channel": general});
    assert_eq!(app.error("chat.startStream", start.clone()).await, "missing_recipient_user_id");
    let start = with(&start, "recipient_user_id", json!(user(&running, "bob")));
    assert_eq!(app.error("chat.startStream", start.clone()).await, "missing_recipient_team_id");
    let start = with(&start, "recipient_team_id", json!(running.ready().team_id));
    let bad = with(&start, "chunks", json!([{"type": "song"}]));
    assert_eq!(app.error("chat.startStream", bad).await, "invalid_chunks");
    let at = json!({"channel": general, "ts": app.ok("chat.startStream", start).await["ts"]});
    assert_eq!(app.error("chat.appendStream", at.clone()).await, "no_text");
    let theirs = running.post_message(&user(&running, "bob"), &general, "mine").unwrap();
    let theirs = json!({"channel": general, "ts": theirs["ts"]});
    assert_eq!(app.error("chat.stopStream", theirs).await, "message_not_owned_by_app");
    let nothing = with(&at, "ts", json!("1.000000"));
    assert_eq!(app.error("chat.stopStream", nothing).await, "message_not_found");
    app.ok("chat.stopStream", at).await;
}

#[tokio::test]
async fn a_person_stops_an_agent() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let at = begin(&app).await;
    let general = channel(&running, "general");
    let thread = running.messages(&general)[0]["ts"].clone();
    let session = json!({
        "channel_id": general, "thread_ts": thread, "status": "processing", "title": "Why",
        "initiator_user_id": user(&running, "bob"),
    });
    let set = app.ok("agents.sessions.setStatus", session.clone()).await;
    assert_eq!((&set["status"], &set["title"]), (&json!("processing"), &json!("Why")));
    let odd = with(&session, "status", json!("is thinking…"));
    assert_eq!(app.error("agents.sessions.setStatus", odd).await, "invalid_status");
    app.ok("agents.sessions.rename", with(&session, "title", json!("How"))).await;
    let control = Control::new(&running);
    let rename = json!({"user": "bob", "channel": general, "thread_ts": thread, "title": "Because"});
    control.post("assistant/rename", rename).await;
    let renamed = socket.event("agent_session_title_changed").await;
    assert_eq!((&renamed["title"], &renamed["previous_title"]), (&json!("Because"), &json!("How")));
    control.post("assistant/stop", json!({"user": "bob", "channel": general, "thread_ts": thread})).await;
    let stopped = socket.event("agent_session_stopped").await;
    assert_eq!((&stopped["streaming_message_ts"], &stopped["thread_ts"]), (&json!([at["ts"]]), &thread));
    let late = app.error("chat.appendStream", with(&at, "markdown_text", json!("more"))).await;
    assert_eq!(late, "stopped_by_user");
    let next = begin(&app).await;
    app.ok("chat.stopStream", with(&next, "session_status", json!("active"))).await;
    assert_eq!(app.error("chat.stopStream", with(&next, "session_status", json!("odd"))).await, "invalid_status");
    let set = app.ok("agents.sessions.setStatus", with(&session, "status", json!("closed"))).await;
    assert_eq!((&set["status"], &set["title"]), (&json!("closed"), &json!("Because")));
    let other = json!({"channel_id": general, "thread_ts": at["ts"], "title": "x"});
    assert_eq!(app.error("agents.sessions.rename", other).await, "session_not_found");
    let none = json!({"channel_id": general, "status": "active"});
    assert_eq!(app.error("agents.sessions.setStatus", none).await, "thread_ts_required");
}

#[tokio::test]
async fn links_are_shared_and_unfurled() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let posted = running.post_message(&bob, &general, "see https://wiki.example/a?x=1&y=2 now").unwrap();
    let shared = socket.event("link_shared").await;
    assert_eq!((&shared["message_ts"], &shared["user"]), (&posted["ts"], &json!(bob)));
    let url = "https://wiki.example/a?x=1&y=2";
    assert_eq!(shared["links"], json!([{"domain": "wiki.example", "url": url}]));
    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "A page"}}]);
    let args = json!({
        "unfurl_id": shared["unfurl_id"], "source": shared["source"], "unfurls": {url: {"blocks": blocks}},
    });
    app.ok("chat.unfurl", args).await;
    let history = app.ok("conversations.history", json!({"channel": general})).await;
    let attachment = &history["messages"][0]["attachments"][0];
    assert_eq!((&attachment["is_app_unfurl"], &attachment["from_url"]), (&json!(true), &json!(url)));
    let at = json!({"channel": general, "ts": posted["ts"]});
    let other = with(&at, "unfurls", json!({"https://elsewhere.example": {"text": "x"}}));
    assert_eq!(app.error("chat.unfurl", other).await, "cannot_unfurl_url");
    assert_eq!(app.error("chat.unfurl", at.clone()).await, "missing_unfurls");
    app.ok("chat.unfurl", with(&at, "user_auth_required", json!(true))).await;
    assert_eq!(running.ephemerals(&general, &bob).len(), 1);
}

#[tokio::test]
async fn only_registered_domains_are_told() {
    let running = start().await;
    let manifest = json!({
        "display_information": {"name": "Wiki"}, "features": {"unfurl_domains": ["wiki.example"]},
        "settings": {"event_subscriptions": {"bot_events": ["link_shared"]}, "socket_mode_enabled": true},
    });
    let app = App::made(&running, json!({"manifest": manifest})).await;
    let mut socket = app.connect().await;
    let general = channel(&running, "general");
    app.ok("conversations.join", json!({"channel": general})).await;
    let bob = user(&running, "bob");
    running.post_message(&bob, &general, "https://notwiki.example/ is not it").unwrap();
    running.post_message(&bob, &general, "https://en.wiki.example/ is").unwrap();
    assert_eq!(socket.event("link_shared").await["links"][0]["domain"], "en.wiki.example");
}

#[tokio::test]
async fn a_button_in_an_unfurl_is_of_the_app_that_unfurled() {
    let running = start().await;
    let (poster, app) = (App::new(&running), App::hearing(&running, &["link_shared"]).await);
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    app.ok("conversations.join", json!({"channel": general})).await;
    let url = "https://wiki.example/a";
    // What looks like an unfurl of another app is none.
    let forged = json!([{"text": "x", "is_app_unfurl": true, "app_id": "A0", "app_unfurl_url": url}]);
    let args = json!({"channel": general, "text": format!("see {url}"), "attachments": forged});
    let message = poster.ok("chat.postMessage", args).await;
    assert_eq!(message["message"]["attachments"], json!([{"id": 1, "text": "x"}]));
    let button = json!({"type": "button", "action_id": "more", "text": {"type": "plain_text", "text": "More"}});
    let blocks = json!([{"type": "actions", "block_id": "row", "elements": [button]}]);
    let unfurl = json!({"channel": general, "ts": message["ts"], "unfurls": {url: {"blocks": blocks}}});
    app.ok("chat.unfurl", unfurl).await;
    let (answer, envelope) = tokio::join!(running.click(&bob, &general, ts(&message["ts"]), "more"), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    assert!(answer.unwrap().acked);
    let payload = &envelope["payload"];
    let expected = json!({
        "type": "message_attachment", "message_ts": message["ts"], "channel_id": general, "is_ephemeral": false,
        "is_app_unfurl": true, "app_unfurl_url": url, "attachment_id": 2,
    });
    assert_eq!((&payload["container"], &payload["app_unfurl"]["from_url"]), (&expected, &json!(url)));
    let response_url = payload["response_url"].as_str().unwrap();
    let replace = json!({"replace_original": true, "text": "taken over"});
    app.http.post(response_url).json(&replace).send().await.unwrap();
    let gone = app.http.post(response_url).json(&json!({"delete_original": true})).send().await.unwrap();
    assert_eq!(gone.status(), 404);
    assert_eq!(running.messages(&general).last().unwrap()["text"], format!("see {url}"), "the message is the poster's");
    assert_eq!(running.ephemerals(&general, &bob)[0]["text"], "taken over");
}

#[tokio::test]
async fn a_stream_has_the_limits_of_a_message() {
    let running = start().await;
    let app = App::new(&running);
    let at = begin(&app).await;
    let block = |id: &str| json!({"type": "divider", "block_id": id});
    let chunk = |blocks: Vec<Value>| json!([{"type": "blocks", "blocks": blocks}]);
    app.ok("chat.appendStream", with(&at, "chunks", chunk(vec![block("same")]))).await;
    let again = with(&at, "chunks", chunk(vec![block("same")]));
    assert_eq!(app.error("chat.appendStream", again).await, "invalid_blocks");
    let many = (0..48).map(|number| block(&number.to_string())).collect();
    app.ok("chat.appendStream", with(&at, "chunks", chunk(many))).await;
    let one_more = with(&at, "chunks", chunk(vec![block("last")]));
    assert_eq!(app.error("chat.appendStream", one_more).await, "msg_blocks_too_long");
    let tasks: Vec<Value> =
        (0..51).map(|n| json!({"type": "task_update", "id": n.to_string(), "title": "t"})).collect();
    assert_eq!(app.error("chat.stopStream", with(&at, "chunks", json!(tasks))).await, "msg_blocks_too_long");
    let stopped = app.ok("chat.stopStream", at).await;
    assert_eq!(stopped["message"]["blocks"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn somebody_does_something() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    app.ok("chat.meMessage", json!({"channel": general, "text": "waves"})).await;
    let history = app.ok("conversations.history", json!({"channel": general})).await;
    assert_eq!(
        (&history["messages"][0]["subtype"], &history["messages"][0]["text"]),
        (&json!("me_message"), &json!("waves"))
    );
    assert_eq!(app.error("chat.meMessage", json!({"channel": general, "text": ""})).await, "no_text");
}
