//! `usergroups.*`, people, sessions, revocation.

use serde_json::{Value, json};

use crate::client::{App, channel, start, user};
use crate::control::Control;

#[tokio::test]
async fn a_user_group_is_made_filled_and_disabled() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let made = app.ok("usergroups.create", json!({"name": "On call", "handle": "oncall"})).await["usergroup"].clone();
    let id = &made["id"];
    assert!(id.as_str().unwrap().starts_with('S'));
    assert_eq!(socket.event("subteam_created").await["subteam"]["handle"], "oncall");
    assert_eq!(app.error("usergroups.create", json!({"name": "On call"})).await, "name_already_exists");
    let taken = json!({"name": "Other", "handle": "oncall"});
    assert_eq!(app.error("usergroups.create", taken).await, "handle_already_exists");
    let (alice, bob) = (user(&running, "alice"), user(&running, "bob"));
    let users = json!({"usergroup": id, "users": format!("{alice},{bob}")});
    let updated = app.ok("usergroups.users.update", users).await["usergroup"].clone();
    assert_eq!(updated["user_count"], 2);
    let changed = socket.event("subteam_members_changed").await;
    assert_eq!((&changed["subteam_id"], &changed["added_users_count"]), (id, &json!(2)));
    let listed = app.ok("usergroups.users.list", json!({"usergroup": id})).await["users"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    app.ok("usergroups.update", json!({"usergroup": id, "description": "Who is awake"})).await;
    let all = app.ok("usergroups.list", json!({"include_users": true, "include_count": true})).await;
    assert_eq!(all["usergroups"][0]["description"], "Who is awake");
    assert_eq!(all["usergroups"][0]["users"], listed);
    app.ok("usergroups.disable", json!({"usergroup": id})).await;
    assert_eq!(app.ok("usergroups.list", json!({})).await["usergroups"], json!([]));
    let disabled = app.ok("usergroups.list", json!({"include_disabled": true})).await;
    assert!(disabled["usergroups"][0]["date_delete"].as_u64().unwrap() > 0);
    app.ok("usergroups.enable", json!({"usergroup": id})).await;
    assert_eq!(app.ok("usergroups.list", json!({})).await["usergroups"][0]["date_delete"], 0);
}

#[tokio::test]
async fn user_groups_refuse_what_is_not_there() {
    let running = start().await;
    let app = App::new(&running);
    assert_eq!(app.error("usergroups.users.list", json!({"usergroup": "S0"})).await, "no_such_subteam");
    let made = app.ok("usergroups.create", json!({"name": "x"})).await["usergroup"]["id"].clone();
    let bot = &running.ready().bot_user_id;
    assert_eq!(app.error("usergroups.users.update", json!({"usergroup": made, "users": bot})).await, "invalid_users");
    let none = json!({"usergroup": made, "users": ""});
    assert_eq!(app.error("usergroups.users.update", none).await, "no_users_provided");
    assert_eq!(app.error("usergroups.create", json!({"name": "y", "handle": "A b"})).await, "bad_handle");
}

#[tokio::test]
async fn people_have_profiles_presence_and_conversations() {
    let running = start().await;
    let app = App::new(&running);
    let bob = user(&running, "bob");
    let profile = app.ok("users.profile.get", json!({"user": bob})).await["profile"].clone();
    assert_eq!((&profile["display_name"], &profile["email"]), (&json!("bob"), &json!("bob@countersign.example")));
    assert_eq!(app.ok("users.getPresence", json!({"user": bob})).await["presence"], "active");
    app.ok("users.setPresence", json!({"presence": "away"})).await;
    let own = app.ok("users.getPresence", json!({})).await;
    assert_eq!((&own["presence"], &own["manual_away"]), (&json!("away"), &json!(true)));
    assert_eq!(app.error("users.setPresence", json!({"presence": "gone"})).await, "invalid_presence");
    let rooms = app.ok("users.conversations", json!({"user": bob, "limit": 2})).await;
    assert_eq!(rooms["channels"].as_array().unwrap().len(), 2);
    let cursor = rooms["response_metadata"]["next_cursor"].clone();
    let rest = app.ok("users.conversations", json!({"user": bob, "limit": 2, "cursor": cursor})).await;
    assert_eq!(rest["channels"].as_array().unwrap().len(), 1);
    assert_eq!(app.error("users.conversations", json!({"user": "U0"})).await, "user_not_found");
    assert_eq!(app.ok("emoji.list", json!({})).await["emoji"], json!({}));
}

