//! Killed at the worst moment.

use countersign_slack_workspace::Running;
use countersign_testkit::{Settings, TestApp, WITHIN, permission_request};

use crate::{behavior, ids, start, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_daemon_loses_nothing() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.settled().await;
    let before = app.daemon_pid();
    app.kill_daemon();
    // The client starts another daemon by itself; a click while there is none is delivered to nobody.
    connected_again(&app, before).await;
    let same = app.message_with(&dm, ids::APPROVE).await;
    assert_eq!(message.pointer("/ts"), same.pointer("/ts"), "the same message");
    assert_eq!(
        message.pointer("/blocks/3/elements/0/value"),
        same.pointer("/blocks/3/elements/0/value"),
        "the same buttons"
    );
    app.press("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
    app.message_saying(&dm, "Approved by alice").await;
    assert_eq!(app.workspace().messages(&dm).len(), 1, "one request, one message");
}

/// Waits until another daemon is connected to Slack.
async fn connected_again(app: &TestApp, before: Option<i32>) {
    let app_id = app.workspace().ready().app_id.clone();
    let connected = |workspace: &Running| {
        let is_new = app.daemon_pid().is_some_and(|pid| Some(pid) != before);
        (is_new && workspace.workspace().connections(&app_id) > 0).then_some(())
    };
    app.workspace().wait(connected, WITHIN).await.expect("another daemon connects");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_come_back_is_cancelled() {
    let app = start_with(&Settings { orphan_grace_s: Some(1), ..Settings::default() }).await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    app.message_with(&dm, ids::APPROVE).await;
    app.settled().await;
    // Stopped first, so that it does not reconnect before it is killed itself.
    app.stop_process(hook.pid());
    app.kill_daemon();
    hook.kill().await;
    // Any errand starts the next daemon.
    let listed = app.run(&["requests", "list", "--json"]).await;
    assert_eq!(listed.code, Some(0), "{listed:?}");
    app.message_saying(&dm, "Cancelled: the agent stopped waiting").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_survives_a_daemon_killed_before_it_was_answered() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    // The client cannot take its answer: it is stopped while the daemon decides and dies.
    app.stop_process(hook.pid());
    app.click("alice", &dm, &message, ids::DENY).await;
    app.message_saying(&dm, "Denied by alice").await;
    app.kill_daemon();
    app.continue_process(hook.pid());
    assert_eq!(behavior(&hook.answer().await), Some("deny"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_counts_although_slack_does_not_say_who_we_are() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.settled().await;
    app.workspace()
        .fault(&serde_json::json!({ "fail": { "method": "auth.test", "times": 1000, "http": 503 } }))
        .unwrap();
    let before = app.daemon_pid();
    app.kill_daemon();
    connected_again(&app, before).await;
    app.press("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
}
