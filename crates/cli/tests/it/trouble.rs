//! Slack in trouble.

use countersign_testkit::{Relay, Settings, permission_request};
use serde_json::json;

use crate::{behavior, ids, start, start_with};

/// An address where nobody listens: a port that was just given back.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    format!("http://{}/api/", listener.local_addr().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slack_unreachable_is_no_decision_and_nobodys_denial() {
    let app = start_with(&Settings { wait_s: 2, api_url: Some(nowhere()), ..Settings::default() }).await;
    let input = permission_request("ls").to_string();
    let plain = app.ask_with(&[], input.as_bytes()).await.finish().await;
    assert_eq!((plain.code, plain.stdout.as_str()), (Some(0), ""));
    assert!(plain.stderr.contains("could not be reached"), "{}", plain.stderr);
    let gated = app.ask_with(&["--gate"], input.as_bytes()).await.finish().await;
    assert_eq!((gated.code, gated.stdout.as_str()), (Some(2), ""));
    assert!(gated.stderr.contains("could not be reached"), "{}", gated.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_message_ends_the_wait_at_once() {
    let app = start().await;
    app.workspace()
        .fault(&json!({ "fail": { "method": "chat.postMessage", "times": 1, "error": "channel_not_found" } }))
        .unwrap();
    let ended = app.ask(&permission_request("ls")).await.finish().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert!(ended.stderr.contains("channel_not_found"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_ends_the_wait_at_once() {
    let app = start().await;
    app.workspace()
        .fault(&json!({ "fail": { "method": "apps.connections.open", "times": 50, "error": "invalid_auth" } }))
        .unwrap();
    let ended = app.ask(&permission_request("ls")).await.finish().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert!(ended.stderr.contains("invalid_auth"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_update_never_holds_up_the_answer_and_is_repaired() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.workspace()
        .fault(&json!({ "fail": { "method": "chat.update", "times": 2, "error": "internal_error" } }))
        .unwrap();
    app.click("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
    app.message_saying(&dm, "Approved by alice").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rate_limits_are_waited_out() {
    let app = start().await;
    let dm = app.direct_message("alice");
    for method in ["chat.postMessage", "chat.update"] {
        app.workspace().fault(&json!({ "rate_limit": { "method": method, "times": 1, "retry_after": 1 } })).unwrap();
    }
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
    app.message_saying(&dm, "Approved by alice").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_replaced_without_a_lost_click() {
    for kind in ["refresh_requested", "warning", "drop"] {
        let app = start().await;
        let dm = app.direct_message("alice");
        let hook = app.ask(&permission_request("ls")).await;
        let message = app.message_with(&dm, ids::APPROVE).await;
        let app_id = app.workspace().ready().app_id.clone();
        app.workspace()
            .wait(|running| (running.workspace().connections(&app_id) >= 2).then_some(()), countersign_testkit::WITHIN)
            .await
            .unwrap();
        app.workspace().fault(&json!({ "disconnect": kind })).unwrap();
        if kind == "drop" {
            // It may go over a connection that was cut.
            app.press("alice", &dm, &message, ids::APPROVE).await;
        } else {
            let click = app.click("alice", &dm, &message, ids::APPROVE).await;
            assert!(click.acked, "{kind}");
        }
        assert_eq!(behavior(&hook.answer().await), Some("allow"), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn socket_mode_switched_off_ends_the_wait() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    app.message_with(&dm, ids::APPROVE).await;
    app.workspace().fault(&json!({ "disconnect": "link_disabled" })).unwrap();
    let ended = hook.finish().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert!(ended.stderr.contains("Socket Mode is switched off"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_no_approver_can_be_reached_the_wait_ends_at_once() {
    let app = start_with(&Settings { approvers: vec!["alice", "bob"], ..Settings::default() }).await;
    app.workspace()
        .fault(&json!({ "fail": { "method": "chat.postMessage", "times": 2, "error": "channel_not_found" } }))
        .unwrap();
    let ended = app.ask(&permission_request("ls")).await.finish().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert!(ended.stderr.contains("channel_not_found"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_token_is_used_without_further_ado() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let good = std::fs::read_to_string(app.config()).unwrap();
    std::fs::write(app.config(), good.replace("xoxb-", "xoxb-0")).unwrap();
    let refused = app.ask(&permission_request("ls")).await.finish().await;
    assert!(refused.stderr.contains("invalid_auth"), "{}", refused.stderr);
    std::fs::write(app.config(), good).unwrap();
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.press("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_slack_is_down_nothing_is_lost_and_afterwards_everything_is_shown() {
    let relay = Relay::start().await;
    let app = start_with(&Settings { api_url: Some(relay.api_url()), ..Settings::default() }).await;
    relay.lead_to(&app.workspace().ready().api_url);
    let dm = app.direct_message("alice");
    let denied = app.ask(&permission_request("asked first")).await;
    let first = app.message_saying(&dm, "asked first").await;
    let allowed = app.ask(&permission_request("asked second")).await;
    let second = app.message_saying(&dm, "asked second").await;
    app.connected().await;
    app.settled().await;

    relay.cut();
    app.daemon_says("/daemon/slack/connections", |count| *count == json!(0)).await;
    // Somebody asks; somebody answers at the terminal.
    let late = app.ask(&permission_request("asked while down")).await;
    app.daemon_says("/daemon/slack/trouble", serde_json::Value::is_string).await;
    let listed = app.run(&["requests", "list", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let requests = listed.as_array().unwrap();
    assert_eq!(requests.len(), 3, "{listed}");
    let id = requests[0]["id"].as_str().unwrap();
    assert_eq!(app.run(&["requests", "deny", id]).await.code, Some(0));
    assert_eq!(behavior(&denied.answer().await), Some("deny"), "who waits is answered without Slack");

    relay.mend();
    let closed = app.closed(&dm, &first).await;
    assert!(countersign_testkit::text_of(&closed).contains("Denied at the terminal by"));
    let third = app.message_saying(&dm, "asked while down").await;
    for (hook, message) in [(allowed, second), (late, third)] {
        app.press("alice", &dm, &message, ids::APPROVE).await;
        assert_eq!(behavior(&hook.answer().await), Some("allow"));
        app.closed(&dm, &message).await;
    }
    assert_eq!(app.workspace().messages(&dm).len(), 3, "each was posted once");
    app.settled().await;
    app.daemon_says("/daemon/slack/trouble", serde_json::Value::is_null).await;
}
