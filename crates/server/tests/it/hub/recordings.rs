//! Recordings: whole, redacted, capped, and shown to those who may see them.

use countersign_gateway::{
    SessionId,
    wire::{
        control::WindowSize,
        frame::Channel,
        run::{FromClient, WantedInput},
    },
};
use countersign_server::gateway::GatewayLimits;
use serde_json::{Value, json};

use super::{
    node::Node,
    wire::{ScriptedAgent, connect, ended, exec, exited, open, started},
};

async fn recording(node: &Node, token: &str, session: SessionId) -> (u16, String) {
    node.get(&format!("/api/v1/sessions/{session}/recording"), token).await
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_command_is_recorded_without_its_secrets() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&["-p", "hunter2"], WantedInput::Some)).await;
    let start = agent.start().await;
    let mut data = agent.run(&node, &start).await;
    let (session, _) = started(&mut client).await;
    client.frame(Channel::Stdin.frame(b"in")).await;
    client.frame(Channel::Stdin.close()).await;
    data.heard_frame().await;
    data.heard_frame().await;
    data.frame(Channel::Stdout.frame(b"my password is hun")).await;
    data.frame(Channel::Stdout.frame(b"ter2, really")).await;
    data.frame(Channel::Stderr.frame(b"\xff")).await;
    data.frame(exited(0)).await;
    assert_eq!(client.heard_frame().await, Channel::Stdout.frame(b"my password is hun"), "the stream is not redacted");
    ended(&mut client).await;
    node.session(session, |session| session.recording.is_some()).await;
    let (status, text) = recording(&node, "token-of-bob", session).await;
    assert_eq!(status, 200);
    let lines = lines(&text);
    assert_eq!(lines[0]["command"], json!(["bash", "-p", "[redacted]"]));
    let decode = |line: &Value| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(line["data"].as_str().unwrap()).unwrap()
    };
    let of =
        |channel: &str| -> Vec<u8> { lines.iter().filter(|line| line["ch"] == channel).flat_map(decode).collect() };
    assert_eq!(String::from_utf8_lossy(&of("out")), "my password is [redacted], really");
    assert_eq!((of("in"), of("err")), (b"in".to_vec(), b"\xff".to_vec()));
    assert_eq!(lines.last().unwrap()["end"], json!({ "how": "exited", "code": 0 }));
    assert_eq!(recording(&node, "token-of-root", session).await.0, 200, "administrators may");
    assert_eq!(recording(&node, "token-of-alice", session).await.0, 404, "others may not");
    assert_eq!(recording(&node, "wrong", session).await.0, 401);
}

#[tokio::test]
async fn a_terminal_is_recorded_as_asciicast() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", connect()).await;
    let start = agent.start().await;
    let mut data = agent.run(&node, &start).await;
    let (session, _) = started(&mut client).await;
    data.frame(Channel::Stdout.frame("€ ".as_bytes())).await;
    client.heard_frame().await;
    client.say(&FromClient::Resize { size: WindowSize { rows: 50, cols: 100 } }).await;
    client.frame(Channel::Stdin.frame(b"ls\r")).await;
    data.heard_frame().await;
    data.frame(exited(0)).await;
    ended(&mut client).await;
    node.session(session, |session| session.recording.is_some()).await;
    let lines = lines(&recording(&node, "token-of-bob", session).await.1);
    assert_eq!((&lines[0]["version"], &lines[0]["width"], &lines[0]["height"]), (&json!(2), &json!(80), &json!(24)));
    let mut events: Vec<(String, String)> =
        lines[1..].iter().map(|line| (line[1].as_str().unwrap().into(), line[2].as_str().unwrap().into())).collect();
    assert_eq!(events.pop().unwrap().0, "m");
    events.sort();
    let expected = [("i", "ls\r"), ("o", "€ "), ("r", "100x50")];
    assert_eq!(events, expected.map(|(letter, text)| (letter.to_owned(), text.to_owned())));
    let times: Vec<f64> = lines[1..].iter().map(|line| line[0].as_f64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn a_full_recording_says_so_and_the_session_goes_on() {
    let node = Node::with(GatewayLimits { recording_bytes: 2000, ..GatewayLimits::default() }).await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let mut data = agent.run(&node, &start).await;
    let (session, _) = started(&mut client).await;
    for _ in 0..10 {
        data.frame(Channel::Stdout.frame(&[b'x'; 5000])).await;
        client.heard_frame().await;
    }
    data.frame(exited(0)).await;
    ended(&mut client).await;
    node.session(session, |session| session.recording.is_some()).await;
    let text = recording(&node, "token-of-bob", session).await.1;
    let lines = lines(&text);
    let last = lines.last().unwrap();
    assert_eq!((&last["ch"], &last["limit"]), (&json!("cap"), &json!(2000)));
    assert!(text.len() < 2200, "{}", text.len());
}
