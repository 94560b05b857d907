//! The commands a person types.

use countersign_testkit::permission_request;
use serde_json::Value;

use crate::{behavior, deny_message, ids, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_listed_shown_and_denied_at_the_terminal_but_never_approved() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("make deploy")).await;
    app.message_with(&dm, ids::APPROVE).await;
    let listed = app.run(&["requests", "list", "--json"]).await;
    let requests: Vec<Value> = serde_json::from_str(&listed.stdout).unwrap();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let short = request.get("short_id").and_then(Value::as_str).unwrap();
    assert_eq!(request.get("first_line").and_then(Value::as_str), Some("make deploy"));

    let shown = app.run(&["requests", "show", short]).await;
    assert!(shown.stdout.contains("make deploy") && shown.stdout.contains("/srv/app"), "{}", shown.stdout);
    let approved = app.run(&["requests", "approve", short]).await;
    assert_eq!(approved.code, Some(1), "what is gated runs as the same user");
    assert!(approved.stderr.contains("approved in Slack"), "{}", approved.stderr);

    let denied = app.run(&["requests", "deny", short, "--reason", "too early"]).await;
    assert_eq!(denied.code, Some(0), "{denied:?}");
    let answer = hook.answer().await;
    assert_eq!(behavior(&answer), Some("deny"));
    assert!(deny_message(&answer).unwrap().contains("too early"));
    app.message_saying(&dm, "Denied at the terminal by").await;
    let again = app.run(&["requests", "deny", short]).await;
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("denied already"), "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_request_leaves_the_decision_to_the_agent() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    app.message_with(&dm, ids::APPROVE).await;
    let listed = app.run(&["requests", "list", "--json"]).await;
    let requests: Vec<Value> = serde_json::from_str(&listed.stdout).unwrap();
    let id = requests.first().and_then(|request| request.get("id")).and_then(Value::as_str).unwrap();
    let cancelled = app.run(&["requests", "cancel", id]).await;
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    let ended = hook.finish().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    app.message_saying(&dm, "Cancelled at the terminal by").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errands_without_a_daemon_say_so() {
    let app = start().await;
    let denied = app.run(&["requests", "deny", "1234"]).await;
    assert_eq!(denied.code, Some(1));
    assert!(denied.stderr.contains("no daemon is running"), "{}", denied.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_of_a_decision_is_proven() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    hook.answer().await;
    app.run(&["hook", "--stop"]).await;
    let verified = app.run(&["audit", "verify", "--json"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let proof: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert!(proof.get("rows").and_then(Value::as_u64).unwrap() >= 4, "asked, voted, approved, claimed: {proof}");
    assert_eq!(proof.get("unchained").and_then(Value::as_u64), Some(0), "a daemon that leaves links its last rows");
    let head = proof.get("head").and_then(Value::as_str).unwrap();
    assert_eq!(app.run(&["audit", "verify", "--anchor", head]).await.code, Some(0));
    let (seq, _) = head.split_once(':').unwrap();
    let forged = format!("{seq}:{}", "0".repeat(64));
    let refused = app.run(&["audit", "verify", "--anchor", &forged]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("not the one that was signed or anchored"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_test_goes_through_the_daemon() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let waiting = app.ask(&permission_request("ls")).await;
    let pending = app.message_with(&dm, ids::APPROVE).await;
    let test = app.ask_with(&["--test"], b"").await;
    let message = app.message_saying(&dm, "This tests the connection").await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    let ended = test.finish().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "Test passed: alice approved.\n"), "{}", ended.stderr);
    // The real request was not disturbed.
    app.click("alice", &dm, &pending, ids::APPROVE).await;
    assert_eq!(behavior(&waiting.answer().await), Some("allow"));
    let log = std::fs::read_to_string(app.state().join("daemon.log")).unwrap();
    assert_eq!(log.matches(" is here ").count(), 1, "one daemon: {log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_in_arguments_work_and_are_warned_about() {
    use secrecy::ExposeSecret as _;
    let app = start().await;
    let dm = app.direct_message("alice");
    let ready = app.workspace().ready();
    let (bot, user) = (ready.bot_token.expose_secret(), ready.app_token.expose_secret());
    let input = permission_request("ls").to_string();
    let hook = app.ask_with(&["-b", bot, "-a", user], input.as_bytes()).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    let ended = hook.finish().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("bot_token_file") && !ended.stderr.contains(bot), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_screen_lock_asks_and_says_so() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let input = permission_request("ls").to_string();
    let hook = app.ask_with(&["--only-screen-lock"], input.as_bytes()).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    let ended = hook.finish().await;
    assert!(ended.stderr.contains("taken as locked"), "{}", ended.stderr);
    assert!(ended.stdout.contains("\"allow\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_prints_a_token() {
    use secrecy::ExposeSecret as _;
    let app = start().await;
    let dm = app.direct_message("alice");
    let input = permission_request("ls").to_string();
    let hook = app.ask_with(&["-l", "trace"], input.as_bytes()).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    let mut all = vec![hook.finish().await];
    for args in [
        &["config", "show"][..],
        &["config", "show", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["hook", "status"],
        &["hook", "logs", "--all"],
    ] {
        all.push(app.run(args).await);
    }
    let ready = app.workspace().ready();
    for secret in [ready.bot_token.expose_secret(), ready.app_token.expose_secret()] {
        for finished in &all {
            assert!(!finished.stdout.contains(secret) && !finished.stderr.contains(secret), "{finished:?}");
        }
    }
}
