//! What time does: on a clock that stands still until it is moved.

use std::{sync::Arc, time::Duration};

use countersign_approval::{
    Clock as _, Grant, Person, PersonId, Request, RequestId, Store, Verdict,
    port::{Ballot, Claimed, Voted},
};
use countersign_testkit::{Hook, LocalDaemon, LocalSettings, Settings, TestApp, TestClock, WITHIN, permission_request};
use serde_json::{Value, json};

use crate::{behavior, button_value, ids, start, start_with};

/// Drawing waits for what may follow at once.
const SETTLE: Duration = Duration::from_millis(30);

async fn local(app: &TestApp) -> LocalDaemon {
    LocalDaemon::start(app, LocalSettings::default()).await
}

/// Lets the one message be drawn that waits to be.
async fn redraw(daemon: &LocalDaemon) {
    daemon.clock().sleepers(1, SETTLE).await;
    daemon.clock().advance(SETTLE);
}

/// Waits until every message is recorded as it is shown: a vote before that is drawn at once, with the call that is under way.
async fn recorded(daemon: &LocalDaemon) {
    let nothing_due = async {
        while daemon.store().next_outbox(daemon.clock().now()).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WITHIN, nothing_due).await.unwrap();
}

/// Waits until the grant of a request stands like this.
async fn grant_is(daemon: &LocalDaemon, id: RequestId, state: &str) {
    let armed = daemon.store().hints().arm(id);
    let seen = async {
        loop {
            let changed = armed.next();
            let grant = daemon.store().dossier(id).await.unwrap().unwrap().grant;
            if grant.as_ref().is_some_and(|grant| grant.name() == state) {
                return;
            }
            changed.await;
        }
    };
    tokio::time::timeout(WITHIN, seen).await.unwrap();
}

/// Asks, lets the message be posted, and kills the daemon while the hook is stopped.
async fn left_alone(app: &TestApp, command: &str) -> (Hook, Arc<Value>) {
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request(command)).await;
    let message = app.message_saying(&dm, command).await;
    app.settled().await;
    app.stop_process(hook.pid());
    (hook, message)
}

