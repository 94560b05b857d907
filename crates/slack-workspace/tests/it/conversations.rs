//! `conversations.*`.

use serde_json::{Value, json};

use crate::client::{App, channel, start, user};
use crate::control::Control;

#[tokio::test]
async fn channels_are_listed_by_type() {
    let running = start().await;
    let app = App::new(&running);
    let list = app.ok("conversations.list", json!({})).await;
    let mut names: Vec<&str> =
        list["channels"].as_array().unwrap().iter().map(|channel| channel["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["approvals", "general", "security-alerts"]);
    let ims = app.ok("conversations.list", json!({"types": "im,mpim"})).await;
    assert_eq!(ims["channels"], json!([]));
    assert_eq!(app.error("conversations.list", json!({"types": "moon"})).await, "invalid_types");
}

#[tokio::test]
async fn a_direct_message_is_opened_once() {
    let running = start().await;
    let app = App::new(&running);
    let bob = user(&running, "bob");
    let missing = json!({"users": bob, "prevent_creation": true});
    assert_eq!(app.error("conversations.open", missing).await, "channel_not_found");
    let first = app.ok("conversations.open", json!({"users": bob})).await;
    let second = app.ok("conversations.open", json!({"users": bob, "return_im": true})).await;
    assert_eq!(first["channel"]["id"], second["channel"]["id"]);
    assert_eq!(second["already_open"], true);
    assert_eq!(second["channel"]["user"], bob.as_str());
    assert_eq!(app.error("conversations.open", json!({})).await, "users_list_not_supplied");
    assert_eq!(app.error("conversations.open", json!({"users": "U0"})).await, "user_not_found");
    let group = format!("{bob},{}", user(&running, "carol"));
    let group = app.ok("conversations.open", json!({"users": group})).await;
    assert!(group["channel"]["id"].as_str().unwrap().starts_with('G'));
}

#[tokio::test]
async fn a_private_channel_is_hidden_from_those_outside() {
    let running = start().await;
    let app = App::new(&running);
    let made = Control::new(&running).post("channels", json!({"name": "secret", "private": true})).await;
    let secret = made["channel"]["id"].clone();
    for method in ["conversations.info", "conversations.history", "conversations.members", "conversations.join"] {
        assert_eq!(app.error(method, json!({"channel": secret})).await, "channel_not_found", "{method}");
    }
    assert_eq!(app.error("chat.postMessage", json!({"channel": secret, "text": "x"})).await, "channel_not_found");
}

#[tokio::test]
async fn a_public_channel_can_be_joined() {
    let running = start().await;
    let app = App::new(&running);
    let made = Control::new(&running).post("channels", json!({"name": "new"})).await;
    let new = made["channel"]["id"].clone();
    assert_eq!(app.error("conversations.history", json!({"channel": new})).await, "not_in_channel");
    let joined = app.ok("conversations.join", json!({"channel": new})).await;
    assert_eq!(joined["channel"]["is_member"], true);
    assert_eq!(app.ok("conversations.join", json!({"channel": new})).await["warning"], "already_in_channel");
    app.ok("conversations.history", json!({"channel": new})).await;
    let members = app.ok("conversations.members", json!({"channel": new})).await;
    assert!(members["members"].as_array().unwrap().contains(&json!(running.ready().bot_user_id)));
    let info = app.ok("conversations.info", json!({"channel": new, "include_num_members": true})).await;
    assert_eq!(info["channel"]["num_members"], 4);
}

#[tokio::test]
async fn history_is_newest_first_in_pages_and_bounds() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let mut stamps = Vec::new();
    for number in 0..5 {
        let posted = app.ok("chat.postMessage", json!({"channel": general, "text": number.to_string()})).await;
        stamps.push(posted["ts"].clone());
    }
    let texts = |answer: &Value| -> String {
        answer["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap()).collect()
    };
    let first = app.ok("conversations.history", json!({"channel": general, "limit": 2})).await;
    assert_eq!(texts(&first), "43");
    assert_eq!(first["has_more"], true);
    let cursor = first["response_metadata"]["next_cursor"].clone();
    let args = json!({"channel": general, "limit": 10, "cursor": cursor});
    assert_eq!(texts(&app.ok("conversations.history", args).await), "210");
    let bounds =
        |inclusive: bool| json!({"channel": general, "oldest": stamps[1], "latest": stamps[3], "inclusive": inclusive});
    assert_eq!(texts(&app.ok("conversations.history", bounds(false)).await), "2");
    assert_eq!(texts(&app.ok("conversations.history", bounds(true)).await), "321");
    let bad = json!({"channel": general, "oldest": "x"});
    assert_eq!(app.error("conversations.history", bad).await, "invalid_ts_oldest");
}

#[tokio::test]
async fn replies_live_in_their_thread() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let parent = app.ok("chat.postMessage", json!({"channel": general, "text": "parent"})).await["ts"].clone();
    let reply = |text: &str, broadcast: bool| json!({"channel": general, "text": text, "thread_ts": parent, "reply_broadcast": broadcast});
    let one = app.ok("chat.postMessage", reply("one", false)).await;
    app.ok("chat.postMessage", reply("two", true)).await;
    let thread = app.ok("conversations.replies", json!({"channel": general, "ts": parent})).await;
    let texts: Vec<&Value> = thread["messages"].as_array().unwrap().iter().map(|m| &m["text"]).collect();
    assert_eq!(texts, ["parent", "one", "two"]);
    assert_eq!(thread["messages"][0]["reply_count"], 2);
    let shown = app.ok("conversations.history", json!({"channel": general})).await;
    assert_eq!(shown["messages"].as_array().unwrap().len(), 2, "a reply is in the channel only when broadcast");
    app.ok("chat.delete", json!({"channel": general, "ts": one["ts"]})).await;
    let thread = app.ok("conversations.replies", json!({"channel": general, "ts": parent})).await;
    assert_eq!(thread["messages"][0]["reply_count"], 1);
    let nowhere = json!({"channel": general, "ts": "1.000000"});
    assert_eq!(app.error("conversations.replies", nowhere).await, "thread_not_found");
    app.ok("chat.delete", json!({"channel": general, "ts": parent})).await;
    let thread = app.ok("conversations.replies", json!({"channel": general, "ts": parent})).await;
    assert_eq!(thread["messages"][0]["subtype"], "tombstone");
}

#[tokio::test]
async fn a_thread_is_paged_to_its_end_with_every_message_once() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let parent = app.ok("chat.postMessage", json!({"channel": general, "text": "0"})).await["ts"].clone();
    for number in 1..4 {
        app.ok("chat.postMessage", json!({"channel": general, "text": number.to_string(), "thread_ts": parent})).await;
    }
    for limit in 1..5 {
        let (mut texts, mut cursor) = (String::new(), String::new());
        for _ in 0..5 {
            let args = json!({"channel": general, "ts": parent, "limit": limit, "cursor": cursor});
            let page = app.ok("conversations.replies", args).await;
            page["messages"].as_array().unwrap().iter().for_each(|m| texts.push_str(m["text"].as_str().unwrap()));
            page["response_metadata"]["next_cursor"].as_str().unwrap().clone_into(&mut cursor);
            assert_eq!(page["has_more"], !cursor.is_empty());
            if cursor.is_empty() {
                break;
            }
        }
        assert_eq!((texts.as_str(), cursor.as_str()), ("0123", ""), "limit {limit}");
    }
}

#[tokio::test]
async fn metadata_is_given_only_when_asked_for() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let metadata = json!({"event_type": "asked", "event_payload": {"id": 1}});
    app.ok("chat.postMessage", json!({"channel": general, "text": "x", "metadata": metadata})).await;
    let without = app.ok("conversations.history", json!({"channel": general})).await;
    assert!(without["messages"][0].get("metadata").is_none());
    let with = app.ok("conversations.history", json!({"channel": general, "include_all_metadata": true})).await;
    assert_eq!(with["messages"][0]["metadata"], metadata);
    let bad = json!({"channel": general, "text": "x", "metadata": {"event_type": 1}});
    assert_eq!(app.error("chat.postMessage", bad).await, "invalid_metadata_schema");
}
