//! `countersign workspace` and playing what it recorded.

use std::time::Duration;

use countersign_slack_workspace::{Config, Workspace};

use crate::start;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_that_is_none_is_refused() {
    let app = start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    std::fs::write(&path, "{\"kind\":\"api\"}\n").unwrap();
    let output = app.bare_command().args(["workspace", "replay"]).arg(&path).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("does not say what its workspace was made of"), "{stderr}");
    assert!(output.stdout.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_ends_before_it_connects_is_told() {
    let app = start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let running = Workspace::start(Config { record: Some(path.clone()), ..Config::default() }).await.unwrap();
    running.person("alice").unwrap().type_in("general", "hello").unwrap();
    running.stop().await;
    let mut command = app.bare_command();
    command.args(["workspace", "replay"]).arg(&path);
    command.args(["--", "sh", "-c", "test -n \"$SLACK_API_URL$SLACK_BOT_TOKEN$SLACK_APP_TOKEN\" && exit 3"]);
    let output = tokio::time::timeout(Duration::from_mins(1), command.output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("ended before it was connected") && stderr.contains('3'), "{stderr}");
}
