//! Two servers on one PostgreSQL.

use countersign_testkit::{Backend, GatewayApp};

use super::{BINARY, ids};

/// The usual team with a second server; `None` without PostgreSQL.
async fn two() -> Option<(GatewayApp, countersign_testkit::Node)> {
    let app = GatewayApp::start(BINARY, Backend::Postgres).await?;
    let second = app.another_node().await;
    app.agent().program().says(second.address()).await;
    Some((app, second))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_at_one_server_releases_who_waits_at_the_other() {
    let Some((app, second)) = two().await else { return };
    let token = app.ada().does(&["admin", "create", "token", "second"]).await;
    let ada = app.stranger("ada-at-the-second");
    ada.run_with(&["login", second.url()], token.as_bytes()).await.well();
    for (asker, text) in [(app.ada(), "echo first"), (&ada, "echo second")] {
        let program = asker.begin(&["exec", "bash", text]);
        program.request().await;
        let message = app.asked("approvals", text).await;
        app.click("carol", "approvals", &message, ids::APPROVE).await;
        let ended = program.finish().await.well();
        assert_eq!(ended.text().trim(), text.trim_start_matches("echo "));
        app.closed("approvals", &message).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn votes_at_two_servers_in_the_same_instant_are_both_counted() {
    let Some((app, second)) = two().await else { return };
    let alice = app.person("alice").await;
    let token = app.ada().does(&["admin", "create", "token", "second", "--user", "bob@example.com"]).await;
    let bob = app.stranger("bob-at-the-second");
    bob.run_with(&["login", second.url()], token.as_bytes()).await.well();
    for round in 0..5 {
        let text = format!("echo round {round}");
        let program = app.ada().begin(&["exec", "bash", &text]);
        let request = program.request().await;
        let args = ["requests", "approve", &request];
        let (first, other) = tokio::join!(alice.run(&args), bob.run(&args));
        first.well();
        other.well();
        let ended = program.finish().await.well();
        assert_eq!(ended.text(), format!("round {round}\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_resumed_at_two_servers_at_once_runs_once() {
    let Some((app, second)) = two().await else { return };
    let token = app.ada().does(&["admin", "create", "token", "second"]).await;
    let ada = app.stranger("ada-at-the-second");
    ada.run_with(&["login", second.url()], token.as_bytes()).await.well();
    for round in 0..4 {
        let ran = app.home().join(format!("ran{round}"));
        let command = format!("echo once >> {}", ran.display());
        let left = app.ada().run(&["exec", "bash", "--no-wait", "--", "-c", &command]).await.well();
        let request = left.text().trim().to_owned();
        super::approve(&app, &ran.display().to_string()).await;
        let args = ["exec", "--resume", &request];
        let (first, other) = tokio::join!(app.ada().run(&args), ada.run(&args));
        let mut codes = [first.code, other.code];
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(126)], "{first:?} {other:?}");
        assert_eq!(std::fs::read_to_string(ran).unwrap(), "once\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_at_one_server_ends_a_session_at_the_other() {
    let Some((app, second)) = two().await else { return };
    let token = app.ada().does(&["admin", "create", "token", "second", "--user", "bob@example.com"]).await;
    let bob = app.stranger("bob-at-the-second");
    bob.run_with(&["login", second.url()], token.as_bytes()).await.well();
    let program = app.ada().begin(&["exec", "bash", "echo up; sleep 600"]);
    let request = program.request().await;
    super::approve(&app, "echo up").await;
    program.prints("up").await;
    bob.does(&["requests", "revoke", &request]).await;
    program.finish().await.with_code(125);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_one_server_dies_the_other_goes_on() {
    let Some((mut app, second)) = two().await else { return };
    let token = app.ada().does(&["admin", "create", "token", "second"]).await;
    let ada = app.stranger("ada-at-the-second");
    ada.run_with(&["login", second.url()], token.as_bytes()).await.well();
    app.kill_server().await;
    ada.run(&["exec", "sh", "echo alive"]).await.well();
}
