//! Taking an approval back, and what the agent leaves behind: nothing.

use super::{approve, gone, on_every_database, runs, team, unique, waiting};

on_every_database! {
    async fn revoking_ends_a_terminal_and_all_that_got_away_from_it(app: GatewayApp) {
        let mark = unique("revoked");
        let mut terminal = app.ada().terminal(&["connect", "bash-jit"]);
        approve(&app, "bash-jit").await;
        terminal.shows("connected to bash-jit").await;
        terminal.types(&format!("setsid nohup sh -c 'sleep 600; : {mark}' >/dev/null 2>&1 &\n"));
        app.until("what gets away", || async { runs(&format!("sleep 600; : {mark}")).then_some(()) }).await;
        let bob = app.person("bob").await;
        let listed = bob.does(&["requests", "list", "--all", "--json"]).await;
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        let request = listed.pointer("/0/id").and_then(serde_json::Value::as_str).unwrap();
        bob.does(&["requests", "revoke", request, "--reason", "enough"]).await;
        terminal.shows("the session was ended").await;
        assert_eq!(terminal.finish().await, Some(125));
        gone(&app, &mark).await;
        let next = app.ada().terminal(&["connect", "bash-jit"]);
        next.shows("waiting for approval").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_approval_runs_nothing() {
    let app = team().await;
    let left = app.ada().run(&["exec", "bash", "echo gone", "--no-wait"]).await.well();
    let request = left.text().trim().to_owned();
    approve(&app, "echo gone").await;
    let bob = app.person("bob").await;
    bob.does(&["requests", "revoke", &request]).await;
    let ended = app.ada().run(&["exec", "--resume", &request]).await.with_code(126);
    assert!(ended.stderr.contains("taken back"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoking_ends_a_running_command() {
    let app = team().await;
    let mark = unique("running");
    let (program, request) = waiting(&app, &["--", "-c", "echo up; sleep 600; : \"$0\"", &mark]).await;
    approve(&app, &mark).await;
    program.prints("up").await;
    let bob = app.person("bob").await;
    bob.does(&["requests", "revoke", &request, "--reason", "wrong machine"]).await;
    let ended = program.finish().await.with_code(125);
    assert!(ended.stderr.contains("wrong machine"), "{}", ended.stderr);
    gone(&app, &mark).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_no_longer_active_is_out_at_once() {
    let app = team().await;
    let dan = app.person("dan").await;
    let mark = unique("inactive");
    let program = dan.begin(&["exec", "sh", "--", "-c", "echo up; sleep 600; : \"$0\"", &mark]);
    program.prints("up").await;
    app.apply("users:\n  dan@example.com: { groups: [dev], active: false }\n").await;
    let ended = program.finish().await;
    assert_ne!(ended.code, Some(0));
    gone(&app, &mark).await;
    dan.run(&["exec", "sh", "ls"]).await.with_code(125);
}
