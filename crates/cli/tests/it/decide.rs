//! Who may decide, and what becomes of every click.

use countersign_testkit::{Settings, TestApp, call, permission_request, text_of};
use serde_json::{Value, json};

use crate::{behavior, button_value, ids, post_approve_button, start, start_with};

async fn in_channel(approvers: Vec<&'static str>) -> TestApp {
    start_with(&Settings { channel: Some("approvals"), approvers, ..Settings::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_else_is_told_why_not_and_the_request_stays() {
    let app = in_channel(vec!["alice"]).await;
    let channel = app.channel("approvals");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&channel, ids::APPROVE).await;
    for action in [ids::APPROVE, ids::DENY] {
        app.click("bob", &channel, &message, action).await;
    }
    app.whisper(&channel, "bob", "You cannot decide this").await;
    app.click("alice", &channel, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_else_opens_no_dialog_either() {
    let app = in_channel(vec!["alice"]).await;
    let channel = app.channel("approvals");
    let hook = app.ask(&permission_request(&"x".repeat(10_000))).await;
    let message = app.message_with(&channel, ids::REVIEW).await;
    for action in [ids::REVIEW, ids::DENY_WHY] {
        app.click("bob", &channel, &message, action).await;
    }
    app.whisper(&channel, "bob", "You cannot decide this").await;
    assert!(app.workspace().views(&app.user("bob")).is_empty());
    app.click("alice", &channel, &message, ids::DENY).await;
    assert_eq!(behavior(&hook.answer().await), Some("deny"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_names_who_decided_not_who_could() {
    let app = in_channel(vec!["alice", "bob"]).await;
    let channel = app.channel("approvals");
    for name in ["alice", "bob"] {
        let test = app.ask_with(&["--test"], b"").await;
        let message = app.message_with(&channel, ids::APPROVE).await;
        app.click(name, &channel, &message, ids::APPROVE).await;
        assert_eq!(test.finish().await.stdout, format!("Test passed: {name} approved.\n"));
        app.closed(&channel, &message).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_clicks_at_once_one_decides_and_the_other_is_told() {
    let app = in_channel(vec!["alice", "bob"]).await;
    let channel = app.channel("approvals");
    for _ in 0..5 {
        let hook = app.ask(&permission_request("ls")).await;
        let message = app.message_with(&channel, ids::APPROVE).await;
        let (one, other) = tokio::join!(
            app.click("alice", &channel, &message, ids::APPROVE),
            app.click("bob", &channel, &message, ids::DENY)
        );
        assert!(one.acked && other.acked);
        let answer = hook.answer().await;
        let loser = if behavior(&answer) == Some("allow") { "bob" } else { "alice" };
        app.whisper(&channel, loser, "Too late").await;
        app.closed(&channel, &message).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_click_is_told_and_changes_nothing() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    // The fault hides the end from the message, as a slow network does: its buttons stay.
    app.workspace().fault(&json!({ "fail": { "method": "chat.update", "times": 1000, "http": 503 } })).unwrap();
    app.click("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
    app.click("alice", &dm, &message, ids::DENY).await;
    app.whisper(&dm, "alice", "Too late: this request has been approved already").await;
    app.workspace().clear_faults();
    app.message_saying(&dm, "Approved by alice").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_for_an_unknown_request_says_whose_it_is_not() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let real = app.message_with(&dm, ids::APPROVE).await;
    let foreign = post_approve_button(&app, &dm, &"0".repeat(32)).await;
    app.click("alice", &dm, &foreign, ids::APPROVE).await;
    app.whisper(&dm, "alice", "belongs to another Countersign").await;
    app.click("alice", &dm, &real, ids::DENY).await;
    assert_eq!(behavior(&hook.answer().await), Some("deny"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_the_message_is_closed_too() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let real = app.message_with(&dm, ids::APPROVE).await;
    let copy = post_approve_button(&app, &dm, button_value(&real)).await;
    app.click("alice", &dm, &copy, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
    let closed = app.closed(&dm, &copy).await;
    assert!(text_of(&closed).contains("Approved by alice"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicated_click_decides_once() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.workspace().fault(&json!({ "envelopes": { "duplicate": 3 } })).unwrap();
    app.click("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
    app.message_saying(&dm, "Approved by alice").await;
    assert_eq!(app.workspace().ephemerals(&dm, &app.user("alice")), Vec::<std::sync::Arc<Value>>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_was_used_was_allowed_at_the_terminal() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    app.message_with(&dm, ids::APPROVE).await;
    // Another command of the same session says nothing about this one.
    let other = app.ask(&call("PostToolUse", "pwd")).await.finish().await;
    assert_eq!((other.code, other.stdout.as_str()), (Some(0), ""));
    let used = app.ask(&call("PostToolUse", "ls")).await.finish().await;
    assert_eq!((used.code, used.stdout.as_str()), (Some(0), ""));
    let ended = hook.finish().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert!(ended.stderr.contains("answered at the terminal"), "{}", ended.stderr);
    app.message_saying(&dm, "Cancelled: answered at the terminal").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_writes_on_has_answered_at_the_terminal() {
    for event in ["Stop", "UserPromptSubmit", "SessionEnd", "PostToolUseFailure"] {
        let app = start().await;
        let dm = app.direct_message("alice");
        let hook = app.ask(&permission_request("ls")).await;
        app.message_with(&dm, ids::APPROVE).await;
        app.ask(&call(event, "ls")).await.finish().await;
        assert!(hook.finish().await.stderr.contains("answered at the terminal"), "{event}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_nobody_decides_expires_and_is_no_denial() {
    let app = start_with(&Settings { wait_s: 1, ..Settings::default() }).await;
    let dm = app.direct_message("alice");
    let ended = app.ask(&permission_request("ls")).await.finish().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert!(ended.stderr.contains("nobody decided in time"), "{}", ended.stderr);
    app.message_saying(&dm, "Expired: nobody decided in time").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_takes_its_request_along() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    app.message_with(&dm, ids::APPROVE).await;
    hook.kill().await;
    app.message_saying(&dm, "Cancelled: the agent stopped waiting").await;
}
