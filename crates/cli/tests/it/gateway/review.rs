//! Commands that people have to approve.

use countersign_testkit::text_of;
use nix::sys::signal::Signal;
use serde_json::Value;

use super::{approve, ids, on_every_database, team, team_with, waiting};

on_every_database! {
    async fn what_two_groups_approve_is_run(app: GatewayApp) {
        let (program, _) = waiting(&app, &["echo $((6 * 7)); exit 3", "--reason", "INC-7"]).await;
        let message = app.asked("approvals", "INC-7").await;
        app.click("alice", "approvals", &message, ids::APPROVE).await;
        program.says("still needed: 1 of sre").await;
        app.click("bob", "approvals", &message, ids::APPROVE).await;
        let ended = program.finish().await.with_code(3);
        assert_eq!(ended.text(), "42\n");
        app.closed("approvals", &message).await;
        app.told("ada", "Approved").await;
    }
}

on_every_database! {
    async fn a_denial_is_an_exit_code_and_a_reason(app: GatewayApp) {
        let (program, request) = waiting(&app, &["rm -rf /srv"]).await;
        let message = app.asked("approvals", "rm -rf /srv").await;
        let bob = app.person("bob").await;
        bob.does(&["requests", "deny", &request, "--reason", "not on a Friday"]).await;
        let ended = program.finish().await.with_code(126);
        assert!(ended.stderr.contains("Bob said no: not on a Friday"), "{}", ended.stderr);
        let closed = app.closed("approvals", &message).await;
        assert!(text_of(&closed).contains("not on a Friday"), "{}", text_of(&closed));
    }
}

on_every_database! {
    async fn a_request_is_left_and_come_back_to(app: GatewayApp) {
        let left = app.ada().run(&["exec", "bash", "echo later", "--no-wait"]).await.well();
        let request = left.text().trim().to_owned();
        assert_eq!(request.len(), 32, "{request}");
        approve(&app, "echo later").await;
        let ended = app.ada().run(&["exec", "--resume", &request]).await.well();
        assert_eq!(ended.text(), "later\n");
        let again = app.ada().run(&["exec", "--resume", &request]).await.with_code(126);
        assert!(again.stderr.contains("has been run"), "{}", again.stderr);
    }
}

