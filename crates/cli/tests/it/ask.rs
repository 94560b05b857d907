//! Asking, and being answered.

use countersign_testkit::{action_ids, call, permission_request, text_of};
use serde_json::json;

use crate::{behavior, deny_message, ids, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approved_call_is_allowed_in_exactly_the_documented_shape() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    let click = app.click("alice", &dm, &message, ids::APPROVE).await;
    assert!(click.acked);
    let answer = hook.answer().await;
    let expected = json!({
        "hookSpecificOutput": { "hookEventName": "PermissionRequest", "decision": { "behavior": "allow" } }
    });
    assert_eq!(answer, expected);
    app.message_saying(&dm, "Approved by alice").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_call_names_who_denied_it() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::DENY).await;
    app.click("alice", &dm, &message, ids::DENY).await;
    let answer = hook.answer().await;
    assert_eq!(behavior(&answer), Some("deny"));
    assert_eq!(deny_message(&answer), Some("Denied by alice in Slack"));
    app.message_saying(&dm, "Denied by alice").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reason_reaches_the_host() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("git push --force")).await;
    let message = app.message_with(&dm, ids::DENY_WHY).await;
    app.click("alice", &dm, &message, ids::DENY_WHY).await;
    let alice = app.user("alice");
    let view = app.workspace().wait_for_view(&alice, |_| true, countersign_testkit::WITHIN).await.unwrap();
    let view_id = view.get("id").and_then(serde_json::Value::as_str).unwrap().into();
    let values = json!({ ids::REASON: { ids::REASON: "not on a Friday" } });
    app.workspace().submit_view(&alice, &view_id, values.as_object().cloned().unwrap_or_default()).await.unwrap();
    let answer = hook.answer().await;
    assert_eq!(deny_message(&answer), Some("Denied by alice in Slack: not on a Friday"));
    app.message_saying(&dm, "not on a Friday").await;
    assert!(app.workspace().views(&alice).is_empty(), "the dialog is closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pre_tool_use_is_answered_in_its_own_shape() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let input = call("PreToolUse", "ls").to_string();
    let hook = app.ask_with(&["--gate"], input.as_bytes()).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    let answer = hook.answer().await;
    assert_eq!(answer.pointer("/hookSpecificOutput/permissionDecision"), Some(&json!("allow")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_message_shows_everything_that_decides_the_effect() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let mut input = permission_request("make deploy");
    input["tool_input"]["description"] = json!("ship it");
    input["tool_input"]["timeout"] = json!(120_000);
    let hook = app.ask(&input).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    let text = text_of(&message);
    for part in [
        "Claude Code wants to use Bash",
        "make deploy",
        "ship it",
        "120000",
        "/srv/app",
        "session-1",
        "Machine",
        "Digest ",
    ] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    assert_eq!(action_ids(&message), [ids::APPROVE, ids::DENY, ids::DENY_WHY]);
    assert_eq!(
        message.pointer("/text").and_then(serde_json::Value::as_str),
        Some("Approval needed: Claude Code wants to use Bash")
    );
    app.click("alice", &dm, &message, ids::DENY).await;
    hook.answer().await;
    let ended = app.message_saying(&dm, "Denied by alice").await;
    assert!(text_of(&ended).contains("make deploy"), "what was decided stays readable");
    assert!(action_ids(&ended).is_empty(), "no button stays live");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_machine_and_the_event_are_on_the_message() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let machine = nix::unistd::gethostname().unwrap().into_string().unwrap();
    for (args, event) in [(&[][..], "PermissionRequest"), (&["--gate"][..], "PreToolUse")] {
        let hook = app.ask_with(args, call(event, "ls").to_string().as_bytes()).await;
        let message = app.message_with(&dm, ids::APPROVE).await;
        let text = text_of(&message);
        assert!(text.contains(&machine), "the machine {machine:?} is missing in {text}");
        assert!(text.contains(event), "the event {event} is missing in {text}");
        app.click("alice", &dm, &message, ids::DENY).await;
        hook.answer().await;
        app.closed(&dm, &message).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_seen_is_shown() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("rm \u{202e}fdp.\u{200b}x\u{1b}[2K\rls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    let text = text_of(&message);
    assert!(text.contains("rm ⟦U+202E⟧fdp.⟦U+200B⟧x⟦U+001B⟧[2K⟦U+000D⟧ls"), "{text}");
    app.click("alice", &dm, &message, ids::DENY).await;
    hook.answer().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_in_a_command_stays_text() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let evil = "```\n*bold* <https://evil.test|approve me> <!channel> &amp;";
    let hook = app.ask(&permission_request(evil)).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    let shown = message.pointer("/blocks/1/elements/0").unwrap();
    assert_eq!(shown.get("type"), Some(&json!("rich_text_preformatted")));
    assert_eq!(shown.pointer("/elements/0/text"), Some(&json!(evil)));
    app.click("alice", &dm, &message, ids::DENY).await;
    hook.answer().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_in_a_channel_asks_there() {
    let app = crate::start_with(&countersign_testkit::Settings {
        channel: Some("approvals"),
        ..countersign_testkit::Settings::default()
    })
    .await;
    let channel = app.channel("approvals");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&channel, ids::APPROVE).await;
    app.click("alice", &channel, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_names_the_approver() {
    let app = start().await;
    let dm = app.direct_message("bob");
    let bob = app.user("bob");
    let input = permission_request("ls").to_string();
    let hook = app.ask_with(&["--user-id", bob.as_str()], input.as_bytes()).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("bob", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_middle_of_a_tools_name_is_not_hidden() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let tool = format!("mcp__files__read_only_{}_DELETE_EVERYTHING_{}", "a".repeat(60), "b".repeat(60));
    let mut input = permission_request("ls");
    input["tool_name"] = json!(tool);
    let hook = app.ask(&input).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    assert!(text_of(&message).contains(&tool), "{}", text_of(&message));
    app.click("alice", &dm, &message, ids::DENY).await;
    hook.answer().await;
}