/// A request that a daemon left behind, approved by alice, for which nobody comes back.
async fn abandoned(app: &TestApp, clock: &TestClock, claimed_by: Option<&str>) -> Request {
    let (hook, message) = left_alone(app, "ls").await;
    app.kill_daemon();
    hook.kill().await;
    assert!(app.daemon_gone().await);
    let store = app.open_store().await;
    let person = PersonId::new(format!("slack:{}", app.user("alice")));
    let alice = Person { id: person.clone(), name: "alice".into(), email: None, groups: [].into(), active: true };
    store.put_person(alice, clock.now()).await.unwrap();
    store.put_identity(app.identity("alice"), person, clock.now()).await.unwrap();
    let token = button_value(&message).parse().unwrap();
    let ballot =
        Ballot { token, voter: app.identity("alice").into(), verdict: Verdict::Approve, reason: None, at: clock.now() };
    let Voted::Decided(request) = store.vote(ballot).await.unwrap() else { panic!("not decided") };
    if let Some(by) = claimed_by {
        assert_eq!(store.claim_grant(request.id, by, clock.now()).await.unwrap(), Claimed::Now);
    }
    store.close().await;
    request
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_changes_is_one_update_and_the_agent_is_answered_before_it() {
    let app = start().await;
    let daemon = local(&app).await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    recorded(&daemon).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
    let request = daemon.store().recent(1).await.unwrap().remove(0);
    grant_is(&daemon, request.id, "finished").await;
    assert_eq!(app.calls("chat.update"), 0, "nothing was drawn while the agent waited");
    redraw(&daemon).await;
    app.message_saying(&dm, "Approved by alice").await;
    app.settled().await;
    assert_eq!(app.calls("chat.update"), 1, "decided and delivered are one call");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_that_nobody_came_for_lapses_and_its_message_says_so() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let clock = TestClock::now();
    let request = abandoned(&app, &clock, None).await;
    let daemon = LocalDaemon::start_at(&app, LocalSettings::default(), clock).await;
    redraw(&daemon).await;
    app.message_saying(&dm, "Approved by alice").await;
    app.settled().await;
    daemon.clock().advance(Duration::from_secs(59));
    assert!(matches!(daemon.store().dossier(request.id).await.unwrap().unwrap().grant, Some(Grant::Issued { .. })));
    daemon.clock().advance(Duration::from_secs(25));
    grant_is(&daemon, request.id, "lapsed").await;
    redraw(&daemon).await;
    app.message_saying(&dm, "Nothing was done: the agent came back too late").await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_of_an_answer_that_a_killed_daemon_was_giving_is_unknown_and_said_so() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let clock = TestClock::now();
    let request = abandoned(&app, &clock, Some("hook:1@1/1")).await;
    let daemon = LocalDaemon::start_at(&app, LocalSettings::default(), clock).await;
    redraw(&daemon).await;
    app.message_saying(&dm, "Approved by alice").await;
    app.settled().await;
    daemon.clock().advance(Duration::from_secs(11));
    grant_is(&daemon, request.id, "unknown").await;
    redraw(&daemon).await;
    app.message_saying(&dm, "It is not known whether it was done").await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_within_the_usual_grace_is_not_cancelled_and_who_does_not_is() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let (loyal, _) = left_alone(&app, "loyal").await;
    let (lost, _) = left_alone(&app, "lost").await;
    app.kill_daemon();
    lost.kill().await;
    assert!(app.daemon_gone().await);
    let daemon = local(&app).await;
    // The requests' grace, and the grants'.
    daemon.clock().sleepers(2, Duration::from_secs(10)).await;
    daemon.clock().advance(Duration::from_millis(9999));
    app.continue_process(loyal.pid());
    app.daemon_says("/daemon/waiting", |count| *count == json!(1)).await;
    assert_eq!(daemon.store().pending(10).await.unwrap().len(), 2, "ten seconds are not over yet");
    daemon.clock().advance(Duration::from_millis(1));
    redraw(&daemon).await;
    app.message_saying(&dm, "Cancelled: the agent stopped waiting").await;
    assert_eq!(daemon.store().pending(10).await.unwrap().len(), 1);
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&loyal.answer().await), Some("allow"));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_usual_grace_is_ten_seconds_and_requests_are_kept_for_ninety_days() {
    let app = start().await;
    app.run(&["requests", "list"]).await;
    app.daemon_says("/daemon/orphan_grace_s", |seconds| *seconds == json!(10)).await;
    app.daemon_says("/daemon/keep_days", |days| *days == json!(90)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_set_back_makes_no_request_last_longer() {
    let app = start().await;
    let daemon = local(&app).await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    app.message_with(&dm, ids::APPROVE).await;
    app.daemon_says("/daemon/waiting", |count| *count == json!(1)).await;
    app.settled().await;
    daemon.clock().set_back(Duration::from_hours(3));
    daemon.clock().advance(Duration::from_secs(61));
    let ended = hook.finish().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert!(ended.stderr.contains("nobody decided in time"), "{}", ended.stderr);
    redraw(&daemon).await;
    app.message_saying(&dm, "Expired: nobody decided in time").await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_set_back_keeps_no_message_out_of_date() {
    let app = start().await;
    let daemon = local(&app).await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.settled().await;
    app.workspace().fault(&json!({ "fail": { "method": "chat.update", "times": 1, "http": 503 } })).unwrap();
    app.click("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
    let request = daemon.store().recent(1).await.unwrap().remove(0);
    grant_is(&daemon, request.id, "finished").await;
    redraw(&daemon).await;
    // It failed, and is to be tried again half a second later.
    let again = daemon.clock().now().plus(Duration::from_millis(500));
    let waits = async {
        while daemon.store().next_outbox(daemon.clock().now()).await.unwrap() != Some(again) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WITHIN, waits).await.unwrap();
    daemon.clock().set_back(Duration::from_hours(3));
    // Whatever happens next makes the worker look: what is due in three hours and a half second is due now.
    daemon.store().hints().work_waiting();
    redraw(&daemon).await;
    app.message_saying(&dm, "Approved by alice").await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_long_ago_is_forgotten_and_the_audit_trail_still_proves_it() {
    let app = start_with(&Settings::default()).await;
    let keep_requests = Some(Duration::from_hours(90 * 24));
    let daemon = LocalDaemon::start(&app, LocalSettings { keep_requests, ..LocalSettings::default() }).await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    hook.answer().await;
    let request = daemon.store().recent(1).await.unwrap().remove(0);
    grant_is(&daemon, request.id, "finished").await;
    redraw(&daemon).await;
    app.message_saying(&dm, "Approved by alice").await;
    app.settled().await;

    daemon.clock().advance(Duration::from_hours(89 * 24));
    let still = app.ask(&permission_request("pwd")).await;
    app.message_with(&dm, ids::APPROVE).await;
    assert_eq!(daemon.store().recent(9).await.unwrap().len(), 2);
    daemon.clock().sleepers(1, Duration::from_hours(1)).await;
    daemon.clock().advance(Duration::from_hours(2 * 24));
    let forgotten = async {
        while daemon.store().request_state(request.id).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WITHIN, forgotten).await.unwrap();
    // Two days are over for the other one too: it has expired, and is kept.
    still.finish().await;
    assert_eq!(daemon.store().recent(9).await.unwrap().len(), 1);
    daemon.stop().await;
    let proof = app.run(&["audit", "verify", "--json"]).await;
    assert_eq!(proof.code, Some(0), "{proof:?}");
    let proof: Value = serde_json::from_str(&proof.stdout).unwrap();
    assert_eq!((&proof["ok"], &proof["unchained"]), (&json!(true), &json!(0)));
    let kept = app.open_store().await;
    let trail = kept.chain_page(0, 1000).await.unwrap();
    assert!(trail.iter().any(|row| row.row.request == Some(request.id) && row.row.kind == "request.approved"));
    kept.close().await;
}
