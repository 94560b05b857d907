//! Apps that are handed their events one by one.

use std::{num::NonZeroUsize, time::Duration};

use countersign_slack_cli::{
    Code,
    activity::Level,
    run::{Ending, Options},
};
use countersign_slack_workspace::{JournalEntry, Running};
use rstest::rstest;
use serde_json::{Value, json};

use super::{Gate, Going, SOON, Told, options, project};
use crate::world::{World, manifest};

/// A manifest with two commands.
fn with_commands() -> Value {
    let mut manifest = manifest();
    manifest["oauth_config"]["scopes"]["bot"].as_array_mut().unwrap().push(json!("commands"));
    let command = |name: &str| json!({"command": name, "description": "D", "should_escape": false});
    manifest["features"]["slash_commands"] = json!([command("/ask"), command("/other")]);
    manifest
}

/// A project whose `start` is this shell script; `$B` is the boundary, `$EVENT` the event.
async fn shell(script: &str) -> World {
    let config =
        json!({"protocol-version": ["message-boundaries"], "watch": {"manifest": {"paths": ["manifest.json"]}}});
    let world = project(json!({"start": "sh start.sh"}), config).await;
    world.write("manifest.json", &with_commands().to_string());
    world.write("start.sh", &format!("B=${{2#--boundary=}}\nEVENT=$(cat)\n{script}\n"));
    world
}

/// Says something to the app, in a channel that it is in.
async fn mention(going: &Going, channel: &str, text: &str) {
    let bot = going.joins(channel).await;
    going.world.slack.person("alice").unwrap().type_in(channel, &format!("<@{bot}> {text}")).unwrap();
}

#[tokio::test]
async fn a_mention_is_answered_by_a_plain_shell_script() {
    let world = shell(
        r#"CHANNEL=$(printf %s "$EVENT" | sed 's/.*"channel":"\([^"]*\)".*/\1/')
        curl -sf -H "Authorization: Bearer $SLACK_BOT_TOKEN" -d "channel=$CHANNEL" -d text=hello "${SLACK_API_URL}chat.postMessage" >&2"#,
    )
    .await;
    let mut going = Going::connected(world, options()).await;
    mention(&going, "general", "hi").await;
    going.world.slack.person("alice").unwrap().sees("general", "hello").await.unwrap();
    assert_eq!(going.world.talk.warnings(), [""; 0]);
    going.interrupt().await;
}