on_every_database! {
    async fn of_many_who_resume_at_once_one_runs_it(app: GatewayApp) {
        let ran = app.home().join("ran");
        let command = format!("echo once >> {}", ran.display());
        let left = app.ada().run(&["exec", "bash", "--no-wait", "--", "-c", &command]).await.well();
        let request = left.text().trim().to_owned();
        approve(&app, "echo once").await;
        let programs: Vec<_> = (0..6).map(|_| app.ada().begin(&["exec", "--resume", &request])).collect();
        let mut codes = Vec::new();
        for program in programs {
            codes.push(program.finish().await.code);
        }
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(126), Some(126), Some(126), Some(126), Some(126)]);
        assert_eq!(std::fs::read_to_string(ran).unwrap(), "once\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_people_of_the_groups_decide_and_nobody_for_themselves() {
    let app = team().await;
    let (program, request) = waiting(&app, &["echo mine"]).await;
    let message = app.asked("approvals", "echo mine").await;
    app.click("ada", "approvals", &message, ids::APPROVE).await;
    let user = app.user("ada");
    let says = |message: &Value| message.to_string().contains("asked for this yourself");
    let whisper =
        app.workspace().wait_for_ephemeral(&app.channel("approvals"), &user, says, countersign_testkit::WITHIN).await;
    assert!(whisper.is_ok(), "{:?}", app.workspace().ephemerals(&app.channel("approvals"), &user));
    let dan = app.person("dan").await;
    for args in [["requests", "approve", &request], ["requests", "deny", &request]] {
        let refused = dan.run(&args).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
    }
    app.ada().run(&["requests", "approve", &request]).await.with_code(1);
    approve(&app, "echo mine").await;
    program.finish().await.well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approvers_decide_at_the_command_line_too() {
    let app = team().await;
    let (program, request) = waiting(&app, &["echo both"]).await;
    let message = app.asked("approvals", "echo both").await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let listed = bob.does(&["requests", "list"]).await;
    assert!(listed.contains("ada@example.com"), "{listed}");
    let shown = bob.does(&["requests", "show", &request]).await;
    assert!(shown.contains("echo both"), "{shown}");
    bob.run(&["requests", "approve", &request, "--digest", "00000000"]).await.with_code(1);
    alice.does(&["requests", "approve", &request]).await;
    bob.does(&["requests", "approve", &request]).await;
    program.finish().await.well();
    app.closed("approvals", &message).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_in_time_is_an_exit_code_of_its_own() {
    let app = team_with(
        "policies:\n  hasty:\n    priority: -5\n    doors: [exec]\n    connection: sh\n    ask: { approvers: [sre], ttl: 10s }\n",
    )
    .await;
    let ended = app.ada().run(&["exec", "sh", "ls"]).await.with_code(124);
    assert!(ended.stderr.contains("in time"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_that_nobody_uses_in_time_is_worth_nothing() {
    let app = team_with(
        "policies:\n  hasty:\n    priority: -5\n    doors: [exec]\n    connection: sh\n    ask: { approvers: [sre], claim_within: 10s }\n",
    )
    .await;
    let left = app.ada().run(&["exec", "sh", "echo late", "--no-wait"]).await.well();
    let request = left.text().trim().to_owned();
    let bob = app.person("bob").await;
    bob.does(&["requests", "approve", &request]).await;
    app.until("the end of the approval", || async {
        let shown = app.ada().does(&["requests", "show", &request, "--json"]).await;
        let shown: Value = serde_json::from_str(&shown).unwrap();
        (shown["grant"] == "lapsed").then_some(())
    })
    .await;
    app.ada().run(&["exec", "--resume", &request]).await.with_code(124);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_wait_leaves_the_request_open() {
    let app = team().await;
    let (program, request) = waiting(&app, &["echo still"]).await;
    program.signal(Signal::SIGINT);
    let ended = program.finish().await.with_code(130);
    assert!(ended.stderr.contains(&format!("countersign exec --resume {request}")), "{}", ended.stderr);
    approve(&app, "echo still").await;
    let ended = app.ada().run(&["exec", "--resume", &request]).await.well();
    assert_eq!(ended.text(), "still\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_request_is_closed_everywhere() {
    let app = team().await;
    let (program, request) = waiting(&app, &["echo never"]).await;
    let message = app.asked("approvals", "echo never").await;
    app.ada().does(&["requests", "cancel", &request]).await;
    program.finish().await.with_code(130);
    app.closed("approvals", &message).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_verb_whose_plugin_is_missing_names_the_one_that_works() {
    let app = team().await;
    let ended = app.ada().run(&["exec", "bash-jit", "ls"]).await.with_code(126);
    assert!(ended.stderr.contains("connect"), "{}", ended.stderr);
    let terminal = app.ada().terminal(&["connect", "bash"]);
    terminal.shows("exec").await;
    assert_eq!(terminal.finish().await, Some(126));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_is_told_when_nobody_can_approve() {
    let app = team_with(
        "policies:\n  lost:\n    priority: -5\n    doors: [exec]\n    connection: sh\n    ask: { approvers: [nobody], channels: [no-such-channel] }\n",
    )
    .await;
    let program = app.ada().begin(&["exec", "sh", "ls"]);
    program.request().await;
    let said = program.says("warning: ").await;
    assert!(said.contains("nobody"), "{said}");
    program.signal(Signal::SIGINT);
    program.finish().await.with_code(130);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emergency_goes_ahead_and_is_marked() {
    let app = team_with(
        "policies:\n  glass:\n    priority: -5\n    doors: [exec]\n    connection: sh\n    ask: { approvers: [sre], break_glass: [admin] }\n",
    )
    .await;
    let ended =
        app.ada().run(&["exec", "sh", "echo fire", "--break-glass", "--reason", "everything burns"]).await.well();
    assert_eq!(ended.text(), "fire\n");
    let dan = app.person("dan").await;
    dan.run(&["exec", "sh", "echo fire", "--break-glass", "--reason", "me too"]).await.with_code(126);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviewed_input_is_whole_and_binary_safe() {
    let app = team().await;
    let mut script = b"wc -c; exit\n".to_vec();
    script.extend(std::iter::repeat_n([0_u8, 255, 10, 13], 500_000).flatten());
    let mut program = app.ada().start(&["exec", "bash"]);
    let mut stdin = program.take_stdin();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, &script).await.unwrap();
    drop(stdin);
    let request = program.request().await;
    // Too long for a button: whoever approves has to have seen more than a message shows.
    let carol = app.person("carol").await;
    carol.does(&["requests", "approve", &request]).await;
    let ended = program.finish().await.well();
    let counted: usize = ended.text().trim().parse().unwrap();
    // The shell reads its own first line from the same input.
    assert_eq!(counted, script.len() - "wc -c; exit\n".len());
}
