//! Home tabs, conversations with agents, validation, files.

use serde_json::{Value, json};

use crate::client::{App, channel, start, user};
use crate::control::Control;

fn home(text: &str) -> Value {
    json!({"type": "home", "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {"type": "actions", "elements": [
            {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}]},
    ]})
}

#[tokio::test]
async fn a_home_tab_is_published_opened_and_clicked() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let control = Control::new(&running);
    let bob = user(&running, "bob");
    control.post("home", json!({"user": "bob"})).await;
    let opened = socket.event("app_home_opened").await;
    assert_eq!((&opened["user"], &opened["tab"]), (&json!(bob), &json!("home")));
    assert!(opened["channel"].as_str().unwrap().starts_with('D') && opened.get("view").is_none());
    let published = app.ok("views.publish", json!({"user_id": bob, "view": home("hello")})).await["view"].clone();
    assert_eq!(published["type"], "home");
    let stale = json!({"user_id": bob, "view": home("x"), "hash": "1.x"});
    assert_eq!(app.error("views.publish", stale).await, "hash_conflict");
    let again = json!({"user_id": bob, "view": home("again"), "hash": published["hash"]});
    let again = app.ok("views.publish", again).await["view"].clone();
    assert_eq!(again["id"], published["id"]);
    let shown = control.post("home", json!({"user": "bob"})).await["view"].clone();
    assert_eq!(shown["blocks"][0]["text"]["text"], "again");
    assert_eq!(socket.event("app_home_opened").await["view"]["id"], published["id"]);
    let update = json!({"view_id": published["id"], "view": home("third")});
    app.ok("views.update", update).await;
    let control = Control::new(&running);
    let click = json!({"user": "bob", "view_id": published["id"], "action_id": "go"});
    let (clicked, ()) = tokio::join!(control.post("click", click), async {
        let envelope = socket.envelope("interactive").await;
        assert_eq!(envelope["payload"]["view"]["blocks"][0]["text"]["text"], "third");
        socket.ack(&envelope, Value::Null).await;
    });
    assert_eq!(clicked["acked"], true);
}

#[tokio::test]
async fn a_home_tab_is_checked() {
    let running = start().await;
    let app = App::new(&running);
    let bob = user(&running, "bob");
    let modal = json!({"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []});
    let answer = app.call("views.publish", json!({"user_id": bob, "view": modal})).await;
    assert_eq!(answer["error"], "invalid_arguments");
    assert!(answer["response_metadata"]["messages"][0].as_str().unwrap().contains("[json-pointer:/view/type]"));
    assert_eq!(app.error("views.publish", json!({"user_id": "U0", "view": home("x")})).await, "user_not_found");
    let published = app.ok("views.publish", json!({"user_id": bob, "view": home("x")})).await["view"].clone();
    let update = json!({"view_id": published["id"], "view": modal});
    assert_eq!(app.error("views.update", update).await, "invalid_arguments");
}

#[tokio::test]
async fn a_conversation_with_an_agent_has_status_title_and_prompts() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let control = Control::new(&running);
    let begun = control.post("assistant", json!({"user": "bob", "context": "general"})).await;
    let started = socket.event("assistant_thread_started").await["assistant_thread"].clone();
    assert_eq!((&started["channel_id"], &started["thread_ts"]), (&begun["channel"], &begun["thread_ts"]));
    assert_eq!(started["user_id"], user(&running, "bob").as_str());
    assert_eq!(started["context"]["channel_id"], channel(&running, "general").as_str());
    let at = json!({"channel_id": begun["channel"], "thread_ts": begun["thread_ts"]});
    let set = async |method: &str, name: &str, value: Value| {
        let mut args = at.clone();
        args[name] = value;
        app.ok(method, args).await
    };
    set("assistant.threads.setStatus", "status", json!("is thinking…")).await;
    set("assistant.threads.setTitle", "title", json!("Outage")).await;
    let prompts = json!([{"title": "Why?", "message": "Why is it down?"}]);
    set("assistant.threads.setSuggestedPrompts", "prompts", prompts.clone()).await;
    let look = format!(
        "assistant?channel={}&thread_ts={}",
        begun["channel"].as_str().unwrap(),
        begun["thread_ts"].as_str().unwrap()
    );
    let shown = control.get(&look).await["assistant"].clone();
    assert_eq!((&shown["status"], &shown["title"]), (&json!("is thinking…"), &json!("Outage")));
    assert_eq!(shown["prompts"], prompts);
    let replies = json!({"channel": begun["channel"], "ts": begun["thread_ts"]});
    let replies = app.ok("conversations.replies", replies).await;
    assert_eq!(replies["messages"][0]["assistant_app_thread"]["title"], "Outage");
    let answer = json!({"channel": begun["channel"], "thread_ts": begun["thread_ts"], "text": "It is up."});
    app.ok("chat.postMessage", answer).await;
    assert_eq!(control.get(&look).await["assistant"]["status"], "", "a message of the app ends its status");
    set("assistant.threads.setStatus", "status", json!("again")).await;
    set("assistant.threads.setStatus", "status", json!("")).await;
    assert_eq!(control.get(&look).await["assistant"]["status"], "");
    let moved = json!({
        "user": "bob", "channel": begun["channel"], "thread_ts": begun["thread_ts"], "context": "approvals",
    });
    control.post("assistant", moved).await;
    let changed = socket.event("assistant_thread_context_changed").await;
    assert_eq!(changed["assistant_thread"]["context"]["channel_id"], channel(&running, "approvals").as_str());
}

#[tokio::test]
async fn what_is_no_conversation_with_an_agent_is_refused() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let posted = app.ok("chat.postMessage", json!({"channel": general, "text": "x"})).await;
    let title = json!({"channel_id": general, "thread_ts": posted["ts"], "title": "x"});
    assert_eq!(app.error("assistant.threads.setTitle", title).await, "invalid_thread_ts");
    let status = json!({"channel_id": general, "thread_ts": posted["ts"], "status": "is typing…"});
    app.ok("assistant.threads.setStatus", status).await;
    let status = json!({"channel_id": general, "thread_ts": "1.000000", "status": "x"});
    assert_eq!(app.error("assistant.threads.setStatus", status).await, "invalid_thread_ts");
    let status = json!({"channel_id": "C0", "thread_ts": posted["ts"], "status": "x"});
    assert_eq!(app.error("assistant.threads.setStatus", status).await, "channel_not_found");
}

