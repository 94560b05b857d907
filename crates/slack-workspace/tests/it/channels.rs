//! `conversations.*` that make, change and people channels.

use serde_json::{Value, json};

use crate::client::{App, channel, start, user};
use crate::control::Control;

async fn create(app: &App<'_>, name: &str) -> Value {
    app.ok("conversations.create", json!({"name": name})).await["channel"]["id"].clone()
}

#[tokio::test]
async fn a_channel_is_made_named_and_described() {
    let running = start().await;
    let app = App::hearing(&running, &["channel_created", "channel_rename"]).await;
    let mut socket = app.connect().await;
    let made = app.ok("conversations.create", json!({"name": "deploys"})).await["channel"].clone();
    assert_eq!(made["is_member"], true);
    let id = &made["id"];
    assert_eq!(socket.event("channel_created").await["channel"]["name"], "deploys");
    app.ok("conversations.setTopic", json!({"channel": id, "topic": "Fridays off"})).await;
    let purpose = app.ok("conversations.setPurpose", json!({"channel": id, "purpose": "Deploying"})).await;
    assert_eq!(purpose["channel"]["purpose"]["value"], "Deploying");
    app.ok("conversations.rename", json!({"channel": id, "name": "releases"})).await;
    let renamed = socket.event("channel_rename").await;
    assert_eq!((&renamed["channel"]["name"], &renamed["channel"]["id"]), (&json!("releases"), id));
    let info = app.ok("conversations.info", json!({"channel": id})).await["channel"].clone();
    assert_eq!((&info["name"], &info["topic"]["value"]), (&json!("releases"), &json!("Fridays off")));
    assert_eq!(info["previous_names"], json!(["deploys"]));
    let history = app.ok("conversations.history", json!({"channel": id})).await;
    let subtypes: Vec<&str> =
        history["messages"].as_array().unwrap().iter().map(|m| m["subtype"].as_str().unwrap()).collect();
    assert_eq!(subtypes, ["channel_name", "channel_purpose", "channel_topic"]);
    app.ok("conversations.setTopic", json!({"channel": id, "topic": ""})).await;
    assert_eq!(app.ok("conversations.info", json!({"channel": id})).await["channel"]["topic"]["value"], "");
}

#[tokio::test]
async fn names_are_checked_as_slack_does() {
    let running = start().await;
    let app = App::new(&running);
    let long = "x".repeat(81);
    for (name, error) in [
        ("", "invalid_name_required"),
        (&*long, "invalid_name_maxlength"),
        ("---", "invalid_name_punctuation"),
        ("Deploys Now", "invalid_name_specials"),
        ("general", "name_taken"),
    ] {
        assert_eq!(app.error("conversations.create", json!({"name": name})).await, error, "{name:?}");
    }
    let general = channel(&running, "general");
    let rename = json!({"channel": general, "name": "other"});
    assert_eq!(app.error("conversations.rename", rename).await, "not_authorized");
    let topic = json!({"channel": general, "topic": "x".repeat(251)});
    assert_eq!(app.error("conversations.setTopic", topic).await, "too_long");
}

#[tokio::test]
async fn scopes_follow_the_kind_of_channel() {
    let running = start().await;
    let narrow = App::made(&running, json!({"name": "Narrow", "scopes": ["channels:manage"]})).await;
    let refused = narrow.call("conversations.create", json!({"name": "hidden", "is_private": true})).await;
    assert_eq!((&refused["error"], &refused["needed"]), (&json!("missing_scope"), &json!("groups:write")));
    narrow.ok("conversations.create", json!({"name": "open"})).await;
}

#[tokio::test]
async fn people_are_invited_kicked_and_leave() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let id = create(&app, "war-room").await;
    let (alice, bob, bot) = (user(&running, "alice"), user(&running, "bob"), &running.ready().bot_user_id);
    let invite = json!({"channel": id, "users": format!("{alice},{bob}")});
    app.ok("conversations.invite", invite.clone()).await;
    let joined = socket.event("member_joined_channel").await;
    assert_eq!((&joined["user"], &joined["inviter"]), (&json!(alice), &json!(bot)));
    assert_eq!(joined["channel_type"], "C");
    let again = app.call("conversations.invite", invite).await;
    assert_eq!((&again["error"], &again["errors"][1]["user"]), (&json!("already_in_channel"), &json!(bob)));
    assert_eq!(app.error("conversations.invite", json!({"channel": id, "users": bot})).await, "cant_invite_self");
    assert_eq!(app.error("conversations.invite", json!({"channel": id, "users": "U0"})).await, "user_not_found");
    let carol = user(&running, "carol");
    let forced = json!({"channel": id, "users": format!("U0,{carol}"), "force": true});
    assert_eq!(app.ok("conversations.invite", forced).await["errors"][0]["error"], "user_not_found");
    app.ok("conversations.kick", json!({"channel": id, "user": bob})).await;
    assert_eq!(socket.event("member_left_channel").await["user"], bob.as_str());
    assert_eq!(app.error("conversations.kick", json!({"channel": id, "user": bob})).await, "not_in_channel");
    let members = app.ok("conversations.members", json!({"channel": id})).await["members"].clone();
    assert!(members.as_array().unwrap().contains(&json!(carol)) && !members.to_string().contains(bob.as_str()));
    app.ok("conversations.leave", json!({"channel": id})).await;
    assert_eq!(socket.event("channel_left").await["channel"], id);
    assert_eq!(app.ok("conversations.leave", json!({"channel": id})).await["not_in_channel"], true);
    assert_eq!(app.error("conversations.setTopic", json!({"channel": id, "topic": "x"})).await, "not_in_channel");
    let general = channel(&running, "general");
    assert_eq!(app.error("conversations.leave", json!({"channel": general})).await, "cant_leave_general");
}

