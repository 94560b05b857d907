//! Plugins, as the manual's commands write them.

use serde_json::{Value, json};

use crate::fixture::World;

fn tokens(world: &World) -> Value {
    use secrecy::ExposeSecret as _;
    let ready = world.workspace.ready();
    json!({ "SLACK_BOT_TOKEN": ready.bot_token.expose_secret(), "SLACK_APP_TOKEN": ready.app_token.expose_secret() })
}

#[tokio::test]
async fn the_manuals_commands_mean_what_they_say() {
    let world = World::start().await;
    let mut config = tokens(&world);
    config["SLACK_CHANNEL"] = json!("#approvals");
    let slack = json!({ "overwrite": true, "priority": -1, "config": config });
    let made = world.put("/plugins/slack", slack.clone()).await.ok();
    assert_eq!((&made["outcome"], &made["warnings"]), (&json!("created"), &json!([])), "the channel is there");

    let alice = world.workspace.user("alice").unwrap().as_str().to_owned();
    let approver = json!({ "overwrite": true, "groups": ["admin", "sre"], "slack_id": alice });
    let made = world.put("/users/approver@domain.tld", approver).await.ok();
    let team = world.workspace.ready().team_id.as_str().to_owned();
    assert_eq!(made["value"]["slack"], json!([{ "org": team, "user": alice }]), "the team is the app's");

    world.connection("bash-jit").await;
    world.connection("bash").await;
    let on = |connection: &str| json!({ "overwrite": true, "connections": [connection] });
    world.put("/plugins/jit", on("bash-jit:admin;sre")).await.ok();
    world.put("/plugins/review", on("bash:admin;sre")).await.ok();
    let mut slack = slack;
    slack["connections"] = json!(["bash,bash-jit"]);
    assert_eq!(world.put("/plugins/slack", slack.clone()).await.ok()["outcome"], "replaced");
    assert_eq!(world.put("/plugins/slack", slack).await.ok()["outcome"], "unchanged");

    let listed = world.get("/policies").await.ok();
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|view| view["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["jit/bash-jit", "review/bash"]);
    assert_eq!(world.get("/connections/bash").await.ok()["plugins"], json!(["review", "slack"]));
    let plugins = world.get("/plugins").await.ok();
    assert!(!plugins.to_string().contains("xoxb-") && !plugins.to_string().contains("xapp-"), "{plugins}");
    assert_eq!(plugins["items"][0]["connections"], json!({ "bash": ["admin", "sre"] }));
    let kept = world.store.settings("").await.unwrap();
    assert!(kept.iter().all(|(_, text)| !text.contains("xoxb-")), "tokens are sealed in the store");
    world.stop().await;
}

#[tokio::test]
async fn a_channel_that_is_not_there_is_said_at_once() {
    let world = World::start().await;
    let mut config = tokens(&world);
    config["SLACK_CHANNEL"] = json!("aprovals");
    let made = world.put("/plugins/slack", json!({ "config": config })).await.ok();
    assert!(made["warnings"].to_string().contains("#aprovals"), "{made}");
}

#[tokio::test]
async fn a_plugin_is_replaced_only_when_that_is_said() {
    let world = World::start().await;
    world.connection("bash").await;
    world.connection("db").await;
    let on = |overwrite: bool, connection: &str| json!({ "overwrite": overwrite, "connections": [connection] });
    let made = world.put("/plugins/review", on(false, "bash:sre")).await.ok();
    assert!(made["warnings"][0].as_str().unwrap().contains("nobody is in group sre"), "{made}");
    world.put("/plugins/review", on(false, "db:dba")).await.refused(409, "exists");
    assert_eq!(world.put("/plugins/review", on(true, "bash:sre")).await.ok()["outcome"], "unchanged");
    world.put("/plugins/review", on(true, "db:dba")).await.ok();
    let plugin = world.get("/plugins/review").await.ok();
    assert_eq!(plugin["connections"], json!({ "db": ["dba"] }), "it replaces everything that was there");
    world.delete("/policies/review/db").await.refused(409, "of_plugin");
    world.get("/policies/review%2Fdb").await.ok();
    world.delete("/plugins/review").await.ok();
    world.delete("/plugins/review").await.refused(404, "not_found");
    assert_eq!(world.get("/policies").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn a_connection_in_use_says_by_which_plugins() {
    let world = World::start().await;
    world.connection("bash").await;
    let on = json!({ "connections": ["bash:sre"] });
    world.put("/plugins/review", on.clone()).await.ok();
    world.put("/plugins/jit", on).await.ok();
    let answer = world.delete("/connections/bash").await;
    assert_eq!(answer.body["error"]["used_by"], json!(["plugin review", "plugin jit"]));
    answer.refused(409, "in_use");
    world.delete("/plugins/review").await.ok();
    world.delete("/plugins/jit").await.ok();
    world.delete("/connections/bash").await.ok();
}

#[tokio::test]
async fn what_is_wrong_with_a_plugin_is_said() {
    let world = World::start().await;
    world.connection("bash").await;
    for (name, body, field, part) in [
        ("reviw", json!({}), "name", "did you mean `review`?"),
        (
            "review",
            json!({ "connections": ["bsah:sre"] }),
            "connections",
            "there is no connection bsah; did you mean `bash`?",
        ),
        ("review", json!({ "connections": ["bash"] }), "connections", "has no groups"),
        ("slack", json!({ "config": { "SLACK_BOT_TOKEN": "hush" } }), "config", "must be the bot's token"),
        ("slack", json!({ "config": { "SLACK_CHANEL": "x" } }), "config", "did you mean `SLACK_CHANNEL`?"),
        ("slack", json!({}), "config", "needs --config SLACK_BOT_TOKEN="),
    ] {
        let answer = world.put(&format!("/plugins/{name}"), body).await;
        assert_eq!(answer.field(), field, "{}", answer.body);
        let message = answer.refused(422, "invalid");
        assert!(message.contains(part) && !message.contains("hush"), "{message}");
    }
    assert_eq!(world.get("/plugins").await.ok()["items"], json!([]));
}
