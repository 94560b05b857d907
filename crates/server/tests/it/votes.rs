//! Votes in Slack: several groups, every refusal with its reason, every copy up to date.

use countersign_approval::{Decision, Grant, RequestState, Verdict, Voter};
use countersign_server::render::ids;

use crate::fixture::{World, access, command, id};

#[tokio::test]
async fn two_groups_approve_and_every_copy_says_so() {
    let world = World::start().await;
    let request = world.ask("ada", &["sre", "dba"]).await;
    let ts = world.shown("approvals", request.id, "⬜").await;
    world.shown("general", request.id, "⬜").await;
    world.click("alice", ts, ids::APPROVE).await;
    world.whispered("alice", "Your approval counts. Still needed: 1 of dba.").await;
    world.shown("general", request.id, ": alice").await;
    world.click("bob", ts, ids::APPROVE).await;
    for channel in ["approvals", "general"] {
        world.shown(channel, request.id, "Approved").await;
    }
    let state = world.approvals.store().request_state(request.id).await.unwrap().unwrap();
    assert!(matches!(state, RequestState::Approved { .. }), "{state:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_vote_from_elsewhere_is_shown_everywhere() {
    let world = World::start().await;
    let request = world.ask("ada", &["sre"]).await;
    world.shown("approvals", request.id, "⬜").await;
    world.shown("general", request.id, "⬜").await;
    let voter = Voter::Person(id("alice"));
    let decision = Decision { token: request.token, voter, verdict: Verdict::Deny, reason: Some("no".into()) };
    world.approvals.decide(decision).await.unwrap();
    for channel in ["approvals", "general"] {
        world.shown(channel, request.id, "Denied").await;
    }
}

#[tokio::test]
async fn every_refusal_has_its_reason() {
    let world = World::start().await;
    let request = world.ask("alice", &["sre"]).await;
    let ts = world.shown("approvals", request.id, "⬜").await;
    world.click("carol", ts, ids::APPROVE).await;
    world.whispered("carol", "not linked to anybody here").await;
    world.click("bob", ts, ids::APPROVE).await;
    world.whispered("bob", "you are in none of the groups that can (sre)").await;
    world.click("alice", ts, ids::APPROVE).await;
    world.whispered("alice", "You asked for this yourself").await;
    let state = world.approvals.store().request_state(request.id).await.unwrap().unwrap();
    assert_eq!(state, RequestState::Pending);
}

#[tokio::test]
async fn the_same_vote_again_is_said_to_count_already() {
    let world = World::start().await;
    let request = world.ask("ada", &["sre", "dba"]).await;
    let ts = world.shown("approvals", request.id, "⬜").await;
    world.click("alice", ts, ids::APPROVE).await;
    world.whispered("alice", "Your approval counts.").await;
    world.click("alice", ts, ids::APPROVE).await;
    world.whispered("alice", "You have approved this already. Still needed: 1 of dba.").await;
    // A yes may still become a no.
    world.click("alice", ts, ids::DENY).await;
    world.shown("general", request.id, "Denied").await;
}

#[tokio::test]
async fn a_late_click_is_told_so() {
    let world = World::start().await;
    let request = world.ask("ada", &["sre", "dba"]).await;
    let ts = world.shown("approvals", request.id, "⬜").await;
    let review =
        Decision { token: request.token, voter: Voter::Person(id("bob")), verdict: Verdict::Deny, reason: None };
    // The click is on its way while somebody else decides.
    world
        .workspace
        .fault(&serde_json::json!({ "fail": { "method": "chat.update", "times": 3, "http": 503 } }))
        .unwrap();
    world.approvals.decide(review).await.unwrap();
    world.click("alice", ts, ids::APPROVE).await;
    world.whispered("alice", "Too late: this request has been denied already").await;
}

#[tokio::test]
async fn the_requester_is_told_and_the_thread_says_how_it_ran() {
    let world = World::start().await;
    // Of her own group, but somebody of another has to agree.
    let request = world.ask("alice", &["dba"]).await;
    let ts = world.shown("approvals", request.id, "⬜").await;
    world.click("bob", ts, ids::APPROVE).await;
    world.told("alice", "Approved by bob").await;
    assert!(matches!(
        world.approvals.claim(request.id, "test").await.unwrap(),
        countersign_approval::port::Claimed::Now
    ));
    let end = Grant::Finished { at: world.approvals.now(), status: "exit code 3".to_owned() };
    assert!(world.approvals.store().end_grant(request.id, end).await.unwrap());
    world.shown("approvals", request.id, "It was run: exit code 3").await;
    for channel in ["approvals", "general"] {
        let channel = world.workspace.channel(channel).unwrap();
        let is_reply = |message: &serde_json::Value| {
            message["thread_ts"].is_string()
                && message["thread_ts"] != message["ts"]
                && message.to_string().contains("exit code 3")
        };
        world
            .workspace
            .wait_for_message(&channel, is_reply, crate::fixture::SOON)
            .await
            .expect("a reply in the thread");
    }
    world.told("alice", "exit code 3").await;
    // Told once, and that message brought up to date.
    let room = world.workspace.im(&world.workspace.user("alice").unwrap()).unwrap();
    assert_eq!(world.workspace.messages(&room).len(), 1);
}

#[tokio::test]
async fn what_is_done_at_once_is_told_too() {
    let world = World::start().await;
    let request = world.ask("alice", &["dba"]).await;
    world.shown("approvals", request.id, "⬜").await;
    let voter = Voter::Person(id("bob"));
    let decision = Decision { token: request.token, voter, verdict: Verdict::Approve, reason: None };
    world.approvals.decide(decision).await.unwrap();
    let _claimed = world.approvals.claim(request.id, "test").await.unwrap();
    let end = Grant::Finished { at: world.approvals.now(), status: "exit code 0".to_owned() };
    assert!(world.approvals.store().end_grant(request.id, end).await.unwrap());
    world.told("alice", "exit code 0").await;
}

#[tokio::test]
async fn access_says_until_when() {
    let world = World::start().await;
    let request = world.ask_for("ada", &["sre"], access("ada")).await;
    let ts = world.shown("approvals", request.id, "30 minutes").await;
    world.click("alice", ts, ids::APPROVE).await;
    world.shown("general", request.id, "Access until").await;
}

#[tokio::test]
async fn an_emergency_is_shown_though_nobody_was_asked() {
    let world = World::start().await;
    let request = world.ask("ada", &["sre"]).await;
    world.approvals.break_glass(request.id, id("root"), Some("INC-8".into())).await.unwrap();
    for channel in ["approvals", "general"] {
        world.shown(channel, request.id, "in an emergency by root").await;
    }
}

#[tokio::test]
async fn what_is_redacted_is_marked() {
    let world = World::start().await;
    let request = world.ask_for("ada", &["sre"], command("ada", "login hunter22")).await;
    world.shown("approvals", request.id, "redacted: 8 bytes").await;
    let channel = world.workspace.channel("approvals").unwrap();
    assert!(!format!("{:?}", world.workspace.messages(&channel)).contains("hunter22"));
}
