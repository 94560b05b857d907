//! Bringing an app to where it runs.

use countersign_slack::client::{Client, RawCall, Token};
use countersign_slack_cli::{
    AppChoice, Code, Failure,
    app::{self, AppKind, Overwrite},
    deploy::{self, Deployed, Triggers, Way},
};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::world::{World, manifest};

async fn world(hooks: Value) -> World {
    let mut all = json!({"get-manifest": "cat manifest.json #"});
    all.as_object_mut().unwrap().extend(hooks.as_object().unwrap().clone());
    // The deploy hook is always called without flags, whatever protocol the others speak.
    let config = json!({"protocol-version": ["message-boundaries", "default"]});
    let world = World::with_hooks(&json!({"hooks": all, "config": config})).await;
    world.write("manifest.json", &manifest().to_string());
    world
}

async fn deployed(world: &World) -> Result<Deployed, Failure> {
    deploy::deploy(&world.session, Triggers::Offered).await
}

/// Whom a token belongs to, as Slack sees it.
async fn whose(world: &World, token: &str) -> Value {
    let mut session = world.session.clone();
    session.settings.token = Some(SecretString::from(token.to_owned()));
    let account = countersign_slack_cli::account::Account::choose(&session).await.unwrap();
    account.api.call("auth.test", &json!({})).await.unwrap()
}

#[tokio::test]
async fn the_app_is_installed_and_then_the_script_has_its_tokens_and_no_flags() {
    let world = world(json!({"deploy": "./deploy.sh"})).await;
    world.script(
        "deploy.sh",
        "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$SLACK_BOT_TOKEN\" \"$SLACK_APP_TOKEN\" \"$SLACK_API_URL\" \"$PWD\" > deployed\n",
    );
    let deployed = deployed(&world).await.unwrap();
    assert_eq!((deployed.way, deployed.app.kind), (Way::Script, AppKind::Deployed));
    let written = world.read("deployed");
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines[0], "0", "{written}");
    assert_eq!(lines[3], world.slack.ready().api_url);
    assert_eq!(lines[4], world.root().to_str().unwrap());
    let bot = whose(&world, lines[1]).await;
    assert!(bot["bot_id"].is_string(), "{bot}");
    assert!(lines[2].starts_with("xapp-"), "{written}");

    let team = world.slack.ready().team_id.as_str().to_owned();
    assert_eq!(world.json(".slack/apps.json")["apps"][&team]["app_id"], deployed.app.id.as_str());
    let settings = world.manifest_of(deployed.app.id.as_str()).await;
    assert_eq!(settings["display_information"]["name"], "Orders", "a deployed app is not called local");
}

#[tokio::test]
async fn deploying_again_updates_the_same_app() {
    let world = world(json!({"deploy": "true"})).await;
    let first = deployed(&world).await.unwrap();
    let mut changed = manifest();
    changed["display_information"]["name"] = "Orders 2".into();
    world.write("manifest.json", &changed.to_string());
    let second = deployed(&world).await.unwrap();
    assert_eq!(first.app.id, second.app.id);
    assert_eq!(world.calls("apps.manifest.create"), 1);
    let settings = world.manifest_of(second.app.id.as_str()).await;
    assert_eq!(settings["display_information"]["name"], "Orders 2");
}

#[rstest]
#[case::an_exit_code("exit 7 #", Code::SdkHookInvocationFailed, "exit status 7", 1)]
#[case::a_signal("kill -TERM $$ #", Code::ProcessInterrupted, "signal 15", 130)]
#[case::no_such_program("./nothing", Code::SdkHookInvocationFailed, "exit status 127", 1)]
#[tokio::test]
async fn how_the_script_ended_is_told(
    #[case] command: &str,
    #[case] code: Code,
    #[case] message: &str,
    #[case] exit: u8,
) {
    let world = world(json!({"deploy": command})).await;
    let failure = deployed(&world).await.unwrap_err();
    assert_eq!((failure.code(), failure.exit()), (&code, exit), "{failure:?}");
    assert!(failure.to_string().contains(message), "{failure}");
    assert!(failure.details().iter().any(|line| line.contains(command)), "{failure:?}");
}

