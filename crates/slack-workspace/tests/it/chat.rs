//! `chat.*`.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::client::{App, channel, start, user};

#[tokio::test]
async fn a_message_is_posted_changed_and_removed() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "*hi*"}}]);
    let posted = app.ok("chat.postMessage", json!({"channel": general, "text": "hi", "blocks": blocks})).await;
    assert_eq!(posted["message"]["bot_profile"]["name"], "Countersign");
    assert!(posted["message"]["blocks"][0]["block_id"].is_string());
    let args = json!({"channel": general, "ts": posted["ts"], "text": "bye"});
    let updated = app.ok("chat.update", args.clone()).await;
    assert_eq!(updated["text"], "bye");
    assert!(updated["message"].get("blocks").is_none(), "blocks left out are removed");
    assert!(updated["message"]["edited"]["ts"].is_string());
    app.ok("chat.delete", json!({"channel": general, "ts": posted["ts"]})).await;
    assert_eq!(app.error("chat.update", args).await, "message_not_found");
    assert!(running.messages(&general).is_empty());
}

#[tokio::test]
async fn only_own_messages_can_be_changed() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let posted = running.post_message(&user(&running, "bob"), &general, "mine").unwrap();
    let args = json!({"channel": general, "ts": posted["ts"], "text": "x"});
    assert_eq!(app.error("chat.update", args.clone()).await, "cant_update_message");
    assert_eq!(app.error("chat.delete", args).await, "cant_delete_message");
}

#[tokio::test]
async fn content_is_checked_whole() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let post = async |args: Value| {
        let mut args = args;
        args["channel"] = json!(general);
        app.call("chat.postMessage", args).await
    };
    assert_eq!(post(json!({})).await["error"], "no_text");
    let many = json!(vec![json!({"type": "divider"}); 51]);
    let answer = post(json!({"text": "x", "blocks": many})).await;
    assert_eq!(answer["error"], "invalid_blocks");
    let long = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(3001)}}]);
    let answer = post(json!({"text": "x", "blocks": long})).await;
    let message = answer["response_metadata"]["messages"][0].as_str().unwrap();
    assert!(message.contains("[json-pointer:/blocks/0/text/text]"), "{message}");
    assert_eq!(post(json!({"text": "x", "blocks": "{"})).await["error"], "invalid_blocks_format");
    assert_eq!(post(json!({"text": "x", "markdown_text": "y"})).await["error"], "markdown_text_conflict");
    assert_eq!(post(json!({"text": "x", "attachments": vec![json!({}); 101]})).await["error"], "too_many_attachments");
    assert!(running.messages(&general).is_empty(), "nothing of a refused message is posted");
    let cut = post(json!({"text": "é".repeat(40_001)})).await;
    assert_eq!(cut["warning"], "message_truncated");
    assert_eq!(cut["message"]["text"].as_str().unwrap().chars().count(), 40_000);
    let args = json!({"channel": general, "ts": cut["ts"], "text": "x".repeat(40_001)});
    assert_eq!(app.error("chat.update", args).await, "msg_too_long");
}

#[tokio::test]
async fn a_users_id_is_their_direct_message() {
    let running = start().await;
    let app = App::new(&running);
    let bob = user(&running, "bob");
    let posted = app.ok("chat.postMessage", json!({"channel": bob, "text": "psst"})).await;
    assert!(posted["channel"].as_str().unwrap().starts_with('D'));
    assert_eq!(running.im(&bob).unwrap().as_str(), posted["channel"].as_str().unwrap());
    let again = app.ok("chat.postMessage", json!({"channel": bob, "text": "psst"})).await;
    assert_eq!(again["channel"], posted["channel"]);
    assert_ne!(again["ts"], posted["ts"]);
    assert_eq!(app.error("chat.postMessage", json!({"channel": "C0", "text": "x"})).await, "channel_not_found");
}

#[tokio::test]
async fn an_ephemeral_message_is_seen_by_one() {
    let running = start().await;
    let app = App::new(&running);
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let args = json!({"channel": general, "user": bob, "text": "only you"});
    let posted = app.ok("chat.postEphemeral", args).await;
    assert!(posted["message_ts"].is_string());
    assert_eq!(running.ephemerals(&general, &bob).len(), 1);
    assert!(running.ephemerals(&general, &user(&running, "carol")).is_empty());
    assert!(running.messages(&general).is_empty());
    let args = json!({"channel": general, "user": "U0", "text": "x"});
    assert_eq!(app.error("chat.postEphemeral", args).await, "user_not_in_channel");
    let args = json!({"channel": general, "ts": posted["message_ts"], "text": "x"});
    assert_eq!(app.error("chat.update", args).await, "message_not_found");
}

#[tokio::test]
async fn a_permalink_points_at_the_message() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let posted = app.ok("chat.postMessage", json!({"channel": general, "text": "x"})).await;
    let ts = posted["ts"].as_str().unwrap();
    let link = app.ok("chat.getPermalink", json!({"channel": general, "message_ts": ts})).await;
    let end = format!("/archives/{general}/p{}", ts.replace('.', ""));
    assert!(link["permalink"].as_str().unwrap().ends_with(&end), "{link}");
    let args = json!({"channel": general, "message_ts": "1.000000"});
    assert_eq!(app.error("chat.getPermalink", args).await, "message_not_found");
}

