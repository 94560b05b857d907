//! Commands on a terminal.

use countersign_gateway::{
    SessionEnd,
    wire::control::{Action, Signal, ToAgent, WindowSize},
};

use crate::peer::{Output, connected};

#[tokio::test]
async fn the_program_has_a_terminal_of_its_own_with_the_persons_size() {
    let (mut node, mut control, agent) = connected().await;
    let start = node.on_terminal(
        "tty; stty size; echo $TERM; ps -o sid= -p $$ | grep -qw $$ && echo leader; echo to-tty > /dev/tty",
    );
    let mut data = node.start(&mut control, start).await;
    let output = data.rest().await;
    let text = output.text();
    for line in ["/dev/pts/", "24 80\r\n", "xterm\r\n", "to-tty\r\n", "leader\r\n"] {
        assert!(text.contains(line), "{line:?} is not in {text:?}");
    }
    assert_eq!(output.end, Output::exited(0));
    agent.stop().await;
}

#[tokio::test]
async fn a_new_size_is_seen_by_the_program() {
    let (mut node, mut control, agent) = connected().await;
    let start = node.on_terminal("trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done");
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    data.until("ready").await;
    control.say(&ToAgent::Resize { session, size: WindowSize { rows: 50, cols: 132 } }).await;
    data.until("50 132").await;
    control.stop(session, "seen").await;
    assert_eq!(control.ended(session).await, SessionEnd::Stopped { why: "seen".to_owned() });
    agent.stop().await;
}

#[tokio::test]
async fn what_is_typed_is_echoed_and_control_c_interrupts() {
    let (mut node, mut control, agent) = connected().await;
    let start = node.on_terminal("cat; echo never");
    let mut data = node.start(&mut control, start).await;
    data.send(b"hello\r").await;
    data.until("hello\r\nhello\r\n").await;
    data.send(b"\x03").await;
    let output = data.rest().await;
    assert_eq!(output.end, Some(SessionEnd::Signalled { signal: 2 }));
    assert!(!output.text().contains("never"));
    agent.stop().await;
}

#[tokio::test]
async fn a_signal_goes_to_the_foreground() {
    let (mut node, mut control, agent) = connected().await;
    let mut start = node.on_terminal("");
    start.action = Action::Terminal {
        argv: ["bash", "--norc", "--noprofile", "-i"].map(str::to_owned).to_vec(),
        term: "evil\u{1b}]0;".to_owned(),
        size: WindowSize { rows: 24, cols: 80 },
    };
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    data.send(b"PS1=; echo $((6*7)) $TERM; sh -c 'echo wait$((1+1)); exec sleep 1000'; echo code $?\r").await;
    let before = data.until("wait2\r\n").await.text();
    assert!(before.contains("42 dumb"), "{before:?}");
    control.say(&ToAgent::Signal { session, signal: Signal::Term }).await;
    data.until("code 143").await;
    data.send(b"exit 5\r").await;
    assert_eq!(data.rest().await.end, Output::exited(5));
    agent.stop().await;
}
