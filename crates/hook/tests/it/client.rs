//! The hook client, against a daemon played by the test and against real ones.

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use countersign_hook::client::{ClientConfig, HookExit, Mode, Start, call, run, test, unavailable};
use countersign_hook::host::{Decision, render};
use countersign_hook::input::Event;
use countersign_hook::rendezvous::{Seat, connect};
use countersign_hook::screen_lock::LockProbe;
use countersign_hook::wire::{Op, Outcome, ProgressEvent};
use rstest::rstest;

use crate::support::{ALLOW, ASK, Home, LONG, Peer};

const APPROVED: &str = r#"{"countersign":1,"version":"0.1.0","outcome":"approved","by":"Alice"}"#;
const ACCEPTED: &str = r#"{"countersign":1,"event":"accepted","version":"0.1.0","request":"r1"}"#;

/// Runs the client while `daemon` plays the other end.
fn with_peer(
    config: &ClientConfig,
    input: &str,
    daemon: impl FnOnce(&std::os::unix::net::UnixListener) + Send,
) -> HookExit {
    let mut seat = Seat::take(&config.paths).unwrap();
    let listener = seat.take_listener().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || daemon(&listener));
        run(input.as_bytes(), config)
    })
}

fn answered_with(answer: &str) -> HookExit {
    let home = Home::without_daemon();
    with_peer(&home.config, ASK, |listener| {
        Peer::accept(listener).say(&format!("{answer}\n"));
    })
}

#[track_caller]
fn assert_undecided(exit: &HookExit, code: u8, expected: &str) {
    assert_eq!(exit.stdout, b"", "{exit:?}");
    assert_eq!(exit.code, code, "{exit:?}");
    assert!(exit.stderr.contains(expected), "{exit:?}");
    assert!(exit.stderr.ends_with('\n'));
}

#[test]
fn an_approval_is_an_allow_and_nothing_else() {
    let exit = answered_with(APPROVED);
    assert_eq!(String::from_utf8(exit.stdout).unwrap(), ALLOW);
    assert_eq!((exit.stderr.as_str(), exit.code), ("", 0));
}

#[test]
fn a_denial_reaches_the_host_with_name_and_reason() {
    let exit = answered_with(
        r#"{"countersign":1,"version":"0.1.0","outcome":"denied","by":"Al\u202eice","reason":"not\non Friday"}"#,
    );
    insta::assert_snapshot!(String::from_utf8(exit.stdout).unwrap().trim_end(), @r#"{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"deny","message":"Denied by Alice in Slack: not on Friday"}}}"#);
    assert_eq!((exit.stderr.as_str(), exit.code), ("", 0));
}

#[rstest]
#[case::expired(r#"{"countersign":1,"version":"1.0.0","outcome":"expired"}"#, "nobody decided in time")]
#[case::no_decision(
    r#"{"countersign":1,"version":"1.0.0","outcome":"no_decision","reason":"Slack is away"}"#,
    "Slack is away"
)]
#[case::newer_word(r#"{"countersign":1,"version":"1.0.0","outcome":"approved_by_proxy"}"#, "not a decision")]
#[case::other_protocol(r#"{"countersign":2,"version":"1.0.0","outcome":"approved"}"#, "protocol 2")]
#[case::not_json("approved", "cannot be read")]
#[case::a_bare_output(r#"{"hookSpecificOutput":{}}"#, "cannot be read")]
fn any_other_answer_is_no_decision(#[case] answer: &str, #[case] expected: &str) {
    assert_undecided(&answered_with(answer), 0, expected);
}

#[test]
fn an_answer_in_pieces_is_put_together() {
    let home = Home::without_daemon();
    let exit = with_peer(&home.config, ASK, |listener| {
        let mut peer = Peer::accept(listener);
        for byte in format!("{ACCEPTED}\n{APPROVED}\n").bytes() {
            peer.stream.write_all(&[byte]).unwrap();
        }
    });
    assert_eq!(String::from_utf8(exit.stdout).unwrap(), ALLOW);
}

#[test]
fn lines_that_come_together_are_taken_apart() {
    let home = Home::without_daemon();
    let exit = with_peer(&home.config, ASK, |listener| {
        Peer::accept(listener).say(&format!("{ACCEPTED}\n{APPROVED}\n{ACCEPTED}\n"));
    });
    assert_eq!(String::from_utf8(exit.stdout).unwrap(), ALLOW);
}

