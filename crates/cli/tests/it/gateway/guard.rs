//! Approval in front of a command on one's own machine.

use std::os::unix::fs::PermissionsExt as _;

use countersign_testkit::GatewayApp;

use super::{approve, on_every_database, team, team_with};

const POLICY: &str = "policies:\n  deploys:\n    doors: [guard]\n    connection: local\n    ask: { approvers: [sre], channels: [approvals] }\n";

/// A script in ada's home, and its path.
fn script(app: &GatewayApp, text: &str) -> String {
    let path = app.ada().home().join("deploy.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

on_every_database! {
    async fn an_approved_command_runs_here(app: GatewayApp) {
        app.apply(POLICY).await;
        let path = script(&app, "echo deployed \"$1\"; cat; exit 5");
        let mut program = app.ada().start(&["guard", "--reason", "release 42", "--", &path, "a b"]);
        program.type_in(b"input\n").await;
        approve(&app, "release 42").await;
        let ended = program.finish().await.with_code(5);
        assert_eq!(ended.text(), "deployed a b\ninput\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binary_runs_as_itself() {
    let app = team_with(POLICY).await;
    let program = app.ada().begin(&["guard", "--", "printf", "%s-%s", "one", "two"]);
    approve(&app, "printf").await;
    assert_eq!(program.finish().await.well().text(), "one-two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_while_people_look_is_not_run() {
    let app = team_with(POLICY).await;
    let ran = app.home().join("ran");
    let path = script(&app, &format!("touch {}", ran.display()));
    let program = app.ada().begin(&["guard", "--", &path]);
    program.request().await;
    script(&app, &format!("touch {}; echo evil", ran.display()));
    approve(&app, "deploy.sh").await;
    let ended = program.finish().await.with_code(126);
    assert!(ended.stderr.contains("has changed since it was approved"), "{}", ended.stderr);
    assert!(!ran.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_argument_that_is_a_file_is_approved_with_its_content() {
    let app = team_with(POLICY).await;
    let plan = app.ada().home().join("plan");
    std::fs::write(&plan, "good").unwrap();
    let plan_text = plan.display().to_string();
    let program = app.ada().begin(&["guard", "--", "cat", &plan_text]);
    program.request().await;
    std::fs::write(&plan, "evil").unwrap();
    approve(&app, "plan").await;
    let ended = program.finish().await.with_code(126);
    assert_eq!(ended.text(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_command_is_not_run() {
    let app = team_with(POLICY).await;
    let ran = app.home().join("ran");
    let path = script(&app, &format!("touch {}", ran.display()));
    let program = app.ada().begin(&["guard", "--", &path]);
    let request = program.request().await;
    let bob = app.person("bob").await;
    bob.does(&["requests", "deny", &request, "--reason", "later"]).await;
    let ended = program.finish().await.with_code(126);
    assert!(ended.stderr.contains("later"), "{}", ended.stderr);
    assert!(!ran.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_policy_or_a_command_nothing_runs() {
    let app = team().await;
    app.ada().run(&["guard", "--", "true"]).await.with_code(126);
    app.ada().run(&["guard", "--", "there-is-no-such-command"]).await.with_code(127);
}