#[tokio::test]
async fn a_new_person_is_told_of() {
    let running = start().await;
    let mut socket = App::hearing(&running, &["team_join"]).await.connect().await;
    Control::new(&running).post("users", json!({"name": "dave"})).await;
    assert_eq!(socket.event("team_join").await["user"]["name"], "dave");
}

#[tokio::test]
async fn an_administrator_signs_people_out() {
    let running = start().await;
    let app = App::new(&running);
    let alice = app.with_token(&running.ready().user_token);
    let bob = user(&running, "bob");
    let team = &running.ready().team_id;
    let of_bob = json!({"user_id": bob, "team_id": team});
    let sessions = alice.ok("admin.users.session.list", of_bob.clone()).await["active_sessions"].clone();
    let session = sessions[0]["session_id"].clone();
    let wrong = json!({"user_id": bob, "session_id": 1});
    assert_eq!(alice.error("admin.users.session.invalidate", wrong).await, "session_not_found");
    let right = json!({"user_id": bob, "session_id": session});
    alice.ok("admin.users.session.invalidate", right).await;
    assert_eq!(alice.error("admin.users.session.list", of_bob).await, "no_active_sessions");
    let carol = user(&running, "carol");
    alice.ok("admin.users.session.reset", json!({"user_id": carol})).await;
    let of_carol = json!({"user_id": carol, "team_id": team});
    assert_eq!(alice.error("admin.users.session.list", of_carol).await, "no_active_sessions");
    let bulk = json!({"user_ids": [bob, running.ready().bot_user_id]});
    assert_eq!(alice.error("admin.users.session.resetBulk", bulk).await, "failed_for_some_users");
    alice.ok("admin.users.session.resetBulk", json!({"user_ids": [bob]})).await;
    let reset = async |id: &str| alice.error("admin.users.session.reset", json!({"user_id": id})).await;
    assert_eq!(reset(running.ready().bot_user_id.as_str()).await, "cannot_reset_bot");
    assert_eq!(reset(user(&running, "alice").as_str()).await, "cannot_reset_primary_owner");
    assert_eq!(reset("U0").await, "user_not_found");
    assert_eq!(app.error("admin.users.session.reset", json!({"user_id": bob})).await, "not_allowed_token_type");
}

#[tokio::test]
async fn a_revoked_bot_is_gone_and_its_app_stays_and_hears_of_it() {
    let running = start().await;
    let app = App::hearing(&running, &["tokens_revoked", "app_uninstalled"]).await;
    let bot = app.ok("auth.test", json!({})).await["user_id"].clone();
    let mut socket = app.connect().await;
    let general = channel(&running, "general");
    app.ok("conversations.join", json!({"channel": general})).await;
    assert_eq!(app.ok("auth.revoke", json!({"test": true})).await["revoked"], false);
    assert_eq!(app.ok("auth.revoke", json!({})).await["revoked"], true);
    let revoked = socket.next().await;
    assert_eq!(revoked["payload"]["event"]["tokens"], json!({"oauth": [], "bot": [bot]}));
    socket.ack(&revoked, Value::Null).await;
    assert_eq!(app.error("auth.test", json!({})).await, "token_revoked");
    let other = App::new(&running);
    let members: Value = other.ok("conversations.members", json!({"channel": general})).await["members"].clone();
    assert!(!members.as_array().unwrap().contains(&bot));
    assert_eq!(other.ok("users.info", json!({"user": bot})).await["user"]["deleted"], true);
    app.connect().await;
}
