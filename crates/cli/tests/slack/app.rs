//! `app`, `manifest`, `activity`.

use countersign_slack::client::{Client, RawCall, Token};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::world::{World, manifest};

#[tokio::test]
async fn an_app_is_installed_listed_uninstalled_and_deleted() {
    let world = World::start().await;
    let id = world.slack(&["app", "install", "--environment", "local"]).await.fine().to_owned();
    let team = world.slack.ready().team_id.to_string();
    assert_eq!(world.json(".slack/apps.dev.json")[&team]["app_id"], id.as_str());
    let settings = world.ask("apps.manifest.export", json!({"app_id": id})).await;
    assert_eq!(settings["manifest"]["display_information"]["name"], "Orders (local)");

    let status = async || {
        let listed = world.slack(&["app", "list", "--json"]).await.value();
        listed[0]["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status().await, "installed");
    world.slack(&["app", "uninstall"]).await.failed("mismatched_flags");
    world.slack(&["app", "uninstall", "--yes"]).await.fine();
    assert_eq!(status().await, "uninstalled");
    assert_eq!(world.slack(&["app", "install"]).await.fine(), id, "the only app is meant");
    assert_eq!(status().await, "installed");
    world.slack(&["app", "delete", "--yes"]).await.fine();
    let gone = world.ask("apps.manifest.export", json!({"app_id": id})).await;
    assert_eq!(gone["error"], "app_not_found");
    assert_eq!(world.slack(&["app", "list", "--json"]).await.value(), json!([]));
}

#[tokio::test]
async fn an_app_that_there_is_is_linked_and_unlinked() {
    let world = World::start().await;
    let created = world.ask("apps.manifest.create", json!({"manifest": manifest()})).await;
    let id = created["app_id"].as_str().unwrap();
    world.slack(&["app", "link"]).await.failed("invalid_args");
    world.slack(&["app", "link", "--app", id]).await.failed("mismatched_flags");
    world.slack(&["app", "link", "--app", id, "--environment", "deployed"]).await.fine();
    let team = world.slack.ready().team_id.to_string();
    assert_eq!(world.json(".slack/apps.json")["apps"][&team]["app_id"], id);
    assert_eq!(world.slack(&["app", "list"]).await.fine().split_whitespace().nth(4), Some("uninstalled"));
    world.slack(&["app", "unlink", "--app", id]).await.fine();
    assert_eq!(world.json(".slack/apps.json"), json!({"apps": {}}));
    assert_eq!(world.ask("apps.manifest.export", json!({"app_id": id})).await["ok"], true, "Slack was not told");
}

#[tokio::test]
async fn a_token_an_app_and_force_are_enough_for_ci() {
    let world = World::stranger().await;
    let created = world.ask("apps.manifest.create", json!({"manifest": manifest()})).await;
    let id = created["app_id"].as_str().unwrap();
    let mut changed = manifest();
    changed["display_information"]["description"] = json!("From CI");
    world.write("manifest.json", &changed.to_string());
    let token = secrecy::ExposeSecret::expose_secret(&world.slack.ready().cli_token).to_owned();
    let install = ["app", "install", "--token", &token, "--app", id, "-E", "deployed"];
    world.slack(&install).await.failed("app_manifest_update_error");
    world.slack(&[&install[..], &["--force"]].concat()).await.fine();
    let settings = world.ask("apps.manifest.export", json!({"app_id": id})).await;
    assert_eq!(settings["manifest"]["display_information"]["description"], "From CI");
    assert_eq!(world.credentials(), Value::Null);
}

#[tokio::test]
async fn a_manifest_is_shown_and_checked() {
    let world = World::start().await;
    assert_eq!(world.slack(&["manifest"]).await.value(), manifest());
    assert!(world.slack(&["manifest", "info"]).await.fine().starts_with("{\n  \"display_information\""));
    world.slack(&["manifest", "info", "--source", "remote"]).await.failed("installation_required");
    world.slack(&["app", "install", "-E", "local"]).await.fine();
    let remote = world.slack(&["manifest", "info", "--app", "local"]).await.value();
    assert_eq!(remote["display_information"]["name"], "Orders (local)");

    let checked = world.slack(&["manifest", "validate"]).await;
    assert_eq!(checked.fine(), "App Manifest Validation Result: Valid");
    let mut broken = manifest();
    broken["display_information"] = json!({});
    world.write("manifest.json", &broken.to_string());
    let refused = world.slack(&["manifest", "validate"]).await;
    refused.failed("invalid_manifest");
    assert!(refused.stderr.contains("/display_information/name: missing"), "{refused:?}");
}

#[tokio::test]
async fn what_an_app_logs_is_printed() {
    let world = World::start().await;
    let mut manifest = manifest();
    manifest["functions"] = functions();
    world.write("manifest.json", &manifest.to_string());
    let id = world.slack(&["app", "install", "-E", "local"]).await.fine().to_owned();
    assert_eq!(world.slack(&["activity"]).await.fine(), "");
    greet(&world, &id).await;
    let printed = world.slack(&["activity"]).await;
    assert!(printed.fine().contains("[info]") && printed.stdout.contains("greet"), "{printed:?}");
    let line = world.slack(&["activity", "--json", "--limit", "1", "--app", &id]).await.value();
    assert!(line["event_type"].as_str().unwrap().starts_with("function_"), "{line}");
    assert_eq!(world.slack(&["activity", "--level", "loud"]).await.code, Some(2));
}

#[tokio::test]
async fn what_an_app_logs_is_followed_until_somebody_interrupts() {
    let world = World::start().await;
    let mut manifest = manifest();
    manifest["functions"] = functions();
    world.write("manifest.json", &manifest.to_string());
    let id = world.slack(&["app", "install", "-E", "local"]).await.fine().to_owned();
    let mut tail = world.command(&["activity", "--tail", "--interval", "1"]).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        greet(&world, &id).await;
        assert!(lines.next_line().await.unwrap().unwrap().contains("greet"));
    }
    let process = tail.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &process]).status().await.unwrap().success());
    assert_eq!(tail.wait().await.unwrap().code(), Some(130));
}

fn functions() -> Value {
    json!({"greet": {"title": "Greet", "description": "", "input_parameters": {}, "output_parameters": {}}})
}

/// Somebody uses the app's function.
async fn greet(world: &World, app: &str) {
    let ready = world.slack.ready();
    let control = Client::new(ready.control_url.parse().unwrap()).unwrap();
    let call = RawCall::new("POST").unwrap().json(json!({"app_id": app, "callback_id": "greet"}).to_string());
    control.raw(Some(&Token::new(&ready.control_token).unwrap()), "function", call).await.unwrap();
}

#[tokio::test]
async fn outside_of_a_project_one_is_told_so() {
    let world = World::start().await;
    std::fs::remove_dir_all(world.root().join(".slack")).unwrap();
    let ended = world.slack(&["app", "list"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("hint: "), "{ended:?}");
}
