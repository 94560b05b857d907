//! How much a daemon takes, and what it says beyond that.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    time::Duration,
};

use countersign_hook::wire::RequestKey;
use countersign_server::Limits;
use countersign_testkit::{LocalDaemon, LocalSettings, TestApp, WITHIN, permission_request};
use serde_json::{Value, json};

use crate::{behavior, ids, start};

fn dial(app: &TestApp) -> UnixStream {
    let stream = UnixStream::connect(app.paths().socket()).unwrap();
    stream.set_read_timeout(Some(WITHIN)).unwrap();
    stream
}

fn hello(app: &TestApp, op: &str) -> String {
    let key = RequestKey::random().unwrap();
    let alice = app.user("alice");
    format!(
        "{}\n",
        json!({ "countersign": 1, "version": "0.1.0", "request_key": key, "deadline_ms": 60_000, "op": op, "approver": alice })
    )
}

fn line(stream: &UnixStream) -> Value {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_too_many_is_refused_and_told_so() {
    let app = start().await;
    let limits = Limits { connections: 3, ..Limits::default() };
    let daemon = LocalDaemon::start(&app, LocalSettings { limits, ..LocalSettings::default() }).await;
    let dm = app.direct_message("alice");
    let input = permission_request("ls");
    let waiting = [app.ask(&input).await, app.ask(&input).await, app.ask(&input).await];
    let all = |running: &countersign_slack_workspace::Running| (running.messages(&dm).len() == 3).then_some(());
    app.workspace().wait(all, WITHIN).await.unwrap();

    let refused = app.ask(&input).await.finish().await;
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(0), ""));
    assert!(refused.stderr.contains("3 connections open already"), "{}", refused.stderr);
    let gated = app.ask_with(&["--gate"], input.to_string().as_bytes()).await.finish().await;
    assert_eq!((gated.code, gated.stdout.as_str()), (Some(2), ""));
    assert!(gated.stderr.contains("3 connections open already"), "{}", gated.stderr);

    // The others are as they were, and whoever comes when one of them has left is heard.
    for message in app.workspace().messages(&dm) {
        app.click("alice", &dm, &message, ids::APPROVE).await;
    }
    for hook in waiting {
        assert_eq!(behavior(&hook.answer().await), Some("allow"));
    }
    app.daemon_says("/daemon/connections", |count| *count == json!(1)).await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_large_input_too_many_is_refused_and_small_ones_pass() {
    let app = start().await;
    let limits = Limits { large_inputs: 1, large_input_within: Duration::from_millis(100), ..Limits::default() };
    let daemon = LocalDaemon::start(&app, LocalSettings { limits, ..LocalSettings::default() }).await;
    let dm = app.direct_message("alice");
    let large = permission_request(&"x".repeat(400 * 1024));
    // One that is slow to come has the only place: more than the socket holds has been read of it.
    let text = large.to_string();
    let (begin, end) = text.split_at(390 * 1024);
    let mut slow = dial(&app);
    slow.write_all(hello(&app, "ask").as_bytes()).unwrap();
    slow.write_all(begin.as_bytes()).unwrap();

    let refused = app.ask(&large).await.finish().await;
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(0), ""));
    assert!(refused.stderr.contains("too many large inputs"), "{}", refused.stderr);
    let small = app.ask(&permission_request("ls")).await;
    let message = app.message_with(&dm, ids::APPROVE).await;
    app.click("alice", &dm, &message, ids::APPROVE).await;
    assert_eq!(behavior(&small.answer().await), Some("allow"));

    // The slow one is asked when it is whole, and gives its place back.
    slow.write_all(format!("{end}\n").as_bytes()).unwrap();
    assert_eq!(line(&slow)["event"], json!("accepted"));
    let next = app.ask(&large).await;
    app.daemon_says("/daemon/waiting", |count| *count == json!(2)).await;
    next.kill().await;
    drop(slow);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_input_too_large_is_refused_by_the_daemon_too() {
    let app = start().await;
    app.run(&["requests", "list"]).await;
    let mut stream = dial(&app);
    stream.write_all(hello(&app, "ask").as_bytes()).unwrap();
    // It does not listen to the end: that it hangs up is no error here.
    let _ = stream.write_all(&vec![b'x'; 9 * 1024 * 1024]);
    let answer = line(&stream);
    assert_eq!(answer["outcome"], json!("refused"), "{answer}");
    assert!(answer["reason"].as_str().unwrap().contains("longer than"), "{answer}");
    let status = app.run(&["requests", "list"]).await;
    assert_eq!(status.code, Some(0), "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_started_with_few_files_takes_as_many_as_the_system_allows() {
    let app = start().await;
    let mut few = tokio::process::Command::new("sh");
    few.arg("-c").arg("ulimit -Sn 64; exec \"$0\" \"$@\"").arg(crate::BINARY);
    few.arg("--config").arg(app.config()).args(["requests", "list"]);
    few.env_clear().envs(app.bare_command().as_std().get_envs().filter_map(|(key, value)| Some((key, value?))));
    let listed = few.output().await.unwrap();
    assert!(listed.status.success(), "{listed:?}");
    let pid = app.daemon_pid().unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<&str> = files.split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers[0], numbers[1], "{files}");
    // More than it was started with.
    let mut streams: Vec<UnixStream> = (0..100).map(|_| dial(&app)).collect();
    for stream in &mut streams {
        stream.write_all(hello(&app, "list").as_bytes()).unwrap();
    }
    for stream in &streams {
        assert_eq!(line(stream)["outcome"], json!("ok"));
    }
}

/// A figure of the daemon's memory, in bytes.
fn memory(app: &TestApp, figure: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.daemon_pid().unwrap())).unwrap();
    let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
    1024 * line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_large_requests_that_wait_are_not_held_in_memory() {
    const COUNT: usize = 24;
    const EACH: usize = 5 * 1024 * 1024;
    let app = start().await;
    app.run(&["requests", "list"]).await;
    let large = permission_request(&"x".repeat(EACH)).to_string();
    let mut waiting = Vec::new();
    for _ in 0..COUNT {
        let mut stream = dial(&app);
        stream.write_all(hello(&app, "ask").as_bytes()).unwrap();
        stream.write_all(format!("{large}\n").as_bytes()).unwrap();
        assert_eq!(line(&stream)["event"], json!("accepted"));
        waiting.push(stream);
    }
    app.settled().await;
    let listed = app.run(&["requests", "list", "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&listed.stdout).unwrap().as_array().unwrap().len(), COUNT);
    app.daemon_says("/daemon/pending", |count| *count == json!(COUNT)).await;
    let (now, peak) = (memory(&app, "VmRSS"), memory(&app, "VmHWM"));
    eprintln!("{COUNT} requests of {EACH} bytes: {} MiB now, {} MiB at most", now >> 20, peak >> 20);
    let all = (COUNT * EACH) as u64;
    assert!(peak < all * 2, "{peak} bytes at most, for {all} bytes of requests");
}