#[tokio::test]
async fn blocks_are_judged_without_being_sent() {
    let running = start().await;
    let app = App::new(&running);
    let fine = json!([{"type": "divider"}]);
    app.ok("blocks.validate", json!({"blocks": fine})).await;
    app.ok("blocks.validate", json!({"view": home("x")})).await;
    app.ok("blocks.validate", json!({"message": {"text": "x", "blocks": fine}})).await;
    let bad = json!([{"type": "header", "text": {"type": "plain_text", "text": "x".repeat(151)}}]);
    let answer = app.call("blocks.validate", json!({"blocks": bad})).await;
    assert_eq!(answer["error"], "invalid_blocks");
    assert!(answer["response_metadata"]["messages"][0].as_str().unwrap().contains("/blocks/0/text"));
    assert_eq!(app.error("blocks.validate", json!({"message": {"blocks": bad}})).await, "invalid_message");
    assert_eq!(app.error("blocks.validate", json!({"view": {"type": "home"}})).await, "invalid_view");
    assert_eq!(app.error("blocks.validate", json!({})).await, "invalid_arguments");
}

#[tokio::test]
async fn files_are_listed_told_of_and_deleted() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let general = channel(&running, "general");
    let announced = app.ok("files.getUploadURLExternal", json!({"filename": "a.txt", "length": 3})).await;
    app.http.post(announced["upload_url"].as_str().unwrap()).body("abc").send().await.unwrap();
    let id = announced["file_id"].clone();
    assert_eq!(app.ok("files.list", json!({})).await["files"], json!([]), "not before it is completed");
    let complete = json!({"files": [{"id": id, "title": "A"}], "channel_id": general});
    app.ok("files.completeUploadExternal", complete).await;
    let shared = socket.event("file_shared").await;
    assert_eq!((&shared["file_id"], &shared["channel_id"]), (&id, &json!(general)));
    let listed = app.ok("files.list", json!({"channel": general, "types": "snippets"})).await;
    assert_eq!((&listed["files"][0]["id"], &listed["paging"]["total"]), (&id, &json!(1)));
    assert_eq!(app.ok("files.list", json!({"types": "images"})).await["files"], json!([]));
    let alice = app.with_token(&running.ready().user_token);
    assert_eq!(alice.error("files.delete", json!({"file": id})).await, "cant_delete_file");
    app.ok("files.delete", json!({"file": id})).await;
    assert_eq!(socket.event("file_deleted").await["file_id"], id);
    assert_eq!(app.error("files.info", json!({"file": id})).await, "file_not_found");
    assert_eq!(running.messages(&general)[0]["files"][0]["mode"], "tombstone");
}