#[tokio::test]
async fn a_channel_is_archived_and_back() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let id = create(&app, "old").await;
    app.ok("conversations.archive", json!({"channel": id})).await;
    assert_eq!(socket.event("channel_archive").await["channel"], id);
    assert_eq!(app.error("conversations.archive", json!({"channel": id})).await, "already_archived");
    assert_eq!(app.error("chat.postMessage", json!({"channel": id, "text": "x"})).await, "is_archived");
    let open = app.ok("conversations.list", json!({"exclude_archived": true})).await;
    assert!(!open["channels"].to_string().contains(id.as_str().unwrap()));
    app.ok("conversations.unarchive", json!({"channel": id})).await;
    assert_eq!(socket.event("channel_unarchive").await["channel"], id);
    assert_eq!(app.error("conversations.unarchive", json!({"channel": id})).await, "not_archived");
    app.ok("chat.postMessage", json!({"channel": id, "text": "x"})).await;
    let general = channel(&running, "general");
    assert_eq!(app.error("conversations.archive", json!({"channel": general})).await, "cant_archive_general");
}

#[tokio::test]
async fn reading_and_closing_are_remembered() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let posted = app.ok("chat.postMessage", json!({"channel": general, "text": "x"})).await;
    app.ok("conversations.mark", json!({"channel": general, "ts": posted["ts"]})).await;
    let info = app.ok("conversations.info", json!({"channel": general})).await;
    assert_eq!(info["channel"]["last_read"], posted["ts"]);
    assert_eq!(app.error("conversations.mark", json!({"channel": general, "ts": "x"})).await, "invalid_timestamp");
    let bob = user(&running, "bob");
    let im = app.ok("conversations.open", json!({"users": bob})).await["channel"]["id"].clone();
    app.ok("conversations.close", json!({"channel": im})).await;
    assert_eq!(app.ok("conversations.info", json!({"channel": im})).await["channel"]["is_open"], false);
    assert_eq!(app.ok("conversations.close", json!({"channel": im})).await["already_closed"], true);
    let mine = app.ok("users.conversations", json!({"types": "im"})).await;
    assert_eq!(mine["channels"], json!([]));
    app.ok("conversations.open", json!({"users": bob})).await;
    assert_eq!(app.ok("conversations.info", json!({"channel": im})).await["channel"]["is_open"], true);
    let close = json!({"channel": general});
    assert_eq!(app.error("conversations.close", close).await, "method_not_supported_for_channel_type");
}

#[tokio::test]
async fn joining_is_told_once() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let made = Control::new(&running).post("channels", json!({"name": "new"})).await;
    let id = made["channel"]["id"].clone();
    app.ok("conversations.join", json!({"channel": id})).await;
    let bot = running.ready().bot_user_id.as_str();
    let message = socket.event("message").await;
    assert_eq!((&message["subtype"], &message["user"]), (&json!("channel_join"), &json!(bot)));
    assert_eq!(socket.event("member_joined_channel").await["user"], bot);
    app.ok("conversations.join", json!({"channel": id})).await;
    let history = app.ok("conversations.history", json!({"channel": id})).await;
    assert_eq!(history["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bookmarks_stand_in_their_channel() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let add = json!({"channel_id": general, "title": "Runbook", "type": "link", "link": "https://run.example/book"});
    let made = app.ok("bookmarks.add", add).await["bookmark"].clone();
    assert!(made["id"].as_str().unwrap().starts_with("Bk"));
    let edit = json!({"channel_id": general, "bookmark_id": made["id"], "title": "Book", "emoji": ":book:"});
    app.ok("bookmarks.edit", edit).await;
    let listed = app.ok("bookmarks.list", json!({"channel_id": general})).await["bookmarks"].clone();
    assert_eq!((&listed[0]["title"], &listed[0]["link"]), (&json!("Book"), &made["link"]));
    let bad = json!({"channel_id": general, "title": "x", "type": "folder"});
    assert_eq!(app.error("bookmarks.add", bad).await, "invalid_bookmark_type");
    let bad = json!({"channel_id": general, "title": "x", "type": "link", "link": "javascript:1"});
    assert_eq!(app.error("bookmarks.add", bad).await, "invalid_link");
    let one = json!({"channel_id": general, "bookmark_id": made["id"]});
    app.ok("bookmarks.remove", one.clone()).await;
    assert_eq!(app.error("bookmarks.remove", one).await, "not_found");
    assert_eq!(app.ok("bookmarks.list", json!({"channel_id": general})).await["bookmarks"], json!([]));
}
