//! What was approved is what runs: whatever was changed afterwards is not run.

use super::{approve, on_every_database, team, unique};

on_every_database! {
    async fn a_connection_that_changed_makes_its_approvals_useless(app: GatewayApp) {
        let left = app.ada().run(&["exec", "bash", "echo before", "--no-wait"]).await.well();
        let request = left.text().trim().to_owned();
        approve(&app, "echo before").await;
        app.ada().does(&["admin", "create", "conn", "bash", "--agent", "default", "--overwrite", "--", "bash", "-x"]).await;
        let ended = app.ada().run(&["exec", "--resume", &request]).await.with_code(126);
        assert!(ended.stderr.contains("has changed"), "{}", ended.stderr);
        assert_eq!(ended.text(), "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_variable_that_changed_makes_its_approvals_useless() {
    let app = team().await;
    let left = app.ada().run(&["exec", "bash", "echo $SECRET | wc -c", "--no-wait"]).await.well();
    let request = left.text().trim().to_owned();
    approve(&app, "wc -c").await;
    let args =
        ["admin", "create", "conn", "bash", "--agent", "default", "--overwrite", "--env", "SECRET=-", "--", "bash"];
    app.ada().run_with(&args, b"another-value\n").await.well();
    app.ada().run(&["exec", "--resume", &request]).await.with_code(126);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_is_told_that_the_connection_changed() {
    let app = team().await;
    let program = app.ada().begin(&["exec", "bash", "echo waits"]);
    program.request().await;
    app.ada().does(&["admin", "create", "conn", "bash", "--agent", "default", "--overwrite", "--", "bash", "-x"]).await;
    program.says("has changed since this was asked").await;
    approve(&app, "echo waits").await;
    let ended = program.finish().await.with_code(126);
    assert_eq!(ended.text(), "");
}

on_every_database! {
    async fn a_row_that_was_changed_in_the_database_is_not_run(app: GatewayApp) {
        let (good, evil) = (unique("good"), unique("evil"));
        let (good, evil) = (app.home().join(good), app.home().join(evil));
        let command = format!("touch {}", good.display());
        let left = app.ada().run(&["exec", "bash", "--no-wait", "--", "-c", &command]).await.well();
        let request = left.text().trim().to_owned();
        approve(&app, "touch").await;
        let (from, to) = (good.display().to_string(), evil.display().to_string());
        app.sql(&format!("UPDATE request SET subject = replace(subject, '{from}', '{to}') WHERE id = '{request}'")).await;
        let ended = app.ada().run(&["exec", "--resume", &request]).await;
        assert_ne!(ended.code, Some(0), "{ended:?}");
        assert!(!good.exists() && !evil.exists(), "{ended:?}");
    }
}

on_every_database! {
    async fn a_policy_that_was_loosened_does_not_approve_what_was_asked_before(app: GatewayApp) {
        let program = app.ada().begin(&["exec", "bash", "echo strict"]);
        program.request().await;
        let message = app.asked("approvals", "echo strict").await;
        app.ada().does(&["admin", "create", "plugin", "review", "--overwrite", "--connection", "bash:sre"]).await;
        app.click("bob", "approvals", &message, super::ids::APPROVE).await;
        program.says("still needed: 1 of admin").await;
        approve(&app, "echo strict").await;
        program.finish().await.well();
    }
}