#[tokio::test]
async fn a_project_that_cannot_be_deployed_changes_nothing_at_slack() {
    let world = world(json!({"deploy": ""})).await;
    let failure = deployed(&world).await.unwrap_err();
    assert_eq!(*failure.code(), Code::SdkHookNotFound);
    assert!(failure.to_string().contains("no deploy script found"), "{failure}");
    assert!(failure.remedies().iter().any(|remedy| remedy.contains("slack run")), "{failure:?}");
    assert_eq!(world.calls("apps.manifest.create") + world.calls("apps.developerInstall"), 0);
}

#[tokio::test]
async fn a_local_app_is_not_deployed() {
    let mut world = world(json!({"deploy": "true"})).await;
    let (project, account) = (world.open().await, world.account().await);
    let local = app::install(&world.session, &project, &account, AppKind::Local, Overwrite::Ask).await.unwrap();
    for choice in [AppChoice::Local, AppChoice::Id(local.app.id)] {
        world.session.settings.app = Some(choice);
        let failure = deployed(&world).await.unwrap_err();
        assert_eq!(*failure.code(), Code::LocalAppNotSupported, "{failure:?}");
    }
    assert_eq!(world.calls("apps.manifest.create"), 1);
}

#[tokio::test]
async fn a_manifest_that_slack_refuses_runs_no_script() {
    let world = world(json!({"deploy": "touch deployed #"})).await;
    world.write("manifest.json", r#"{"display_information": {}}"#);
    let failure = deployed(&world).await.unwrap_err();
    assert_eq!(*failure.code(), Code::InvalidManifest, "{failure:?}");
    assert!(!world.root().join("deployed").exists());
}

/// A project whose app Slack runs, with a build hook that is this script.
async fn hosted(build: &str) -> World {
    let world = world(json!({})).await;
    let hooks = json!({
        "runtime": "deno1.x", "hooks": {"get-manifest": "cat manifest.json #", "build": "./build.sh"},
        "config": {"protocol-version": ["message-boundaries", "default"]},
    });
    world.write(".slack/hooks.json", &hooks.to_string());
    let mut manifest = manifest();
    manifest["settings"]["function_runtime"] = "slack".into();
    world.write("manifest.json", &manifest.to_string());
    // As the command line calls it: --source="..." --output="..." and the protocol's flags.
    let head = "#!/bin/sh\nset -e\nfor argument; do case $argument in\n--source=*) source=${argument#*=};;\n--output=*) output=${argument#*=};;\nesac; done\n";
    world.script("build.sh", &format!("{head}{build}\n"));
    world
}

/// What Slack has deployed, as only its control API tells.
async fn deployments(world: &World) -> Vec<Value> {
    let ready = world.slack.ready();
    let client = Client::new(ready.control_url.parse().unwrap()).unwrap();
    let token = Token::new(&ready.control_token).unwrap();
    let answer = client.raw(Some(&token), "deployments", RawCall::new("GET").unwrap()).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    answer["deployments"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_app_that_slack_runs_is_built_packed_sent_and_deployed() {
    let world = hosted(
        "mkdir -p \"$output/functions\"\ncp \"$source/manifest.json\" \"$output\"\nprintf 'export default 1' > \"$output/functions/greet.js\"",
    )
    .await;
    let Deployed { app, way } = deployed(&world).await.unwrap();
    assert_eq!((way, app.kind), (Way::Hosted, AppKind::Deployed));
    let found = deployments(&world).await;
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&found["app_id"], &found["runtime"]), (&json!(app.id), &json!("deno")));
    assert_eq!(found["files"], json!(["functions/greet.js", "manifest.json"]));
    let status = world.slack("apps.status", json!({"app_ids": [app.id]})).await;
    assert_eq!((&status["apps"][0]["is_hosted"], &status["apps"][0]["is_installed"]), (&json!(true), &json!(true)));
    let logged = world.slack("apps.activities.list", json!({"app_id": app.id})).await;
    assert_eq!(logged["activities"][0]["event_type"], "function_deployment");

    assert_eq!(deployed(&world).await.unwrap().app.id, app.id);
    let found = deployments(&world).await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["sha256"], found[1]["sha256"], "the same project makes the same archive");
}

