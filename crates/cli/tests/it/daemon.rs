//! The daemon: one, private, replaceable, and gone when nobody needs it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
};

use countersign_hook::wire::RequestKey;
use countersign_testkit::{Settings, TestApp, permission_request};
use serde_json::{Value, json};

use crate::{behavior, ids, start, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_first_hooks_at_once_share_one_daemon() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let (first, second) = (permission_request("one"), permission_request("two"));
    let (third, fourth, fifth) = (permission_request("three"), permission_request("four"), permission_request("five"));
    let (one, two, three, four, five) =
        tokio::join!(app.ask(&first), app.ask(&second), app.ask(&third), app.ask(&fourth), app.ask(&fifth));
    for _ in 0..5 {
        let message = app.message_with(&dm, ids::APPROVE).await;
        app.click("alice", &dm, &message, ids::APPROVE).await;
        app.closed(&dm, &message).await;
    }
    for hook in [one, two, three, four, five] {
        assert_eq!(behavior(&hook.answer().await), Some("allow"));
    }
    let log = std::fs::read_to_string(app.state().join("daemon.log")).unwrap();
    assert_eq!(log.matches(" is here ").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_daemon_keeps_nothing_of_the_session_that_started_it() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    app.message_with(&dm, ids::APPROVE).await;
    let pid = app.daemon_pid().unwrap();
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    assert_eq!(String::from_utf8_lossy(&environment), "");
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), std::path::Path::new("/"));
    let arguments = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    assert!(!arguments.contains("xox") && !arguments.contains("xapp"), "{arguments}");
    let stopped = app.bare_command().args(["hook", "--stop"]).output().await.unwrap();
    assert!(stopped.status.success(), "it needs no configuration: {stopped:?}");
    let ended = hook.finish().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    app.message_saying(&dm, "Cancelled at the terminal by").await;
    assert!(app.daemon_gone().await);
    assert_eq!(app.daemon_pid(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_what_does_not_run_is_fine() {
    let app = start().await;
    let stopped = app.run(&["hook", "--stop"]).await;
    assert_eq!(stopped.code, Some(0));
    assert!(stopped.stderr.contains("No daemon was running"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_daemon_leaves() {
    let app = start_with(&Settings { idle_exit_s: 0, ..Settings::default() }).await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    hook.answer().await;
    assert!(app.daemon_gone().await);
    // Everything was said before it left.
    app.message_saying(&dm, "Approved by alice").await;
    // And the next call just starts another.
    let hook = app.ask(&permission_request("pwd")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
}

/// A connection to the daemon, spoken by hand.
fn dial(app: &TestApp, lines: &[Value]) -> BufReader<UnixStream> {
    let mut stream = UnixStream::connect(app.paths().socket()).unwrap();
    stream.set_read_timeout(Some(countersign_testkit::WITHIN)).unwrap();
    for line in lines {
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    BufReader::new(stream)
}

fn next(reader: &mut BufReader<UnixStream>) -> Value {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

fn hello(version: &str, op: &str) -> Value {
    json!({ "countersign": 1, "version": version, "request_key": RequestKey::random().unwrap(), "deadline_ms": 60_000, "op": op })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_newer_client_makes_a_daemon_leave() {
    let app = start().await;
    let dm = app.direct_message("alice");
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    let before = app.daemon_pid();

    let older = next(&mut dial(&app, &[hello("0.0.1", "status")]));
    assert_eq!(older.get("outcome"), Some(&json!("ok")));
    assert_eq!(app.daemon_pid(), before);

    let newer = next(&mut dial(&app, &[hello("99.0.0", "status")]));
    assert_eq!(newer.get("outcome"), Some(&json!("outdated")));
    // The waiting client starts the next daemon by itself, and its request goes on.
    let app_id = app.workspace().ready().app_id.clone();
    let replaced = |running: &countersign_slack_workspace::Running| {
        let is_new = app.daemon_pid().is_some_and(|pid| Some(pid) != before);
        (is_new && running.workspace().connections(&app_id) > 0).then_some(())
    };
    app.workspace().wait(replaced, countersign_testkit::WITHIN).await.unwrap();
    app.press("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
    assert_eq!(app.workspace().messages(&dm).len(), 1, "one request, one message");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_original_protocol_is_answered_in_kind() {
    let app = start().await;
    let dm = app.direct_message("alice");
    // Starts the daemon.
    app.run(&["requests", "list"]).await;
    for (action, behavior, text) in
        [(ids::APPROVE, "allow", "Allowed via Slack"), (ids::DENY, "deny", "Denied by alice in Slack")]
    {
        let mut reader = dial(&app, &[permission_request("ls")]);
        let message = app.message_with(&dm, action).await;
        app.click("alice", &dm, &message, action).await;
        let expected = json!({ "hookSpecificOutput": { "hookEventName": "PermissionRequest", "decision": { "behavior": behavior, "message": text } } });
        let answer = tokio::task::spawn_blocking(move || {
            let answer = next(&mut reader);
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, b"");
            answer
        });
        assert_eq!(answer.await.unwrap(), expected);
        app.closed(&dm, &message).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rubbish_on_the_socket_is_refused_and_harms_nobody() {
    let app = start().await;
    app.run(&["requests", "list"]).await;
    for line in [
        "hello",
        "[]",
        "{\"countersign\":2}",
        "{\"countersign\":1}",
        "{\"countersign\":1,\"version\":\"1\",\"request_key\":\"zz\"}",
    ] {
        let mut stream = UnixStream::connect(app.paths().socket()).unwrap();
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        assert!(answer.contains("\"refused\""), "{line}: {answer}");
    }
    let approve = next(&mut dial(&app, &[hello("0.1.0", "approve")]));
    assert_eq!(approve.get("outcome"), Some(&json!("refused")), "nothing on this socket approves");
    let status = next(&mut dial(&app, &[hello("0.1.0", "status")]));
    assert_eq!(status.get("outcome"), Some(&json!("ok")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_with_another_call_is_refused() {
    let app = start().await;
    let dm = app.direct_message("alice");
    app.run(&["requests", "list"]).await;
    let alice = app.user("alice");
    let mut greeting = hello("0.1.0", "ask");
    greeting["approver"] = json!(alice);
    let _waiting = dial(&app, &[greeting.clone(), permission_request("ls")]);
    app.message_with(&dm, ids::APPROVE).await;
    let mut other = dial(&app, &[greeting, permission_request("rm -rf /")]);
    let answer = next(&mut other);
    assert_eq!(answer.get("outcome"), Some(&json!("no_decision")), "{answer}");
    assert!(answer.to_string().contains("about something else"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_program_on_the_same_slack_app_is_noticed() {
    use countersign_slack::socket_mode::{Config, SocketMode};
    use secrecy::ExposeSecret as _;

    let app = start().await;
    let ready = app.workspace().ready();
    let client = countersign_slack::client::Client::new(ready.api_url.parse().unwrap()).unwrap();
    let token = ready.app_token.expose_secret().parse().unwrap();
    let other = SocketMode::new(client, token, Config::default());
    let mut status = other.status();
    let (deliveries, _kept) = tokio::sync::mpsc::channel(8);
    let running = tokio::task::LocalSet::new();
    let cancel = tokio_util::sync::CancellationToken::new();
    let serving = other.run(deliveries, cancel.clone());
    running
        .run_until(async {
            let serving = tokio::task::spawn_local(serving);
            status.wait_for(|status| status.connected == 2).await.unwrap();
            app.run(&["requests", "list"]).await;
            app.daemon_says("/daemon/slack/connections_elsewhere", |count| count.as_u64() == Some(2)).await;
            let log = app.run(&["hook", "logs"]).await;
            assert!(log.stdout.contains("belong to another program"), "{}", log.stdout);
            cancel.cancel();
            serving.await.unwrap().unwrap();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_user_is_not_spoken_to() {
    use std::os::unix::{fs::PermissionsExt as _, process::CommandExt as _};
    /// A user that nothing runs as.
    const NOBODY: u32 = 65_534;
    if !nix::unistd::geteuid().is_root() {
        // Only root can be somebody else for a moment.
        return;
    }
    let app = start().await;
    app.run(&["requests", "list"]).await;
    // Even when the directory and the socket are open to everybody.
    for path in [app.home(), &app.home().join("run"), app.paths().dir(), &app.paths().socket()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let script = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\ns.settimeout(20)\n\
                  s.sendall(sys.argv[2].encode()+b'\\n')\nprint(s.recv(4096))";
    let line = hello("0.1.0", "status").to_string();
    let mut stranger = std::process::Command::new("python3");
    stranger
        .args(["-c", script])
        .arg(app.paths().socket())
        .arg(line)
        .uid(NOBODY)
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/local/bin");
    let output = tokio::task::spawn_blocking(move || stranger.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let refused = said.trim() == "b''" || String::from_utf8_lossy(&output.stderr).contains("Error");
    assert!(refused, "{said} {output:?}");
    std::fs::set_permissions(app.paths().dir(), std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_approval_is_given_to_one_connection() {
    let app = start().await;
    let dm = app.direct_message("alice");
    app.run(&["requests", "list"]).await;
    let mut greeting = hello("0.1.0", "ask");
    greeting["approver"] = json!(app.user("alice"));
    let mut waiting: Vec<_> = (0..5).map(|_| dial(&app, &[greeting.clone(), permission_request("ls")])).collect();
    for reader in &mut waiting {
        assert_eq!(next(reader).get("event"), Some(&json!("accepted")));
    }
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    let answers = tokio::task::spawn_blocking(move || waiting.iter_mut().map(next).collect::<Vec<_>>());
    let answers = answers.await.unwrap();
    let approved = answers.iter().filter(|answer| answer.get("outcome") == Some(&json!("approved"))).count();
    assert_eq!(approved, 1, "{answers:?}");
    assert_eq!(app.workspace().messages(&dm).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_runtime_directory_is_no_second_daemon() {
    let app = start().await;
    app.run(&["requests", "list"]).await;
    let elsewhere = app.home().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let second = app.command(&["requests", "list"]).env("XDG_RUNTIME_DIR", &elsewhere).output().await.unwrap();
    assert_eq!(second.status.code(), Some(1));
    let stderr = String::from_utf8(second.stderr).unwrap();
    assert!(stderr.contains("another XDG_RUNTIME_DIR"), "{stderr}");
}

/// One's own log is full a moment after it was opened: somebody else writes to it too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_daemons_share_a_log_that_stays_capped() {
    const CAP: u64 = 4 * 1024 * 1024;
    let app = start().await;
    // Another Slack app of the same user: another daemon with the same state directory.
    let other = start_with(&Settings { idle_exit_s: 20, ..Settings::default() }).await;
    let as_other = |args: &[&str]| {
        let mut command = other.command(args);
        command.env_clear().envs(app.bare_command().as_std().get_envs().filter_map(|(key, value)| Some((key, value?))));
        command
    };
    let log = app.state().join("daemon.log");
    let lines_of = |path: &std::path::Path| std::fs::read_to_string(path).unwrap_or_default().matches(" asked").count();
    app.run(&["requests", "list"]).await;
    assert!(as_other(&["requests", "list"]).output().await.unwrap().status.success());
    let fill = || {
        let left = CAP - std::fs::metadata(&log).unwrap().len();
        let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
        file.write_all(&vec![b'\n'; usize::try_from(left).unwrap()]).unwrap();
    };
    fill();
    // Both have a line to write; whoever comes first moves the full log aside, the other follows to the new one.
    let (dm, other_dm) = (app.direct_message("alice"), other.direct_message("alice"));
    let hook = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    let mut theirs = as_other(&["hook"]);
    theirs.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).kill_on_drop(true);
    let mut theirs = theirs.spawn().unwrap();
    let mut stdin = theirs.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, permission_request("ls").to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let their_message = other.message_with(&other_dm, ids::APPROVE).await;
    assert_eq!(lines_of(&log), 2, "both write to the log that is there");
    let aside = app.state().join("daemon.log.1");
    assert_eq!(lines_of(&aside), 0);
    assert!(std::fs::metadata(&aside).unwrap().len() >= CAP);
    assert!(std::fs::metadata(&log).unwrap().len() < CAP);
    app.click("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&hook.answer().await), Some("allow"));
    other.click("alice", &other_dm, &their_message, ids::APPROVE).await;
    assert!(theirs.wait_with_output().await.unwrap().status.success());
    assert!(as_other(&["hook", "--stop"]).output().await.unwrap().status.success());
}
