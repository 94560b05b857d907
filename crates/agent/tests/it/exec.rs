//! Commands with pipes.

use countersign_gateway::{
    Secret, SecretSource, SessionEnd,
    wire::control::{EnvEntry, EnvSource, Signal, ToAgent},
};
use rstest::rstest;

use crate::peer::{Output, connected, exec};

#[tokio::test]
async fn output_and_errors_come_apart_with_the_exit_code() {
    let (mut node, mut control, agent) = connected().await;
    let start = node.script("echo out; echo err >&2; exit 7");
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    let output = data.rest().await;
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (b"out\n".as_slice(), b"err\n".as_slice()));
    assert_eq!(output.end, Output::exited(7));
    assert_eq!(output.closed.len(), 2, "{output:?}");
    control.started(session).await;
    assert_eq!(control.ended(session).await, SessionEnd::Exited { code: 7 });
    agent.stop().await;
}

#[tokio::test]
async fn a_signal_is_told_as_one() {
    let (mut node, mut control, agent) = connected().await;
    let start = node.script("kill -TERM $$");
    let mut data = node.start(&mut control, start).await;
    assert_eq!(data.rest().await.end, Some(SessionEnd::Signalled { signal: 15 }));
    agent.stop().await;
}

#[rstest]
#[case(Signal::Int, 2)]
#[case(Signal::Usr1, 10)]
#[case(Signal::Kill, 9)]
#[tokio::test]
async fn signals_reach_the_command_and_its_children(#[case] signal: Signal, #[case] number: u8) {
    let (mut node, mut control, agent) = connected().await;
    let start = node.order(exec(&["sh", "-c", "(echo ready; exec sleep 1000) & wait"]));
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    data.until("ready").await;
    control.say(&ToAgent::Signal { session, signal }).await;
    let end = data.rest().await.end;
    // Shells in the background ignore SIGINT for their children; the shell itself does not.
    assert_eq!(end, Some(SessionEnd::Signalled { signal: number }));
    crate::processes::gone(session).await;
    agent.stop().await;
}

#[tokio::test]
async fn a_program_that_is_missing_is_said() {
    let (mut node, mut control, agent) = connected().await;
    let start = node.order(exec(&["/nowhere/at-all"]));
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    let end = data.rest().await.end;
    let Some(SessionEnd::Failed { why }) = end.clone() else { panic!("{end:?}") };
    assert!(why.contains("/nowhere/at-all") && why.contains("No such file"), "{why}");
    assert_eq!(Some(control.ended(session).await), end);
    agent.stop().await;
}

#[tokio::test]
async fn the_environment_is_a_small_clean_one() {
    let (mut node, mut control, agent) = connected().await;
    let file = agent.dir.path().join("secret");
    std::fs::write(&file, "from-a-file\n").unwrap();
    let reference = |name: &str, source| EnvEntry {
        name: name.to_owned(),
        value: EnvSource::Reference(Secret { name: name.to_owned(), source }),
    };
    let mut start = node.order(exec(&["env"]));
    let session = start.session;
    start.env = vec![
        EnvEntry { name: "PLAIN".to_owned(), value: EnvSource::Plain("with\nlines = and ü".to_owned()) },
        reference("BY_ENV", SecretSource::Env { name: "PGPASS_REF".to_owned() }),
        reference("BY_FILE", SecretSource::File { path: file.display().to_string() }),
        EnvEntry { name: "COUNTERSIGN_USER".to_owned(), value: EnvSource::Plain("somebody-else".to_owned()) },
    ];
    let mut data = node.start(&mut control, start).await;
    let text = data.rest().await.text();
    for line in [
        "PATH=/usr/bin:/bin",
        "HOME=/tmp",
        "LANG=C.UTF-8",
        "PLAIN=with\nlines = and ü",
        "BY_ENV=by-reference",
        "BY_FILE=from-a-file",
        "COUNTERSIGN_CONNECTION=bash",
        &format!("COUNTERSIGN_SESSION={session}"),
        "COUNTERSIGN_USER=alice@example.com",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line} is not in\n{text}");
    }
    assert!(!text.contains("STRAY") && !text.contains("somebody-else"), "{text}");
    agent.stop().await;
}

