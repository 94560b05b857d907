//! Events beside messages: that they are sent, and what they say.

use serde_json::{Value, json};

use crate::client::{App, channel, start, user};
use crate::control::Control;

#[tokio::test]
async fn a_profile_is_set_read_back_and_told_of() {
    let running = start().await;
    let app = App::hearing(&running, &["user_change", "user_profile_changed", "user_status_changed"]).await;
    let mut socket = app.connect().await;
    let alice = app.with_token(&running.ready().user_token);
    let set = |profile: Value| json!({"profile": profile});
    let status =
        json!({"status_text": "away", "status_emoji": ":palm_tree:", "title": "Owner", "real_name": "Alice A."});
    let answer = alice.ok("users.profile.set", set(status)).await;
    assert_eq!(answer["profile"]["status_text"], "away");
    for kind in ["user_change", "user_profile_changed", "user_status_changed"] {
        let event = socket.event(kind).await;
        assert_eq!(event["user"]["id"], user(&running, "alice").as_str(), "{kind}");
        assert_eq!(event["user"]["profile"]["title"], "Owner");
        assert!(event["cache_ts"].is_u64());
    }
    let read = alice.ok("users.profile.get", json!({})).await;
    assert_eq!(
        (&read["profile"]["status_emoji"], &read["profile"]["real_name"]),
        (&json!(":palm_tree:"), &json!("Alice A."))
    );
    alice.ok("users.profile.set", json!({"name": "title", "value": "Boss"})).await;
    let info = app.ok("users.info", json!({"user": user(&running, "alice")})).await;
    assert_eq!(info["user"]["profile"]["title"], "Boss");
    let bob = json!({"user": user(&running, "bob"), "name": "phone", "value": "1"});
    alice.ok("users.profile.set", bob).await;
    for (profile, error) in [
        (json!("not json"), "invalid_profile"),
        (json!([]), "invalid_profile"),
        (json!({"colour": "red"}), "invalid_profile"),
        (json!({"status_text": "x".repeat(101)}), "too_long"),
        (json!({"status_emoji": "palm"}), "invalid_emoji_not_allowed"),
        (json!({"email": "bob@countersign.example"}), "email_taken"),
        (json!({"status_expiration": "soon"}), "invalid_profile"),
    ] {
        assert_eq!(alice.error("users.profile.set", set(profile.clone())).await, error, "{profile}");
    }
    assert_eq!(app.error("users.profile.set", set(json!({"title": "x"}))).await, "not_allowed_token_type");
}

#[tokio::test]
async fn a_direct_message_is_told_of_when_it_is_made_closed_and_opened() {
    let running = start().await;
    let app = App::hearing(&running, &["im_created", "im_close", "im_open"]).await;
    let mut socket = app.connect().await;
    let bob = user(&running, "bob");
    let im = app.ok("conversations.open", json!({"users": bob})).await["channel"]["id"].clone();
    let created = socket.event("im_created").await;
    assert_eq!((&created["channel"]["id"], &created["channel"]["is_im"]), (&im, &json!(true)));
    app.ok("conversations.close", json!({"channel": im})).await;
    assert_eq!(socket.event("im_close").await["channel"], im);
    app.ok("conversations.open", json!({"users": bob})).await;
    assert_eq!(socket.event("im_open").await["channel"], im);
}

#[tokio::test]
async fn a_channels_whole_life_is_told() {
    let running = start().await;
    let kinds = [
        "channel_created",
        "channel_rename",
        "channel_archive",
        "channel_unarchive",
        "channel_left",
        "channel_deleted",
        "member_joined_channel",
        "member_left_channel",
    ];
    let app = App::hearing(&running, &kinds).await;
    let mut socket = app.connect().await;
    let alice = app.with_token(&running.ready().user_token);
    let made = alice.ok("conversations.create", json!({"name": "life"})).await["channel"].clone();
    let id = &made["id"];
    assert_eq!(socket.event("channel_created").await["channel"]["name"], "life");
    app.ok("conversations.join", json!({"channel": id})).await;
    assert_eq!(&socket.event("member_joined_channel").await["channel"], id);
    alice.ok("conversations.rename", json!({"channel": id, "name": "lives"})).await;
    assert_eq!(socket.event("channel_rename").await["channel"]["name"], "lives");
    alice.ok("conversations.archive", json!({"channel": id})).await;
    assert_eq!(&socket.event("channel_archive").await["channel"], id);
    alice.ok("conversations.unarchive", json!({"channel": id})).await;
    assert_eq!(&socket.event("channel_unarchive").await["channel"], id);
    alice.ok("conversations.invite", json!({"channel": id, "users": user(&running, "bob")})).await;
    assert_eq!(socket.event("member_joined_channel").await["inviter"], user(&running, "alice").as_str());
    alice.ok("conversations.kick", json!({"channel": id, "user": user(&running, "bob")})).await;
    assert_eq!(socket.event("member_left_channel").await["user"], user(&running, "bob").as_str());
    app.ok("conversations.leave", json!({"channel": id})).await;
    assert_eq!(&socket.event("channel_left").await["channel"], id);
    delete(&running, "channels", json!({"channel": id})).await;
    assert_eq!(&socket.event("channel_deleted").await["channel"], id);
    assert_eq!(app.error("conversations.info", json!({"channel": id})).await, "channel_not_found");
    alice.ok("conversations.create", json!({"name": "lives"})).await;
}

