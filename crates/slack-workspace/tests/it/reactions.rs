//! `reactions.*` and `pins.*`.

use serde_json::json;

use crate::client::{App, channel, start, user};
use crate::control::Control;

#[tokio::test]
async fn a_reaction_is_added_read_back_and_removed() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let posted = running.post_message(&bob, &general, "ship it").unwrap();
    let bot = running.ready().bot_user_id.as_str();
    let at = json!({"channel": general, "timestamp": posted["ts"], "name": "eyes"});
    app.ok("reactions.add", at.clone()).await;
    assert_eq!(app.error("reactions.add", at.clone()).await, "already_reacted");
    let got = app.ok("reactions.get", at.clone()).await;
    assert_eq!(got["message"]["reactions"], json!([{"name": "eyes", "users": [bot], "count": 1}]));
    assert!(got["message"]["permalink"].is_string());
    let listed = app.ok("reactions.list", json!({})).await;
    assert_eq!(listed["items"][0]["message"]["ts"], posted["ts"]);
    assert_eq!(listed["paging"]["total"], 1);
    let history = app.ok("conversations.history", json!({"channel": general})).await;
    assert_eq!(history["messages"][0]["reactions"][0]["count"], 1);
    app.ok("reactions.remove", at.clone()).await;
    assert_eq!(app.error("reactions.remove", at).await, "no_reaction");
    let added = socket.event("reaction_added").await;
    assert_eq!((&added["user"], &added["item_user"]), (&json!(bot), &json!(bob)));
    assert_eq!(added["item"], json!({"type": "message", "channel": general, "ts": posted["ts"]}));
    assert!(added["event_ts"].is_string());
    assert_eq!(socket.event("reaction_removed").await["reaction"], "eyes");
}

#[tokio::test]
async fn what_cannot_be_reacted_to_is_refused() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let posted = app.ok("chat.postMessage", json!({"channel": general, "text": "x"})).await;
    let add = async |ts: &serde_json::Value, name: &str| {
        app.error("reactions.add", json!({"channel": general, "timestamp": ts, "name": name})).await
    };
    assert_eq!(add(&posted["ts"], "Not An Emoji").await, "invalid_name");
    assert_eq!(add(&posted["ts"], "").await, "invalid_name");
    assert_eq!(add(&json!("yesterday"), "eyes").await, "bad_timestamp");
    assert_eq!(add(&json!("1.000000"), "eyes").await, "message_not_found");
    assert_eq!(app.error("reactions.get", json!({"channel": general})).await, "no_item_specified");
    assert_eq!(app.error("reactions.add", json!({"channel": general})).await, "invalid_arguments");
}

#[tokio::test]
async fn a_person_reacts_through_the_control_api() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let general = channel(&running, "general");
    let posted = app.ok("chat.postMessage", json!({"channel": general, "text": "x"})).await;
    let control = Control::new(&running);
    let reaction = json!({"user": "alice", "channel": "general", "ts": posted["ts"], "name": "white_check_mark"});
    control.post("reaction", reaction.clone()).await;
    assert_eq!(socket.event("reaction_added").await["user"], user(&running, "alice").as_str());
    let mut reaction = reaction;
    reaction["remove"] = json!(true);
    control.post("reaction", reaction).await;
    assert_eq!(socket.event("reaction_removed").await["reaction"], "white_check_mark");
    assert!(running.messages(&general)[0].get("reactions").is_none());
}

#[tokio::test]
async fn a_message_is_pinned_and_counted() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let general = channel(&running, "general");
    let posted = app.ok("chat.postMessage", json!({"channel": general, "text": "rules"})).await;
    let at = json!({"channel": general, "timestamp": posted["ts"]});
    app.ok("pins.add", at.clone()).await;
    assert_eq!(app.error("pins.add", at.clone()).await, "already_pinned");
    let pins = app.ok("pins.list", json!({"channel": general})).await;
    assert_eq!(pins["items"][0]["message"]["text"], "rules");
    assert_eq!(pins["items"][0]["message"]["pinned_to"], json!([general]));
    assert_eq!(app.ok("conversations.history", json!({"channel": general})).await["pin_count"], 1);
    let added = socket.event("pin_added").await;
    assert_eq!((&added["channel_id"], &added["pin_count"]), (&json!(general), &json!(1)));
    assert_eq!(added["item"]["message"]["ts"], posted["ts"]);
    app.ok("pins.remove", at.clone()).await;
    assert_eq!(app.error("pins.remove", at.clone()).await, "no_pin");
    assert_eq!(socket.event("pin_removed").await["has_pins"], false);
    app.ok("pins.add", at.clone()).await;
    app.ok("chat.delete", json!({"channel": general, "ts": posted["ts"]})).await;
    assert_eq!(app.ok("pins.list", json!({"channel": general})).await["items"], json!([]));
    assert_eq!(app.error("pins.add", at).await, "message_not_found");
}
