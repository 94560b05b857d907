//! Commands that nobody has to approve: exactly as if they were run here.

use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{gone, on_every_database, runs, team, unique};

/// More than every buffer on the way together.
const MUCH: usize = 64 * 1024 * 1024;

on_every_database! {
    async fn the_command_sees_and_answers_as_it_would_here(app: GatewayApp) {
        let ended = app.ada().run_with(&["exec", "sh"], b"echo out; echo err >&2; exit 7").await.with_code(7);
        assert_eq!((ended.text(), ended.stderr.as_str()), ("out\n", "err\n"));
        let ended = app.ada().run(&["exec", "sh", "--", "-c", "printf '%s|' \"$@\"", "x", "a b", "", "*", "é\n"]).await.well();
        assert_eq!(ended.text(), "a b||*|é\n|");
        let ended = app.ada().run(&["exec", "sh", "echo from the argument"]).await.well();
        assert_eq!(ended.text(), "from the argument\n");
        app.ada().run(&["exec", "sh", "kill -9 $$"]).await.with_code(137);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_comes_from_a_file() {
    let app = team().await;
    let file = app.home().join("script");
    std::fs::write(&file, "echo from the file").unwrap();
    let ended = app.ada().run(&["exec", "sh", "-f", &file.display().to_string()]).await.well();
    assert_eq!(ended.text(), "from the file\n");
    app.ada().run(&["exec", "sh", "-f", "/there/is/none"]).await.with_code(125);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_bytes_come_back_as_they_were_sent() {
    let app = team().await;
    let sent: Vec<u8> = (0..MUCH).map(|at| u8::try_from((at * 31 + at / 251) % 256).unwrap()).collect();
    let ended = app.ada().run_with(&["exec", "cat"], &sent).await.well();
    assert!(ended.stdout == sent, "{} of {} bytes came back", ended.stdout.len(), sent.len());
    assert_eq!(ended.stderr, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_has_had_enough_ends_the_command() {
    let app = team().await;
    let mark = unique("enough");
    let mut command = app.ada().command(&["exec", "sh", "--", "-c", "yes \"$0\"", &mark]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut some = vec![0; 4096];
    child.stdout.as_mut().unwrap().read_exact(&mut some).await.unwrap();
    drop(child.stdout.take());
    let status = tokio::time::timeout(countersign_testkit::WITHIN, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(141));
    gone(&app, &mark).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn output_comes_while_input_is_still_given() {
    let app = team().await;
    let mut program = app.ada().start(&["exec", "cat"]);
    program.type_in(b"one\n").await;
    program.prints("one\n").await;
    program.type_in(b"two\n").await;
    program.prints("two\n").await;
    program.finish().await.well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_holds_the_command_up_and_loses_nothing() {
    let app = team().await;
    let mut command = app.ada().command(&["exec", "sh", "--", "-c", "head -c 20000000 /dev/zero; echo done >&2"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let mut chunk = vec![0; 100_000];
    stdout.read_exact(&mut chunk).await.unwrap();
    let (mut rest, mut said) = (Vec::new(), String::new());
    tokio::join!(async { stdout.read_to_end(&mut rest).await.unwrap() }, async {
        stderr.read_to_string(&mut said).await.unwrap()
    });
    assert_eq!((chunk.len() + rest.len(), said.as_str()), (20_000_000, "done\n"));
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_reach_the_command() {
    let app = team().await;
    let script = "trap 'echo hup' HUP; trap 'echo int' INT; trap 'echo term; exit 9' TERM; echo ready; while :; do sleep 0.01; done";
    let program = app.ada().begin(&["exec", "sh", "--", "-c", script]);
    program.prints("ready").await;
    program.signal(Signal::SIGHUP);
    program.prints("hup").await;
    program.signal(Signal::SIGINT);
    program.prints("int").await;
    program.signal(Signal::SIGTERM);
    program.finish().await.with_code(9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_vanishes_takes_its_command_along() {
    let app = team().await;
    let mark = unique("vanished");
    let mut program = app.ada().begin(&[
        "exec",
        "sh",
        "--",
        "-c",
        "echo up; setsid sh -c 'sleep 600; : \"$0\"' \"$0\" & sleep 600",
        &mark,
    ]);
    program.prints("up").await;
    program.kill().await;
    gone(&app, &mark).await;
    assert!(!runs(&mark));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_read_what_happens_as_lines_of_json() {
    let app = team().await;
    let ended =
        app.ada().run_with(&["exec", "sh", "--json"], b"echo out; printf '\\377' >&2; exit 4").await.with_code(4);
    let events = ended.json();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).cloned().collect::<Vec<Value>>();
    assert_eq!(of("started").len(), 1);
    assert!(of("output").contains(&json!({ "event": "output", "stream": "stdout", "text": "out\n" })), "{events:?}");
    assert!(of("output").contains(&json!({ "event": "output", "stream": "stderr", "hex": "ff" })), "{events:?}");
    assert_eq!(of("ended"), [json!({ "event": "ended", "how": "exited", "code": 4, "exit_code": 4 })]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_run_has_an_exit_code_of_its_own() {
    let app = team().await;
    let ada = app.ada();
    let ended = ada.run(&["exec", "nowhere", "ls"]).await.with_code(127);
    assert!(ended.stderr.contains("no connection nowhere"), "{}", ended.stderr);
    app.apply("agents: { far: {} }\nconnections:\n  far: { agent: far, command: [sh] }\n").await;
    let ended = ada.run(&["exec", "far", "ls"]).await.with_code(127);
    assert!(ended.stderr.contains("agent far is not connected"), "{}", ended.stderr);
    let stranger = app.stranger("eve");
    let ended = stranger.run(&["exec", "sh", "ls"]).await.with_code(125);
    assert!(ended.stderr.contains("countersign login"), "{}", ended.stderr);
    let mut command = stranger.command(&["exec", "sh", "ls", "--server", app.node().url()]);
    let output = command.env("COUNTERSIGN_TOKEN", "cst_made_up").stdin(Stdio::null()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(125));
    app.apply("connections:\n  none: { agent: default, command: [/there/is/none] }\n").await;
    let ended = ada.run(&["exec", "none"]).await;
    assert!(matches!(ended.code, Some(125..=127)), "{ended:?}");
    assert!(ended.stderr.contains("/there/is/none"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_deleted_is_worth_nothing_at_once() {
    let app = team().await;
    let dan = app.person("dan").await;
    let mut program = dan.start(&["exec", "cat"]);
    program.type_in(b"here\n").await;
    program.prints("here").await;
    app.ada().does(&["admin", "delete", "token", "test", "--user", "dan@example.com"]).await;
    let ended = program.ended().await;
    assert_ne!(ended.code, Some(0), "{ended:?}");
    dan.run(&["exec", "sh", "ls"]).await.with_code(125);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_that_nobody_reads_harms_nothing() {
    let app = team().await;
    let mut program = app.ada().start(&["exec", "sh", "--", "-c", "exec <&-; echo closed; exit 5"]);
    let mut stdin = program.take_stdin();
    program.prints("closed").await;
    let writing = async move {
        // It may end before all of this is written.
        let _ = stdin.write_all(&vec![b'x'; 1_000_000]).await;
    };
    let ((), ended) = tokio::join!(writing, program.ended());
    ended.with_code(5);
}