#[tokio::test]
async fn a_hook_is_told_whose_event_it_is() {
    let world = shell(r#"printf '%s' "$EVENT" >&2; echo "; xapp=$SLACK_CLI_XAPP; $SLACK_APP_TOKEN." >&2"#).await;
    world.write(".env", "GREETING=hello\n");
    let mut going = Going::connected(world, options()).await;
    mention(&going, "general", "hi").await;
    going.world.talk.streams("; xapp=; xapp-1-").await;
    let streamed = going.world.talk.streamed();
    let input: Value = serde_json::from_str(streamed.split("; xapp=").next().unwrap()).unwrap();
    assert_eq!(input["body"]["event"]["type"], "app_mention");
    let (context, ready) = (&input["context"], going.world.slack.ready());
    assert_eq!(context["app_id"], going.app());
    assert_eq!(context["team_id"], ready.team_id.as_str());
    assert!(context["bot_access_token"].as_str().unwrap().starts_with("xoxb-"));
    assert_eq!(context["variables"], json!({"GREETING": "hello", "SLACK_API_URL": ready.api_url}));
    going.interrupt().await;
}

#[tokio::test]
async fn a_commands_answer_is_what_the_hook_answers() {
    let world = shell(r#"echo noise; printf '%s{"text":"pong"}%s\n' "$B" "$B"; echo more"#).await;
    let mut going = Going::connected(world, options()).await;
    let answer = going.world.slack.person("bob").unwrap().command("general", "/ask", "").await.unwrap();
    assert!(answer.acked);
    assert_eq!(answer.response, Some(json!({"text": "pong"})));
    going.interrupt().await;
}

#[tokio::test]
async fn an_event_is_acknowledged_without_the_answer_that_it_does_not_take() {
    let world = shell(r#"printf '%s{"text":"pong"}%s\n' "$B" "$B"; echo answered >&2"#).await;
    let mut going = Going::connected(world, options()).await;
    mention(&going, "general", "hi").await;
    let is_ack = |entry: &JournalEntry| entry.kind == "ack";
    let ack = going.world.slack.wait_for_journal(is_ack, SOON).await.unwrap();
    assert!(ack.value["payload"].is_null(), "{:?}", ack.value);
    going.interrupt().await;
    assert_eq!(going.world.talk.warnings(), [""; 0]);
}

#[tokio::test]
async fn a_slow_hook_is_acknowledged_in_time_and_its_answer_is_said_to_be_late() {
    let world = shell(r#"read LINE < go; printf '%s{"text":"pong"}%s\n' "$B" "$B""#).await;
    let gate = Gate::new(&world);
    let mut going = Going::connected(world, options()).await;
    let answer = going.world.slack.person("bob").unwrap().command("general", "/ask", "").await.unwrap();
    assert!(answer.acked && answer.ack_ms < 3000, "{answer:?}");
    assert_eq!(answer.response, None);
    gate.open();
    let warning = going.world.talk.hears("came too late").await;
    assert!(warning.contains("command /ask"), "{warning}");
    going.interrupt().await;
}

#[tokio::test]
async fn what_waits_for_others_is_acknowledged_in_time_too() {
    let world = shell("echo began >&2; read LINE < go").await;
    let gate = Gate::new(&world);
    let mut going = Going::connected(world, Options { jobs: NonZeroUsize::MIN, ..options() }).await;
    let (bob, alice) = (going.world.slack.person("bob").unwrap(), going.world.slack.person("alice").unwrap());
    let both = tokio::join!(bob.command("general", "/ask", ""), alice.command("approvals", "/other", ""));
    assert!(both.0.unwrap().acked && both.1.unwrap().acked);
    assert_eq!(going.world.talk.streamed().matches("began").count(), 1);
    gate.open();
    going.world.talk.streams("began\nbegan").await;
    gate.open();
    going.interrupt().await;
}

#[tokio::test]
async fn a_failing_hook_is_told_and_its_event_does_not_come_again() {
    let world = shell(r#"echo "handling" >&2; echo "no such thing" >&2; case "$EVENT" in *bad*) exit 3;; esac"#).await;
    let mut going = Going::connected(world, options()).await;
    mention(&going, "general", "bad").await;
    let warning = going.world.talk.hears("event app_mention in C").await;
    assert!(warning.contains("was not handled") && warning.contains("sdk_hook_invocation_failed"), "{warning}");
    assert!(warning.contains('3'), "{warning}");
    // Slack would have tried again by now.
    going.world.slack.advance_clock(Duration::from_hours(3)).unwrap();
    mention(&going, "approvals", "good").await;
    going.world.talk.streams("handling\nno such thing\nhandling\nno such thing").await;
    assert_eq!(going.world.talk.streamed().matches("handling").count(), 2);
    going.interrupt().await;
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_told_and_ends_nothing() {
    let world = shell(
        r#"case "$EVENT" in *bad*) printf '%s{"text":%s\n' "$B" "$B";; *) printf '%s{"text":"pong"}%s\n' "$B" "$B";; esac"#,
    )
    .await;
    let mut going = Going::connected(world, options()).await;
    let bob = going.world.slack.person("bob").unwrap();
    let answer = bob.command("general", "/ask", "bad").await.unwrap();
    assert!(answer.acked && answer.response.is_none(), "{answer:?}");
    let warning = going.world.talk.hears("command /ask in C").await;
    assert!(warning.contains("unable_to_parse_json"), "{warning}");
    assert_eq!(bob.command("general", "/ask", "").await.unwrap().response, Some(json!({"text": "pong"})));
    going.interrupt().await;
}

#[tokio::test]
async fn order_is_kept_in_a_channel_while_others_go_on() {
    let world = shell(
        r#"case "$EVENT" in
            *first*) echo "[first" >&2; read LINE < go; echo "first]" >&2;;
            *second*) echo "[second]" >&2;;
            *elsewhere*) echo "[elsewhere]" >&2;;
        esac"#,
    )
    .await;
    let gate = Gate::new(&world);
    let mut going = Going::connected(world, options()).await;
    let (bot, _) = (going.joins("general").await, going.joins("approvals").await);
    let alice = going.world.slack.person("alice").unwrap();
    alice.type_in("general", &format!("<@{bot}> first")).unwrap();
    going.world.talk.streams("[first").await;
    alice.type_in("general", &format!("<@{bot}> second")).unwrap();
    alice.type_in("approvals", &format!("<@{bot}> elsewhere")).unwrap();
    going.world.talk.streams("[elsewhere]").await;
    gate.open();
    going.world.talk.streams("[second]").await;
    assert_eq!(going.world.talk.streamed(), "[first\n[elsewhere]\nfirst]\n[second]\n");
    going.interrupt().await;
}

#[rstest]
#[case::soon("warning", false)]
#[case::now("refresh_requested", false)]
#[case::cut("drop", true)]
#[tokio::test]
async fn a_connection_that_slack_ends_is_opened_again(#[case] fault: &str, #[case] is_told: bool) {
    let world = shell(r#"printf '%s{"text":"pong"}%s\n' "$B" "$B""#).await;
    let mut going = Going::connected(world, options()).await;
    let opened = going.world.calls("apps.connections.open");
    going.world.slack.fault(&json!({"disconnect": fault, "app_id": going.app()})).unwrap();
    let is_open = |_: &Running| (going.world.calls("apps.connections.open") > opened).then_some(());
    going.world.slack.wait(is_open, SOON).await.unwrap();
    if is_told {
        going.world.talk.hears("the connection to Slack was lost").await;
    }
    let bob = going.world.slack.person("bob").unwrap();
    let mut answer = bob.command("general", "/ask", "").await.unwrap();
    while is_told && !answer.acked {
        // The new connection is not greeted yet.
        tokio::task::yield_now().await;
        answer = bob.command("general", "/ask", "").await.unwrap();
    }
    assert_eq!(answer.response, Some(json!({"text": "pong"})));
    assert_eq!(going.world.talk.warnings().len(), usize::from(is_told));
    going.interrupt().await;
}

#[tokio::test]
async fn a_connection_that_slack_switches_off_ends_the_run() {
    let mut going = Going::connected(shell("true").await, options()).await;
    going.world.slack.fault(&json!({"disconnect": "link_disabled", "app_id": going.app()})).unwrap();
    let failure = going.ended().await.unwrap_err();
    assert_eq!(failure.code(), &Code::SocketConnection);
    assert!(failure.remedies()[0].contains("socket_mode_enabled"), "{failure:?}");
}

#[tokio::test]
async fn an_edited_manifest_is_brought_to_slack() {
    let mut going = Going::connected(shell("true").await, options()).await;
    let mut manifest = with_commands();
    manifest["display_information"]["name"] = "Renamed".into();
    going.world.write("manifest.json", &manifest.to_string());
    going.world.talk.hears("Manifest change detected: manifest.json, reinstalling app...").await;
    going.world.talk.hears("App successfully reinstalled").await;
    let settings = going.world.manifest_of(&going.app()).await;
    assert_eq!(settings["display_information"]["name"], "Renamed (local)");
    going.interrupt().await;
}

#[tokio::test]
async fn a_manifest_that_slack_refuses_is_told_and_the_app_goes_on() {
    let world = shell(r#"printf '%s{"text":"pong"}%s\n' "$B" "$B""#).await;
    let mut going = Going::connected(world, options()).await;
    going.world.write("manifest.json", r#"{"display_information": {}}"#);
    let warning = going.world.talk.hears("the app was not reinstalled").await;
    assert!(warning.contains("invalid_manifest") && warning.contains("/display_information"), "{warning}");
    let answer = going.world.slack.person("bob").unwrap().command("general", "/ask", "").await.unwrap();
    assert_eq!(answer.response, Some(json!({"text": "pong"})));
    going.interrupt().await;
}

#[tokio::test]
async fn what_was_cleaned_up_is_not_there_any_more() {
    let mut going = Going::connected(shell("true").await, Options { ending: Ending::CleanUp, ..options() }).await;
    let app = going.app();
    going.interrupt().await;
    assert_eq!(going.world.json(".slack/apps.dev.json"), json!({}));
    let status = going.world.slack("apps.status", json!({"app_ids": [app]})).await;
    assert_eq!(status["apps"], json!([]));
}

#[tokio::test]
async fn what_is_kept_is_found_by_the_next_run() {
    let mut going = Going::connected(shell("true").await, options()).await;
    let app = going.app();
    going.interrupt().await;
    let world = going.world;
    let lines = world.talk.lines().len();
    let mut again = Going::start(world, options());
    let is_connected = |_: &Running| (again.world.calls("apps.connections.open") > 1).then_some(());
    again.world.slack.wait(is_connected, SOON).await.unwrap();
    assert_eq!((again.app(), again.world.calls("apps.manifest.create")), (app, 1));
    assert!(again.world.talk.lines().len() > lines);
    again.interrupt().await;
}

#[tokio::test]
async fn what_goes_on_when_it_is_interrupted_comes_to_its_end() {
    let world = shell("echo begun > $TELL; read LINE < go; echo ended > $TELL").await;
    let mut told = Told::new(&world);
    let gate = Gate::new(&world);
    let mut going = Going::connected(world, options()).await;
    mention(&going, "general", "hi").await;
    assert_eq!(told.next().await, "begun");
    going.stop.cancel();
    gate.open();
    assert_eq!(told.next().await, "ended");
    going.interrupt().await;
    assert_eq!(going.world.talk.warnings(), [""; 0]);
}

#[tokio::test]
async fn what_the_app_logs_at_slack_is_told() {
    let world = shell("true").await;
    let mut manifest = with_commands();
    manifest["functions"] = json!({"greet": {
        "title": "Greet", "description": "Greets", "input_parameters": {}, "output_parameters": {},
    }});
    manifest["settings"]["org_deploy_enabled"] = json!(true);
    world.write("manifest.json", &manifest.to_string());
    let mut going = Going::connected(world, Options { activity: Some(Level::Info), ..options() }).await;
    going.world.control("function", &json!({"app_id": going.app(), "callback_id": "greet"})).await;
    let line = going.world.talk.hears("[info]").await;
    assert!(line.contains("greet"), "{line}");
    going.interrupt().await;
}

#[tokio::test]
async fn too_much_that_comes_at_once_is_handled_by_and_by() {
    let world = shell("echo handled >&2").await;
    let mut going = Going::connected(world, Options { jobs: NonZeroUsize::new(2).unwrap(), ..options() }).await;
    let bot = going.joins("general").await;
    for number in 0..40 {
        let text = format!("<@{bot}> {number}");
        going.world.slack.person("alice").unwrap().type_in("general", &text).unwrap();
    }
    going.world.talk.streams(&"handled\n".repeat(40)).await;
    going.interrupt().await;
    assert_eq!(going.world.talk.streamed(), "handled\n".repeat(40));
}

/// Brings an edited manifest to Slack as far as to its hook, which waits at the gate.
async fn begin_to_reinstall(going: &Going) {
    let script = "B=${3#--boundary=}; cat manifest.json >copy; echo asked >&2; read LINE < go; printf %s $B; cat copy; printf %s $B";
    going.world.write("get-manifest.sh", script);
    edit(going, "First");
    going.world.talk.streams("asked").await;
}

fn edit(going: &Going, name: &str) {
    let mut manifest = with_commands();
    manifest["display_information"]["name"] = name.into();
    going.world.write("manifest.json", &manifest.to_string());
}

#[tokio::test]
async fn what_is_edited_while_it_is_brought_to_slack_is_brought_there_too() {
    let world = shell("true").await;
    let gate = Gate::new(&world);
    let mut going = Going::connected(world, options()).await;
    begin_to_reinstall(&going).await;
    edit(&going, "Second");
    let noticed = || going.world.talk.lines().iter().filter(|line| line.contains("Manifest change detected")).count();
    while noticed() < 2 {
        tokio::task::yield_now().await;
    }
    gate.open();
    gate.open();
    going.world.talk.hears("App successfully reinstalled").await;
    let settings = going.world.manifest_of(&going.app()).await;
    assert_eq!(settings["display_information"]["name"], "Second (local)");
    going.interrupt().await;
}

#[tokio::test]
async fn a_connection_that_ends_while_the_app_is_reinstalled_is_opened_again() {
    let world = shell(r#"printf '%s{"text":"pong"}%s\n' "$B" "$B""#).await;
    let gate = Gate::new(&world);
    let mut going = Going::connected(world, options()).await;
    begin_to_reinstall(&going).await;
    going.world.slack.fault(&json!({"disconnect": "link_disabled", "app_id": going.app()})).unwrap();
    going.world.talk.hears("waiting for the app to be reinstalled").await;
    gate.open();
    going.world.talk.hears("App successfully reinstalled").await;
    let bob = going.world.slack.person("bob").unwrap();
    let mut answer = bob.command("general", "/ask", "").await.unwrap();
    while !answer.acked {
        // The new connection is not greeted yet.
        tokio::task::yield_now().await;
        answer = bob.command("general", "/ask", "").await.unwrap();
    }
    assert_eq!(answer.response, Some(json!({"text": "pong"})));
    going.interrupt().await;
}