#[tokio::test]
async fn timestamps_are_unique_and_increase() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let post = || app.ok("chat.postMessage", json!({"channel": general, "text": "x"}));
    let posted = futures_util::future::join_all((0..50).map(|_| post())).await;
    let mut all: Vec<&str> = posted.iter().map(|posted| posted["ts"].as_str().unwrap()).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 50);
    assert!(all.iter().all(|ts| ts.len() == 17));
    let mut last = all.last().copied().unwrap_or_default().to_owned();
    for _ in 0..10 {
        let next = post().await["ts"].as_str().unwrap().to_owned();
        assert!(next > last, "{next} comes after {last}");
        last = next;
    }
}

#[tokio::test]
async fn a_user_token_posts_as_its_person() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let alice = app.with_token(&running.ready().user_token);
    let posted = alice.ok("chat.postMessage", json!({"channel": general, "text": "me"})).await;
    assert_eq!(posted["message"]["user"], user(&running, "alice").as_str());
    let args = json!({"channel": general, "ts": posted["ts"], "text": "x"});
    assert_eq!(app.error("chat.update", args.clone()).await, "cant_update_message");
    alice.ok("chat.update", args).await;
}

#[tokio::test]
async fn an_update_keeps_what_it_leaves_out() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let blocks = json!([{"type": "section", "block_id": "b", "text": {"type": "plain_text", "text": "shown"}}]);
    let full = json!({
        "channel": general, "text": "said", "blocks": blocks, "attachments": [{"text": "below"}],
        "metadata": {"event_type": "asked", "event_payload": {}},
    });
    let ts = app.ok("chat.postMessage", full).await["ts"].clone();
    let update = async |mut args: Value| {
        args["channel"] = json!(general);
        args["ts"] = ts.clone();
        app.ok("chat.update", args).await["message"].clone()
    };
    let only_attachments = update(json!({"attachments": [{"text": "other"}]})).await;
    assert_eq!((&only_attachments["text"], &only_attachments["blocks"][0]["block_id"]), (&json!("said"), &json!("b")));
    assert_eq!(only_attachments["attachments"][0]["text"], "other");
    let only_text = update(json!({"text": "more"})).await;
    assert!(only_text.get("blocks").is_none(), "{only_text}");
    assert_eq!(only_text["attachments"][0]["text"], "other");
    assert_eq!(only_text["metadata"]["event_type"], "asked");
    let nothing_below = update(json!({"text": "more", "attachments": [], "metadata": {}})).await;
    assert!(nothing_below.get("attachments").is_none() && nothing_below.get("metadata").is_none(), "{nothing_below}");
}

#[tokio::test]
async fn metadata_and_nesting_have_limits() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let with = |payload: Value| json!({"channel": general, "text": "x", "metadata": {"event_type": "e", "event_payload": payload}});
    assert_eq!(app.error("chat.postMessage", with(json!({"a": "x".repeat(9000)}))).await, "metadata_too_large");
    let deep = (0..110).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(app.error("chat.postMessage", with(json!({"a": deep}))).await, "invalid_metadata_format");
    let request = app.http.post(app.url("chat.postMessage")).bearer_auth(app.token.expose_secret());
    let answer: Value = request.json(&with(json!({"a": deep}))).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"], "invalid_json");
    let attachment = json!({"channel": general, "text": "x", "attachments": [{"unknown": deep}]});
    assert_eq!(app.error("chat.postMessage", attachment).await, "invalid_attachments");
    assert!(running.messages(&general).is_empty());
    app.ok("chat.postMessage", with(json!({"a": (0..40).fold(json!(1), |inner, _| json!([inner]))}))).await;
}

#[tokio::test]
async fn a_thread_is_told_of_its_parent_and_who_replied() {
    let running = start().await;
    let app = App::new(&running);
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let parent = running.post_message(&bob, &general, "parent").unwrap()["ts"].clone();
    let reply = json!({"channel": general, "text": "one", "thread_ts": parent, "reply_broadcast": true});
    let one = app.ok("chat.postMessage", reply).await["message"].clone();
    assert_eq!((&one["parent_user_id"], &one["root"]["text"]), (&json!(bob), &json!("parent")));
    let alice = app.with_token(&running.ready().user_token);
    let two = json!({"channel": general, "text": "two", "thread_ts": parent});
    let two = alice.ok("chat.postMessage", two).await["ts"].clone();
    let thread = async || app.ok("conversations.replies", json!({"channel": general, "ts": parent})).await;
    assert_eq!(thread().await["messages"][0]["reply_users_count"], 2);
    alice.ok("chat.delete", json!({"channel": general, "ts": two})).await;
    let left = thread().await["messages"][0].clone();
    assert_eq!(left["reply_users"], json!([running.ready().bot_user_id]));
    assert_eq!((&left["reply_count"], &left["latest_reply"]), (&json!(1), &one["ts"]));
    let mine = app.ok("chat.postMessage", json!({"channel": general, "text": "mine"})).await["ts"].clone();
    app.ok("chat.postMessage", json!({"channel": general, "text": "re", "thread_ts": mine})).await;
    app.ok("chat.delete", json!({"channel": general, "ts": mine})).await;
    let gone = running.messages(&general).into_iter().find(|message| message["ts"] == mine).unwrap();
    assert_eq!((&gone["user"], &gone["subtype"]), (&json!("USLACKBOT"), &json!("tombstone")));
    let raise = json!({"channel": general, "ts": mine, "text": "from the dead"});
    assert_eq!(app.error("chat.update", raise).await, "cant_update_message");
}
