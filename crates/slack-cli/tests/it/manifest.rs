//! Manifests: what the project says, what Slack has, and what it takes.

use countersign_slack_cli::{Code, manifest as manifests};
use serde_json::{Value, json};

use crate::world::{World, manifest};

#[tokio::test]
async fn the_projects_manifest_is_what_its_hook_answers() {
    let world = World::start().await;
    let read = manifests::of_project(&world.session, &world.open().await, None).await.unwrap();
    assert_eq!(Value::Object(read), manifest());
}

#[tokio::test]
async fn what_a_hook_says_before_its_manifest_is_left_out_in_both_protocols() {
    let default = "echo 'reading {it}'; cat manifest.json\n";
    let boundaries = "for flag; do case $flag in --boundary=*) b=${flag#*=};; esac; done\n\
                      echo reading; printf '%s' \"$b\"; cat manifest.json; printf '%s\\n' \"$b\"; echo done\n";
    for (protocol, script) in [("default", default), ("message-boundaries", boundaries)] {
        let world = World::start().await;
        world.write("get-manifest.sh", script);
        let hooks = json!({
            "hooks": {"get-manifest": "sh get-manifest.sh"}, "config": {"protocol-version": [protocol]},
        });
        world.write(".slack/hooks.json", &hooks.to_string());
        let read = manifests::of_project(&world.session, &world.open().await, None).await.unwrap();
        assert_eq!(Value::Object(read), manifest(), "{protocol}");
    }
}

#[tokio::test]
async fn a_manifest_of_megabytes_arrives_whole() {
    let world = World::start().await;
    let mut large = manifest();
    large["functions"] = (0..3000).map(|n| (format!("f{n}"), json!({"title": "x".repeat(500)}))).collect();
    world.write("manifest.json", &large.to_string());
    let read = manifests::of_project(&world.session, &world.open().await, None).await.unwrap();
    assert_eq!(Value::Object(read), large);
}

#[tokio::test]
async fn validation_names_places_and_warnings() {
    let world = World::start().await;
    let api = world.account().await.api;
    let object = |value: Value| value.as_object().unwrap().clone();
    assert!(manifests::validate(&api, &object(manifest()), None).await.unwrap().is_empty());

    let mut scopeless = manifest();
    scopeless["oauth_config"]["scopes"]["bot"] = json!(["chat:write"]);
    let warnings = manifests::validate(&api, &object(scopeless), None).await.unwrap();
    assert!(warnings[0].text.starts_with("/settings/event_subscriptions/bot_events: app_mention"), "{warnings:?}");

    let failure = manifests::validate(&api, &object(json!({})), None).await.unwrap_err();
    assert_eq!(failure.code(), &Code::InvalidManifest);
    assert_eq!(failure.details(), ["/display_information/name: missing required field: name"]);
}

#[tokio::test]
async fn an_app_that_is_gone_is_no_fault_of_the_manifest() {
    let world = World::start().await;
    let api = world.account().await.api;
    let manifest = manifest().as_object().unwrap().clone();
    let failure = manifests::validate(&api, &manifest, Some(&"A00000000X".into())).await.unwrap_err();
    assert_eq!(failure.code(), &Code::Api("app_not_found".to_owned()));
}