#[test]
fn the_first_message_is_one_write_with_the_input_as_received() {
    let home = Home::without_daemon();
    let input = ASK.replace(',', ",\n  ");
    let exit = with_peer(&home.config, &input, |listener| {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = vec![0; 64 * 1024];
        let read = stream.read(&mut buffer).unwrap();
        let sent = String::from_utf8(buffer[..read].to_vec()).unwrap();
        let (hello, rest) = sent.split_once('\n').unwrap();
        assert!(hello.starts_with(r#"{"countersign":1,"#), "{hello}");
        assert!(hello.contains(r#""approver":"U0ALICE","op":"ask","host":"claude"}"#));
        assert_eq!(rest, format!("{}\n", input.replace('\n', " ")));
        stream.write_all(APPROVED.as_bytes()).unwrap();
        stream.write_all(b"\n").unwrap();
    });
    assert_eq!(exit.code, 0);
}

#[test]
fn a_connection_that_dies_is_opened_again_with_the_same_key() {
    let home = Home::without_daemon();
    let exit = with_peer(&home.config, ASK, |listener| {
        let first = Peer::accept(listener);
        let mut second = Peer::accept_after(first, listener, |peer| peer.say(ACCEPTED));
        second.say(&format!("{APPROVED}\n"));
    });
    assert_eq!(String::from_utf8(exit.stdout).unwrap(), ALLOW);
}

impl Peer {
    /// Lets the first connection die in the middle of a line, and takes the client's next one.
    fn accept_after(mut first: Self, listener: &std::os::unix::net::UnixListener, act: impl FnOnce(&mut Self)) -> Self {
        act(&mut first);
        let (key, input) = (first.hello.request_key, first.input.clone());
        drop(first);
        let second = Self::accept(listener);
        assert_eq!(second.hello.request_key, key);
        assert_eq!(second.input, input);
        second
    }
}

#[test]
fn a_large_input_arrives_whole() {
    let home = Home::without_daemon();
    let content = "é".repeat(1_000_000);
    let input = ASK.replace("ls", &content);
    let exit = with_peer(&home.config, &input, |listener| {
        let mut peer = Peer::accept(listener);
        assert_eq!(peer.input, input.as_bytes());
        peer.say(&format!("{APPROVED}\n"));
    });
    assert_eq!(exit.code, 0);
    assert!(!exit.stdout.is_empty());
}

#[test]
fn a_refusal_is_heard_although_the_input_was_not_read_to_its_end() {
    let home = Home::without_daemon();
    let input = ASK.replace("ls", &"x".repeat(4_000_000));
    let exit = with_peer(&home.config, &input, |listener| {
        let (mut stream, _) = listener.accept().unwrap();
        // Some of it, so that the client is in the middle of writing, and much of it lies unread when this hangs up.
        stream.read_exact(&mut vec![0; 100_000]).unwrap();
        let refused = r#"{"countersign":1,"version":"0.1.0","outcome":"refused","reason":"too many large inputs"}"#;
        stream.write_all(format!("{refused}\n").as_bytes()).unwrap();
    });
    assert_undecided(&exit, 0, "too many large inputs");
}

#[rstest]
#[case::advise(Mode::Advise, 0)]
#[case::gate(Mode::Gate, 2)]
fn the_deadline_is_ours_and_ends_without_a_decision(#[case] mode: Mode, #[case] code: u8) {
    let mut home = Home::without_daemon();
    home.config.deadline = Duration::from_millis(100);
    home.config.mode = mode;
    let exit = with_peer(&home.config, ASK, |listener| {
        let peer = Peer::accept(listener);
        assert!(peer.hello.deadline_ms <= 100);
        peer.until_gone();
    });
    assert_undecided(&exit, code, "no answer within 0.1 s");
}

#[test]
fn a_daemon_that_is_killed_is_replaced_and_the_question_asked_again() {
    let home = Home::with_daemon("dies_once");
    let exit = run(ASK.as_bytes(), &home.config);
    assert_eq!(String::from_utf8(exit.stdout).unwrap(), ALLOW);
    let journal = home.journal();
    assert_eq!(journal.len(), 4, "{journal:?}");
    assert_eq!(journal[0], "start");
    assert_eq!(journal[1], journal[3], "the same key");
}

#[test]
fn an_older_daemon_leaves_and_the_question_is_asked_again() {
    let home = Home::with_daemon("outdated_once");
    let exit = run(ASK.as_bytes(), &home.config);
    assert_eq!(String::from_utf8(exit.stdout).unwrap(), ALLOW);
    assert_eq!(home.starts(), 2);
}

#[test]
fn eight_first_hooks_at_once_are_all_answered_by_one_daemon() {
    let home = Home::with_daemon("answers");
    std::thread::scope(|scope| {
        let hooks: Vec<_> = (0..8).map(|_| scope.spawn(|| run(ASK.as_bytes(), &home.config))).collect();
        for hook in hooks {
            assert_eq!(String::from_utf8(hook.join().unwrap().stdout).unwrap(), ALLOW);
        }
    });
    assert_eq!(home.starts(), 1);
}

#[rstest]
#[case::advise(Mode::Advise, 0)]
#[case::gate(Mode::Gate, 2)]
fn a_daemon_that_cannot_start_is_no_decision(#[case] mode: Mode, #[case] code: u8) {
    let mut home = Home::with_daemon("fails");
    home.config.mode = mode;
    assert_undecided(&run(ASK.as_bytes(), &home.config), code, "the store is locked");
}

#[rstest]
#[case::empty("", "input is empty")]
#[case::not_json("yes", "input is not JSON")]
#[case::array("[]", "not a JSON object")]
#[case::unknown_event(r#"{"hook_event_name":"Bogus","session_id":"s","cwd":"/"}"#, "unknown event `Bogus`")]
#[case::missing(r#"{"hook_event_name":"PermissionRequest","cwd":"/"}"#, "`session_id`")]
fn bad_input_is_said_on_stderr_only(#[case] input: &str, #[case] expected: &str) {
    let mut home = Home::without_daemon();
    assert_undecided(&run(input.as_bytes(), &home.config), 1, expected);
    home.config.mode = Mode::Gate;
    assert_undecided(&run(input.as_bytes(), &home.config), 2, expected);
    assert_undecided(&unavailable(input.as_bytes(), "no token", Mode::Gate), 2, expected);
}

#[rstest]
#[case::text(b"\xff\xfe{}".to_vec(), "not UTF-8")]
#[case::fifty_megabytes(vec![b'x'; 50_000_000], "larger than 8 MiB")]
fn binary_and_huge_input_is_bad_input(#[case] input: Vec<u8>, #[case] expected: &str) {
    let home = Home::without_daemon();
    assert_undecided(&run(input.as_slice(), &home.config), 1, expected);
}

fn observation(event: &str) -> String {
    ASK.replace("PermissionRequest", event)
}

#[rstest]
fn an_observer_tells_and_leaves(
    #[values("PostToolUse", "PostToolUseFailure", "Stop", "UserPromptSubmit", "SessionEnd")] event: &str,
    #[values(Mode::Advise, Mode::Gate)] mode: Mode,
) {
    let mut home = Home::without_daemon();
    home.config.mode = mode;
    let exit = with_peer(&home.config, &observation(event), |listener| {
        let peer = Peer::accept(listener);
        assert_eq!(peer.hello.op, Op::Observe);
        assert_eq!(peer.input, observation(event).as_bytes());
        peer.until_gone();
    });
    assert_eq!(exit, HookExit::silent());
}

#[test]
fn an_observer_is_not_held_up_by_a_daemon_that_does_not_read() {
    let home = Home::without_daemon();
    let _seat = Seat::take(&home.config.paths).unwrap();
    let input = observation("PostToolUse").replace("ls", &"x".repeat(4_000_000));
    assert_eq!(run(input.as_bytes(), &home.config), HookExit::silent());
}

#[test]
fn an_observer_starts_no_daemon_and_never_fails() {
    let home = Home::with_daemon("answers");
    let exit = run(observation("Stop").as_bytes(), &home.config);
    assert_eq!(exit, HookExit::silent());
    assert_eq!(home.starts(), 0);
    let exit = unavailable(observation("Stop").as_bytes(), "no token", Mode::Gate);
    assert_eq!(exit, HookExit::silent());
}

#[test]
fn a_configuration_that_cannot_be_used_is_no_decision() {
    let exit = unavailable(ASK.as_bytes(), "no token", Mode::Advise);
    assert_undecided(&exit, 0, "no decision: no token");
}

/// A `loginctl` that always says the same.
fn probe(home: &Home, says: &str) -> LockProbe {
    let loginctl = home.path().join("loginctl");
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o700).open(&loginctl).unwrap();
    write!(file, "#!/bin/sh\n{says}\n").unwrap();
    LockProbe::Logind { loginctl, session: None }
}

#[test]
fn with_an_unlocked_screen_the_question_stays_at_the_terminal() {
    let mut home = Home::with_daemon("answers");
    // A script that was just written can be busy while another test forks.
    home.config.only_screen_lock = Some(probe(&home, "echo no"));
    let mut exit = run(ASK.as_bytes(), &home.config);
    while exit.stderr.contains("busy") {
        exit = run(ASK.as_bytes(), &home.config);
    }
    assert_undecided(&exit, 0, "the screen is not locked");
    assert_eq!(home.starts(), 0);
}

#[rstest]
#[case::unknown(PathBuf::from("/nonexistent/loginctl"), Mode::Advise, "taken as locked")]
#[case::gate(PathBuf::from("/nonexistent/loginctl"), Mode::Gate, "a gate always asks")]
fn an_unknown_lock_state_asks_and_says_so(#[case] loginctl: PathBuf, #[case] mode: Mode, #[case] expected: &str) {
    let mut home = Home::without_daemon();
    home.config.mode = mode;
    home.config.only_screen_lock = Some(LockProbe::Logind { loginctl, session: None });
    let exit = with_peer(&home.config, ASK, |listener| {
        Peer::accept(listener).say(&format!("{APPROVED}\n"));
    });
    assert_eq!(String::from_utf8(exit.stdout).unwrap(), ALLOW);
    assert!(exit.stderr.contains(expected), "{}", exit.stderr);
}

#[test]
fn the_connection_test_goes_through_the_daemon() {
    let home = Home::with_daemon("answers");
    let mut seen = Vec::new();
    let exit = test(&home.config, &mut |progress| seen.push(progress.event));
    assert_eq!(exit.stdout, b"Test passed: Alice approved.\n");
    assert_eq!(seen, [ProgressEvent::Accepted]);
    connect(&home.config.paths).unwrap();
}

#[test]
fn a_connection_test_that_fails_says_why() {
    let home = Home::with_daemon("fails");
    let exit = test(&home.config, &mut |_| ());
    assert_undecided(&exit, 1, "test failed: the daemon could not start");
}

#[test]
fn an_operation_without_a_daemon_is_told_so() {
    let home = Home::with_daemon("answers");
    let nothing = serde_json::Value::Null;
    let error = call(&home.config, Op::List, &nothing, Start::Never, &mut |_| ()).unwrap_err();
    assert!(error.is_absent());
    assert_eq!(home.starts(), 0);
}

#[test]
fn an_operation_carries_its_arguments_and_returns_its_data() {
    let mut home = Home::without_daemon();
    home.config.deadline = LONG;
    let mut seat = Seat::take(&home.config.paths).unwrap();
    let listener = seat.take_listener().unwrap();
    let args = serde_json::json!({ "id": "r1", "reason": "no" });
    let answer = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut peer = Peer::accept(&listener);
            assert_eq!((peer.hello.op, &peer.hello.args), (Op::Deny, &args));
            peer.say("{\"countersign\":1,\"version\":\"0.1.0\",\"outcome\":\"ok\",\"data\":[1]}\n");
        });
        call(&home.config, Op::Deny, &args, Start::Never, &mut |_| ()).unwrap()
    });
    assert_eq!(answer.outcome, Outcome::Ok);
    assert_eq!(answer.data, serde_json::json!([1]));
}

#[test]
fn a_pre_tool_use_answer_is_rendered_for_its_event() {
    let home = Home::without_daemon();
    let exit = with_peer(&home.config, &observation("PreToolUse"), |listener| {
        Peer::accept(listener).say(&format!("{APPROVED}\n"));
    });
    let host = home.config.host;
    let expected = render(host, Event::PreToolUse, &Decision::Allow, Mode::Advise);
    assert_eq!(exit, expected);
}
