//! The app follows the plugin's settings.

use countersign_approval::{Decision, Verdict, Voter};
use countersign_server::render::ids;
use countersign_slack_workspace::Running;
use serde_json::json;

use crate::fixture::{SOON, World, id};

#[tokio::test]
async fn the_app_starts_and_stops_with_its_settings() {
    let world = World::without_slack().await;
    world.connected(|count| count == 0).await;
    world.install("approvals", &[]).await;
    world.connected(|count| count > 0).await;
    let change = world.change();
    world.store.put_setting("plugin/slack", None, change).await.unwrap();
    world.connected(|count| count == 0).await;
    world.stop().await;
}

#[tokio::test]
async fn a_request_from_before_is_shown_once_slack_is_there() {
    let world = World::without_slack().await;
    let request = world.ask("ada", &["sre"]).await;
    world.install("approvals", &[]).await;
    world.shown("approvals", request.id, "⬜").await;
}

#[tokio::test]
async fn three_scopes_are_enough_to_ask_decide_and_tell() {
    let world = World::with_scopes(&["channels:read", "chat:write", "app_mentions:read"]).await;
    let request = world.ask("alice", &["dba"]).await;
    let ts = world.shown("approvals", request.id, "⬜").await;
    world.click("bob", ts, ids::APPROVE).await;
    for channel in ["approvals", "general"] {
        world.shown(channel, request.id, "Approved").await;
    }
    let told = "by bob: alice@example.org wants to run a command on bash";
    let look =
        |running: &Running| running.journal().iter().any(|entry| format!("{entry:?}").contains(told)).then_some(());
    world.workspace.wait(look, SOON).await.expect("the requester is told");
}

#[tokio::test]
async fn a_channel_that_takes_no_message_keeps_nothing_else_from_being_shown() {
    let world = World::start().await;
    let refused = json!({ "fail": { "method": "chat.postMessage", "times": 1, "error": "is_archived" } });
    world.workspace.fault(&refused).unwrap();
    let request = world.ask("ada", &["sre"]).await;
    let voter = Voter::Person(id("alice"));
    let shown_somewhere = |running: &Running| {
        let shown = |name| running.messages(&running.channel(name).unwrap());
        ["approvals", "general"]
            .into_iter()
            .find(|name| shown(name).iter().any(|message| message.to_string().contains(&request.id.short())))
    };
    let channel = world.workspace.wait(shown_somewhere, SOON).await.expect("one channel shows it");
    // It is still open: people may decide elsewhere.
    let decision = Decision { token: request.token, voter, verdict: Verdict::Approve, reason: None };
    world.approvals.decide(decision).await.unwrap();
    world.shown(channel, request.id, "Approved").await;
    assert_eq!(world.approvals.store().parked(10).await.unwrap().len(), 1);
}
