//! Apps that hold their connection themselves.

use countersign_slack_cli::{
    Code,
    run::{End, Options},
};
use serde_json::{Value, json};

use super::{Going, SOON, Told, options, project};
use crate::world::{World, manifest};

/// An app that says which process it is, and which it has started.
const APP: &str = "sleep 1000 & echo $$ > $TELL; echo $! > $TELL; wait\n";

/// A project whose app is `app.sh`, and is watched.
async fn watched(script: &str) -> (World, Told) {
    let watch = json!({"app": {"paths": ["."], "filter-regex": "\\.sh$"}, "manifest": {"paths": ["manifest.json"]}});
    of(script, json!({"sdk-managed-connection-enabled": true, "watch": watch})).await
}

/// A project whose app is `app.sh`, and is not watched.
async fn alone(script: &str) -> (World, Told) {
    of(script, json!({"sdk-managed-connection-enabled": true})).await
}

async fn of(script: &str, config: Value) -> (World, Told) {
    let world = project(json!({"start": "sh app.sh"}), config).await;
    let told = Told::new(&world);
    world.write("app.sh", script);
    (world, told)
}

/// Waits until a process is gone, or nobody but its parent knows of it any more.
pub(super) async fn is_gone(pid: &str) {
    let stat = format!("/proc/{pid}/stat");
    let is_there = || {
        let text = std::fs::read_to_string(&stat).unwrap_or_default();
        text.rsplit(") ").next().and_then(|rest| rest.chars().next()).is_some_and(|state| state != 'Z' && state != 'X')
    };
    let gone = async {
        while is_there() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, gone).await.unwrap_or_else(|_| panic!("process {pid} is still there"));
}

#[tokio::test]
async fn an_app_gets_its_tokens_and_its_address() {
    let names = ["SLACK_CLI_XAPP", "SLACK_APP_TOKEN", "SLACK_CLI_XOXB", "SLACK_BOT_TOKEN", "SLACK_API_URL"];
    let script = names.map(|name| format!("echo ${name} > $TELL")).join("\n");
    let (world, mut told) = alone(&script).await;
    let api_url = world.slack.ready().api_url.clone();
    let mut going = Going::start(world, options());
    let mut seen = Vec::new();
    for _ in names {
        seen.push(told.next().await);
    }
    assert!(seen[0].starts_with("xapp-") && seen[2].starts_with("xoxb-"), "{seen:?}");
    assert_eq!((&seen[0], &seen[2], &seen[4]), (&seen[1], &seen[3], &api_url));
    assert_eq!(going.ended().await.unwrap(), End::Done);
}

#[tokio::test]
async fn the_apps_file_is_there_before_the_app_starts() {
    let (world, mut told) = alone("cat .slack/apps.dev.json | tr -d '\\n' > $TELL; echo > $TELL\n").await;
    let mut going = Going::start(world, options());
    let seen: Value = serde_json::from_str(&told.next().await).unwrap();
    assert_eq!(going.ended().await.unwrap(), End::Done);
    assert_eq!(seen, going.world.json(".slack/apps.dev.json"));
    let app = &seen[going.world.slack.ready().team_id.as_str()];
    assert!(app["app_id"].is_string() && app["IsDev"] == true, "{app}");
}

#[tokio::test]
async fn a_file_that_is_named_is_told_under_both_names() {
    let (world, mut told) = alone("echo $SLACK_APP_PATH $SLACK_CLI_CUSTOM_FILE_PATH > $TELL\n").await;
    let file = world.write("other/main.sh", "");
    let mut going = Going::start(world, Options { file: Some("other/main.sh".into()), ..options() });
    assert_eq!(told.next().await, format!("{0} {0}", file.display()));
    assert_eq!(going.ended().await.unwrap(), End::Done);
}

#[tokio::test]
async fn the_apps_exit_code_is_passed_on() {
    let (world, _told) = alone("exit 7\n").await;
    let failure = Going::start(world, options()).ended().await.unwrap_err();
    assert_eq!((failure.code(), failure.exit()), (&Code::SdkHookInvocationFailed, 7));
}