#[rstest]
#[case::missing_variable(SecretSource::Env { name: "NOT_THERE".to_owned() }, "NOT_THERE")]
#[case::missing_file(SecretSource::File { path: "/nowhere/secret".to_owned() }, "/nowhere/secret")]
#[case::directory(SecretSource::File { path: "/tmp".to_owned() }, "not a regular file")]
#[case::relative(SecretSource::File { path: "secret".to_owned() }, "not absolute")]
#[case::sealed(SecretSource::Sealed { sealed: "00".to_owned() }, "sealed")]
#[tokio::test]
async fn a_reference_that_leads_nowhere_is_said(#[case] source: SecretSource, #[case] said: &str) {
    let (mut node, mut control, agent) = connected().await;
    let mut start = node.order(exec(&["env"]));
    start.env =
        vec![EnvEntry { name: "X".to_owned(), value: EnvSource::Reference(Secret { name: "X".to_owned(), source }) }];
    let mut data = node.start(&mut control, start).await;
    let Some(SessionEnd::Failed { why }) = data.rest().await.end else { panic!() };
    assert!(why.contains(said), "{why}");
    agent.stop().await;
}

/// Bytes that no text has, different everywhere.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[tokio::test]
async fn sixty_four_mebibytes_go_through_both_ways_unchanged() {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;

    let (mut node, mut control, agent) = connected().await;
    let start = node.order(exec(&["cat"]));
    let data = node.start(&mut control, start).await;
    let sent = noise(64 * 1024 * 1024);
    let (mut sink, mut stream) = data.socket.split();
    let writing = async {
        for chunk in sent.chunks(200_000) {
            sink.send(Message::Binary(countersign_gateway::wire::frame::Channel::Stdin.frame(chunk))).await.unwrap();
        }
        sink.send(Message::Binary(countersign_gateway::wire::frame::Channel::Stdin.close())).await.unwrap();
    };
    let reading = async {
        let mut came = Vec::with_capacity(sent.len());
        while let Some(Ok(Message::Binary(frame))) = stream.next().await {
            assert!(frame.len() <= countersign_gateway::wire::MAX_FRAME_BYTES);
            if frame[0] == 1 {
                came.extend_from_slice(&frame[1..]);
            }
        }
        came
    };
    let ((), came) = tokio::join!(writing, reading);
    assert!(came == sent, "{} of {} bytes", came.len(), sent.len());
    agent.stop().await;
}

#[tokio::test]
async fn a_slow_reader_holds_the_command_and_not_the_memory() {
    let (mut node, mut control, agent) = connected().await;
    let start = node.script("i=0; while dd if=/dev/zero bs=1M count=1 2>/dev/null; do i=$((i+1)); echo $i >&2; done");
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    control.started(session).await;
    // Nothing is read. What the command could write until it was held is what buffers take, once they are full.
    let written = || {
        let pids = crate::processes::of_session(session);
        let io = |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        pids.iter().map(io).collect::<String>()
    };
    let mut last = (written(), 0);
    while last.1 < 50 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        let now = written();
        last = if now == last.0 { (now, last.1 + 1) } else { (now, 0) };
    }
    control.stop(session, "enough").await;
    let output = data.rest().await;
    let most = 32 * 1024 * 1024;
    assert!(output.stdout.len() < most, "{} bytes were waiting somewhere", output.stdout.len());
    control.ended(session).await;
    agent.stop().await;
}

#[tokio::test]
async fn input_that_nobody_reads_does_no_harm() {
    let (mut node, mut control, agent) = connected().await;
    let start = node.script("exec <&-; echo done");
    let mut data = node.start(&mut control, start).await;
    for _ in 0..64 {
        data.send(&vec![0; 100_000]).await;
    }
    data.close_stdin().await;
    let output = data.rest().await;
    assert_eq!((output.text().as_str(), output.end), ("done\n", Output::exited(0)));
    agent.stop().await;
}

#[tokio::test]
async fn many_at_once_each_get_their_own() {
    let (mut node, mut control, agent) = connected().await;
    let mut open = Vec::new();
    for number in 0..20 {
        let start = node.script(&format!("read line; echo $line {number}"));
        open.push(node.start(&mut control, start).await);
    }
    for (number, mut data) in open.into_iter().enumerate().rev() {
        data.send(b"hello\n").await;
        assert_eq!(data.rest().await.text(), format!("hello {number}\n"));
    }
    agent.stop().await;
}