#[tokio::test]
async fn what_was_built_without_a_manifest_is_not_deployed_and_the_reason_is_told() {
    let world = hosted("echo 1 > \"$output/greet.js\"").await;
    let failure = deployed(&world).await.unwrap_err();
    assert_eq!(failure.code().as_str(), "file_rejected", "{failure:?}");
    assert!(failure.details().iter().any(|line| line.contains("no manifest.json at its top")), "{failure:?}");
    assert!(failure.remedies().iter().any(|line| line.contains("--output")), "{failure:?}");
    assert!(deployments(&world).await.is_empty());
}

#[tokio::test]
async fn a_build_that_fails_sends_nothing() {
    let world = hosted("echo 1 > \"$output/manifest.json\"; echo no such module >&2; exit 3").await;
    let failure = deployed(&world).await.unwrap_err();
    assert_eq!(*failure.code(), Code::SdkHookInvocationFailed, "{failure:?}");
    assert_eq!(world.calls("apps.hosted.generatePresignedPost"), 0);
}

#[tokio::test]
async fn a_build_that_builds_nothing_sends_nothing() {
    let world = hosted("true").await;
    let failure = deployed(&world).await.unwrap_err();
    assert_eq!(*failure.code(), Code::AppNotHosted, "{failure:?}");
    assert!(failure.to_string().contains("built nothing"), "{failure}");
    assert_eq!(world.calls("apps.hosted.generatePresignedPost"), 0);
}

#[tokio::test]
async fn an_app_that_runs_elsewhere_is_not_handed_to_slack_and_nothing_is_changed_there() {
    let world = world(json!({"build": "touch built #"})).await;
    let failure = deployed(&world).await.unwrap_err();
    assert_eq!(*failure.code(), Code::AppNotHosted, "{failure:?}");
    assert!(failure.details().iter().any(|line| line.contains("function_runtime")), "{failure:?}");
    assert_eq!(world.calls("apps.manifest.create") + world.calls("apps.developerInstall"), 0);
    assert!(!world.root().join("built").exists());
}

#[tokio::test]
async fn the_first_trigger_of_a_deployed_app_is_offered_and_one_that_fails_undoes_nothing() {
    let world = world(json!({"deploy": "true"})).await;
    let hooks = json!({"hooks": {"get-manifest": "cat manifest.json #", "deploy": "true"}, "config": {"trigger-paths": ["triggers/"]}});
    world.write(".slack/hooks.json", &hooks.to_string());
    let definition = json!({"type": "shortcut", "name": "Greet", "workflow": "#/workflows/greet"});
    world.write("triggers/greet.json", &definition.to_string());
    world.talk.answer(0);
    // The manifest has no such workflow.
    deployed(&world).await.unwrap();
    assert!(world.talk.warnings().iter().any(|line| line.contains("workflow_not_found")), "{:?}", world.talk);
    let mut with_workflow = manifest();
    with_workflow["workflows"] = json!({"greet": {"title": "Greet", "steps": []}});
    world.write("manifest.json", &with_workflow.to_string());
    world.talk.answer(0);
    let app = deployed(&world).await.unwrap().app;
    let listed = world.slack("workflows.triggers.list", json!({"app_id": app.id})).await;
    assert_eq!(listed["triggers"][0]["name"], "Greet");
    let asked = world.calls("workflows.triggers.list");
    deploy::deploy(&world.session, Triggers::Hidden).await.unwrap();
    assert_eq!(world.calls("workflows.triggers.list"), asked);
}