#[tokio::test]
async fn an_app_that_a_signal_ends_was_interrupted() {
    let world = project(json!({"start": "kill -KILL $$;"}), json!({"sdk-managed-connection-enabled": true})).await;
    let failure = Going::start(world, options()).ended().await.unwrap_err();
    assert_eq!((failure.code(), failure.exit()), (&Code::ProcessInterrupted, 130));
}

#[tokio::test]
async fn an_interrupted_run_leaves_no_process_behind() {
    let (world, mut told) = alone(APP).await;
    let mut going = Going::start(world, options());
    let pids = [told.next().await, told.next().await];
    going.interrupt().await;
    for pid in pids {
        is_gone(&pid).await;
    }
}

#[tokio::test]
async fn changed_code_starts_the_app_again_without_an_orphan() {
    let (world, mut told) = watched(APP).await;
    let mut going = Going::start(world, options());
    let mut before = [told.next().await, told.next().await];
    for _ in 0..2 {
        going.world.write("app.sh", &format!("{APP}#\n"));
        let after = [told.next().await, told.next().await];
        // The new one is started when the old one is gone, not before.
        for pid in &before {
            is_gone(pid).await;
        }
        assert_ne!(before, after);
        before = after;
    }
    going.world.talk.hears("App change detected: app.sh, restarting server...").await;
    going.interrupt().await;
    for pid in before {
        is_gone(&pid).await;
    }
}

#[tokio::test]
async fn a_crash_is_told_and_a_change_starts_the_app_again() {
    let (world, mut told) = watched("echo up > $TELL; exit 7\n").await;
    let mut going = Going::start(world, options());
    assert_eq!(told.next().await, "up");
    let warning = going.world.talk.hears("the app exited with code 7").await;
    assert!(warning.contains("waiting for a change"), "{warning}");
    going.world.write("app.sh", "echo again > $TELL; sleep 1000\n");
    assert_eq!(told.next().await, "again");
    going.interrupt().await;
}

#[tokio::test]
async fn an_app_that_cannot_be_started_again_is_told_and_waits() {
    let (world, mut told) = watched(APP).await;
    let mut going = Going::start(world, options());
    let pids = [told.next().await, told.next().await];
    going.world.write(".env", "broken line\n");
    going.world.write("app.sh", APP);
    going.world.talk.hears("the app was not started").await;
    for pid in &pids {
        is_gone(pid).await;
    }
    going.world.write(".env", &format!("TELL={}\n", told.path.display()));
    going.world.write("app.sh", "echo again > $TELL; sleep 1000\n");
    assert_eq!(told.next().await, "again");
    going.interrupt().await;
}

#[tokio::test]
async fn a_variable_that_was_edited_counts_from_the_next_start_on() {
    let (world, mut told) = watched("echo \"hello $WHO\" > $TELL; sleep 1000\n").await;
    let mut going = Going::start(world, options());
    assert_eq!(told.next().await, "hello ");
    going.world.write(".env", &format!("TELL={}\nWHO=world\n", told.path.display()));
    going.world.write("other.sh", "");
    assert_eq!(told.next().await, "hello world");
    going.interrupt().await;
}

#[tokio::test]
async fn new_tokens_reach_the_app_and_the_same_do_not_disturb_it() {
    let (world, mut told) = watched("echo \"bot=$SLACK_BOT_TOKEN\" > $TELL; sleep 1000\n").await;
    let mut bare = manifest();
    bare["oauth_config"]["scopes"]["bot"] = json!([]);
    bare["settings"]["event_subscriptions"]["bot_events"] = json!([]);
    bare["features"] = json!({});
    world.write("manifest.json", &bare.to_string());
    let mut going = Going::start(world, options());
    assert_eq!(told.next().await, "bot=");
    bare["display_information"]["description"] = "the same tokens".into();
    going.world.write("manifest.json", &bare.to_string());
    going.world.talk.hears("App successfully reinstalled").await;
    going.world.write("manifest.json", &manifest().to_string());
    going.world.talk.hears("The app has new tokens, restarting server...").await;
    assert!(told.next().await.starts_with("bot=xoxb-"));
    going.interrupt().await;
}
