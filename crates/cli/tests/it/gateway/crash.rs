//! Killed at the worst moment: nothing that was decided is lost, nothing runs twice, and what cannot be known is called so.

use serde_json::Value;

use super::{approve, gone, on_every_database, team, unique, waiting};

on_every_database! {
    async fn a_server_killed_while_people_are_asked_loses_nothing(app: GatewayApp) {
        let mut app = app;
        let (program, _) = waiting(&app, &["echo survived"]).await;
        let message = app.asked("approvals", "echo survived").await;
        app.click("alice", "approvals", &message, super::ids::APPROVE).await;
        program.says("still needed: 1 of sre").await;
        app.kill_server().await;
        program.says("trying again").await;
        app.restart_server().await;
        app.slack_connected().await;
        approve(&app, "echo survived").await;
        let ended = program.finish().await.well();
        assert_eq!(ended.text(), "survived\n");
    }
}

on_every_database! {
    async fn an_approval_given_before_the_crash_is_run_after_it(app: GatewayApp) {
        let mut app = app;
        let left = app.ada().run(&["exec", "bash", "echo kept", "--no-wait"]).await.well();
        let request = left.text().trim().to_owned();
        approve(&app, "echo kept").await;
        app.kill_server().await;
        app.restart_server().await;
        let ended = app.ada().run(&["exec", "--resume", &request]).await.well();
        assert_eq!(ended.text(), "kept\n");
        app.ada().run(&["exec", "--resume", &request]).await.with_code(126);
    }
}

on_every_database! {
    async fn a_server_killed_during_a_run_says_afterwards_what_became_of_it(app: GatewayApp) {
        let mut app = app;
        let mark = unique("midway");
        let (program, request) = waiting(&app, &["--", "-c", "echo up; sleep 600; : \"$0\"", &mark]).await;
        approve(&app, &mark).await;
        program.prints("up").await;
        app.kill_server().await;
        program.says("asking the server what became of session").await;
        app.restart_server().await;
        let ended = program.finish().await.with_code(125);
        let told = ["the session was ended", "it is not known what became of it"];
        assert!(told.iter().any(|told| ended.stderr.contains(told)), "{}", ended.stderr);
        gone(&app, &mark).await;
        let grant = app
            .until("the end of the session", || async {
                let shown = app.ada().does(&["requests", "show", &request, "--json"]).await;
                let shown: Value = serde_json::from_str(&shown).unwrap();
                let grant = shown["grant"].as_str().map(str::to_owned);
                grant.filter(|grant| grant != "claimed")
            })
            .await;
        assert!(["finished", "unknown", "ended"].contains(&grant.as_str()), "{grant}");
        app.ada().run(&["exec", "--resume", &request]).await.with_code(126);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_agent_takes_its_commands_along_and_comes_back() {
    let mut app = team().await;
    let mark = unique("agent");
    let program = app.ada().begin(&[
        "exec",
        "sh",
        "--",
        "-c",
        "setsid nohup sh -c 'sleep 600; : \"$0\"' \"$0\" >/dev/null 2>&1 & echo up; sleep 600",
        &mark,
    ]);
    program.prints("up").await;
    app.agent_mut().kill().await;
    gone(&app, &format!("sleep 600; : \"$0\" {mark}")).await;
    app.agent_mut().restart().await;
    let ended = program.finish().await.with_code(125);
    assert!(ended.stderr.contains("not known") || ended.stderr.contains("ended"), "{}", ended.stderr);
    app.ada().run(&["exec", "sh", "echo back"]).await.well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_reconnects_serves_on() {
    let mut app = team().await;
    app.kill_server().await;
    app.restart_server().await;
    let ended = app
        .until("the agent", || async {
            let ended = app.ada().run(&["exec", "sh", "echo again"]).await;
            (ended.code == Some(0)).then_some(ended)
        })
        .await;
    assert_eq!(ended.text(), "again\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_agents_with_one_name_the_newer_wins_and_the_older_is_told() {
    let mut app = team().await;
    let token = app.ada().does(&["admin", "create", "agent", "twin"]).await;
    app.apply("connections:\n  twin: { agent: twin, command: [sh, -c, 'echo $HOME'] }\n").await;
    let older = app.start_agent_in("older", "twin", token.trim()).await;
    let ended = app.ada().run(&["exec", "twin"]).await.well();
    assert!(ended.text().contains("older"), "{}", ended.text());
    let _newer = app.start_agent_in("newer", "twin", token.trim()).await;
    let left = older.ended().await;
    assert_ne!(left.code, Some(0));
    assert!(left.stderr.contains("twin"), "{}", left.stderr);
    let ended = app.ada().run(&["exec", "twin"]).await.well();
    assert!(ended.text().contains("newer"), "{}", ended.text());
    let _ = app.agent_mut();
}
