//! Input of every bad kind: a clear line on stderr, the documented exit code, nothing on stdout.

use std::{fs::OpenOptions, process::Stdio};

use countersign_testkit::{Finished, TestApp, call, permission_request};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::{ids, start};

async fn refused(app: &TestApp, input: &[u8], says: &str) {
    for (args, code) in [(&[][..], 1), (&["--gate"][..], 2)] {
        let Finished { code: was, stdout, stderr } = app.ask_with(args, input).await.finish().await;
        assert_eq!((was, stdout.as_str()), (Some(code), ""), "{stderr}");
        assert!(stderr.to_lowercase().contains(says), "{says:?} is not in {stderr:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_is_refused_without_a_word_on_stdout() {
    let app = start().await;
    refused(&app, b"", "empty").await;
    refused(&app, b"hello", "json").await;
    refused(&app, b"[]", "object").await;
    refused(&app, b"\xff\xfe{}", "utf-8").await;
    refused(&app, br#"{"hook_event_name":"PermissionRequest","session_id":"s"}"#, "cwd").await;
    refused(&app, br#"{"hook_event_name":"PermissionRequest","cwd":"/"}"#, "session_id").await;
    refused(&app, br#"{"session_id":"s","cwd":"/"}"#, "hook_event_name").await;
    refused(&app, br#"{"hook_event_name":"Teatime","session_id":"s","cwd":"/"}"#, "teatime").await;
    refused(
        &app,
        br#"{"hook_event_name":"PermissionRequest","session_id":"s","cwd":"/","tool_input":{"a":1,"a":2}}"#,
        "twice",
    )
    .await;
    assert_eq!(app.daemon_pid(), None, "nobody was bothered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_megabytes_are_refused() {
    let app = start().await;
    let mut input = permission_request("x");
    input["tool_input"]["command"] = json!("x".repeat(50 * 1024 * 1024));
    refused(&app, input.to_string().as_bytes(), "larger").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep_nesting_is_refused() {
    let app = start().await;
    let deep = format!(
        r#"{{"hook_event_name":"PermissionRequest","session_id":"s","cwd":"/","tool_input":{}1{}}}"#,
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    refused(&app, deep.as_bytes(), "recursion limit").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_cannot_be_written_is_none_and_a_gate_blocks() {
    let app = start().await;
    let dm = app.direct_message("alice");
    for (args, event, code) in [(&["hook"][..], "PermissionRequest", 1), (&["hook", "--gate"][..], "PreToolUse", 2)] {
        // Every write to it fails, as to a full disk.
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = app.command(args);
        command.stdin(Stdio::piped()).stdout(full).stderr(Stdio::piped()).kill_on_drop(true);
        let mut hook = command.spawn().unwrap();
        hook.stdin.take().unwrap().write_all(call(event, "ls").to_string().as_bytes()).await.unwrap();
        let message = app.message_with(&dm, ids::APPROVE).await;
        app.click("alice", &dm, &message, ids::APPROVE).await;
        let ended = hook.wait_with_output().await.unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains("could not be written"), "{stderr}");
        app.closed(&dm, &message).await;
    }
}