async fn delete(running: &countersign_slack_workspace::Running, path: &str, body: Value) {
    let url = format!("{}{path}", running.ready().control_url);
    let secret = secrecy::ExposeSecret::expose_secret(&running.ready().control_token);
    let done = crate::client::http().delete(url).bearer_auth(secret).json(&body).send().await.unwrap();
    assert_eq!(done.status(), 200, "{path}");
}

#[tokio::test]
async fn files_pins_groups_people_and_emoji_are_told_of() {
    let running = start().await;
    let kinds = [
        "file_created",
        "file_shared",
        "file_deleted",
        "pin_added",
        "pin_removed",
        "subteam_created",
        "subteam_updated",
        "subteam_members_changed",
        "team_join",
        "emoji_changed",
    ];
    let app = App::hearing(&running, &kinds).await;
    let mut socket = app.connect().await;
    let general = channel(&running, "general");
    app.ok("conversations.join", json!({"channel": general})).await;

    let announced = app.ok("files.getUploadURLExternal", json!({"filename": "a.txt", "length": 1})).await;
    app.http.post(announced["upload_url"].as_str().unwrap()).body("a").send().await.unwrap();
    let files = json!([{"id": announced["file_id"]}]);
    let shared = json!({"files": files, "channel_id": general});
    let wrong = json!({"files": files, "channel_id": general, "thread_ts": "1.000001"});
    assert_eq!(app.error("files.completeUploadExternal", wrong).await, "thread_not_found");
    app.ok("files.completeUploadExternal", shared).await;
    assert_eq!(socket.event("file_created").await["file_id"], announced["file_id"]);
    assert_eq!(socket.event("file_shared").await["channel_id"], general.as_str());
    app.ok("files.delete", json!({"file": announced["file_id"]})).await;
    assert_eq!(socket.event("file_deleted").await["file_id"], announced["file_id"]);

    let ts = app.ok("chat.postMessage", json!({"channel": general, "text": "pin me"})).await["ts"].clone();
    app.ok("pins.add", json!({"channel": general, "timestamp": ts})).await;
    assert_eq!(socket.event("pin_added").await["item"]["message"]["ts"], ts);
    app.ok("pins.remove", json!({"channel": general, "timestamp": ts})).await;
    assert_eq!(socket.event("pin_removed").await["channel_id"], general.as_str());

    let group = app.ok("usergroups.create", json!({"name": "Ops", "handle": "ops"})).await["usergroup"]["id"].clone();
    assert_eq!(socket.event("subteam_created").await["subteam"]["id"], group);
    app.ok("usergroups.users.update", json!({"usergroup": group, "users": user(&running, "bob")})).await;
    assert_eq!(socket.event("subteam_members_changed").await["subteam_id"], group);
    app.ok("usergroups.update", json!({"usergroup": group, "name": "Operators"})).await;
    assert_eq!(socket.event("subteam_updated").await["subteam"]["name"], "Operators");

    let control = Control::new(&running);
    control.post("users", json!({"name": "zoe"})).await;
    assert_eq!(socket.event("team_join").await["user"]["name"], "zoe");
    control.post("emoji", json!({"name": "shipit", "url": "http://127.0.0.1/s.png"})).await;
    assert_eq!(socket.event("emoji_changed").await["subtype"], "add");
    assert_eq!(app.ok("emoji.list", json!({})).await["emoji"]["shipit"], "http://127.0.0.1/s.png");
    delete(&running, "emoji", json!({"name": "shipit"})).await;
    assert_eq!(socket.event("emoji_changed").await["names"], json!(["shipit"]));
}

#[tokio::test]
async fn an_app_that_hears_too_much_is_told_so_and_gets_no_more() {
    let running = start().await;
    running.fault(&json!({"events_per_hour": 2})).unwrap();
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let (alice, general) = (user(&running, "alice"), channel(&running, "general"));
    for text in ["one", "two", "three", "four"] {
        running.post_message(&alice, &general, text).unwrap();
    }
    assert_eq!(socket.event("message").await["text"], "one");
    assert_eq!(socket.event("message").await["text"], "two");
    running.advance_clock(std::time::Duration::from_hours(1)).unwrap();
    running.post_message(&alice, &general, "five").unwrap();
    assert_eq!(socket.event("message").await["text"], "five");
    let journal = running.journal();
    let told = journal.iter().filter(|entry| entry.value.to_string().contains("app_rate_limited")).count();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn a_base_url_without_api_works() {
    let running = start().await;
    let ready = running.ready();
    let secret = secrecy::ExposeSecret::expose_secret(&ready.bot_token);
    let http = crate::client::http();
    let bare = http.post(format!("{}auth.test", ready.ui_url)).bearer_auth(secret).send().await.unwrap();
    assert_eq!(bare.json::<Value>().await.unwrap()["ok"], true);
    let unknown = http.post(format!("{}chat.noSuchMethod", ready.ui_url)).bearer_auth(secret).send().await.unwrap();
    assert_eq!(
        unknown.json::<Value>().await.unwrap(),
        json!({"ok": false, "error": "unknown_method", "req_method": "chat.noSuchMethod"})
    );
    for path in ["nothing", ".", "..", "a..b", ".hidden"] {
        let status = http.post(format!("{}{path}", ready.ui_url)).send().await.unwrap().status();
        assert!(!status.is_success(), "{path}");
    }
}
