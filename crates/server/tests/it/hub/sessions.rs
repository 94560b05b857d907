//! Sessions without review: frames both ways, and what may not be.

use countersign_gateway::{
    SessionEnd, SessionState,
    wire::{
        CONTROL_PATH, DATA_PATH, RUN_PATH,
        control::{Action, FromAgent, Input, Signal, ToAgent},
        frame::Channel,
        run::{FromClient, RefusalCode, WantedInput},
    },
};
use countersign_server::gateway::GatewayLimits;
use tokio_tungstenite::tungstenite::Message;

use super::{
    node::Node,
    wire::{ScriptedAgent, ended, exec, exited, guess, open, refused, started},
};

#[tokio::test]
async fn a_command_gets_its_input_and_gives_its_output() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&["-c", "cat"], WantedInput::Some)).await;
    let start = agent.start().await;
    assert_eq!((start.node.as_str(), start.person.as_str()), (node.url.as_str(), "bob@example.org"));
    let Action::Exec { argv, input: Input::Live } = &start.action else { panic!("{:?}", start.action) };
    assert_eq!(argv, &["bash", "-c", "cat"]);
    let mut data = agent.run(&node, &start).await;
    let (session, stdin) = started(&mut client).await;
    assert!(stdin && session == start.session);
    client.frame(Channel::Stdin.frame(b"in")).await;
    client.frame(Channel::Stdin.close()).await;
    assert_eq!(data.heard_frame().await, Channel::Stdin.frame(b"in"));
    assert_eq!(data.heard_frame().await, Channel::Stdin.close());
    for frame in [Channel::Stdout.frame(b"out"), Channel::Stderr.frame(b"err")] {
        data.frame(frame.clone()).await;
        assert_eq!(client.heard_frame().await, frame);
    }
    data.frame(exited(3)).await;
    assert_eq!(ended(&mut client).await, SessionEnd::Exited { code: 3 });
    assert_eq!(node.end_of(session).await, SessionEnd::Exited { code: 3 });
}

#[tokio::test]
async fn a_command_without_input_has_it_closed_at_once() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let mut data = agent.run(&node, &start).await;
    assert_eq!(data.heard_frame().await, Channel::Stdin.close());
    assert!(!started(&mut client).await.1);
}

#[tokio::test]
async fn the_word_that_it_runs_may_come_before_its_connection() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::Some)).await;
    let start = agent.start().await;
    agent.0.say(&FromAgent::Started { session: start.session }).await;
    agent.0.is_heard().await;
    // Nothing else comes over it that would say the same: a port's other end waits for its client.
    let _data = node.dial(DATA_PATH, &start.ticket).await.unwrap();
    assert_eq!(started(&mut client).await.0, start.session);
}

#[tokio::test]
async fn output_before_the_word_that_it_runs_is_not_lost() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let mut data = node.dial(DATA_PATH, &start.ticket).await.unwrap();
    data.frame(Channel::Stdout.frame(b"early")).await;
    started(&mut client).await;
    assert_eq!(client.heard_frame().await, Channel::Stdout.frame(b"early"));
    data.frame(exited(0)).await;
    assert_eq!(ended(&mut client).await, SessionEnd::Exited { code: 0 });
}

#[tokio::test]
async fn a_frame_that_is_not_the_clients_to_send_ends_the_session() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    for frame in
        [Channel::Stdout.frame(b"forged"), exited(0), Channel::Close.frame(b""), bytes::Bytes::from_static(b"\x09x")]
    {
        let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::Some)).await;
        let start = agent.start().await;
        let data = agent.run(&node, &start).await;
        started(&mut client).await;
        client.frame(frame).await;
        let ToAgent::Stop { session, why } = agent.told().await else { panic!("no stop") };
        assert!(session == start.session && why.contains("the person's end sent"), "{why}");
        drop(data);
        agent.0.say(&FromAgent::Ended { session, end: SessionEnd::Stopped { why: why.clone() } }).await;
        assert_eq!(ended(&mut client).await, SessionEnd::Stopped { why });
    }
}

#[tokio::test]
async fn a_frame_that_is_not_the_agents_to_send_ends_the_session() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    for message in [
        Message::Binary(Channel::Stdin.frame(b"forged")),
        Message::Binary(Channel::Status.frame(b"nonsense")),
        Message::text("text"),
    ] {
        let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
        let start = agent.start().await;
        let mut data = agent.run(&node, &start).await;
        started(&mut client).await;
        data.send(message).await;
        let ToAgent::Stop { session, why } = agent.told().await else { panic!("no stop") };
        assert!(why.starts_with("the agent sent"), "{why}");
        agent.0.say(&FromAgent::Ended { session, end: SessionEnd::Stopped { why: why.clone() } }).await;
        assert_eq!(ended(&mut client).await, SessionEnd::Stopped { why });
    }
}

#[tokio::test]
async fn a_client_that_vanishes_has_its_command_stopped() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let mut data = agent.run(&node, &start).await;
    started(&mut client).await;
    client.close().await;
    let ToAgent::Stop { session, why } = agent.told().await else { panic!("no stop") };
    assert_eq!((session, why.as_str()), (start.session, "the person's end is gone"));
    data.frame(Channel::Status.frame(br#"{"how":"stopped","why":"the person's end is gone"}"#)).await;
    assert!(matches!(node.end_of(session).await, SessionEnd::Stopped { .. }));
}

#[tokio::test]
async fn signals_and_sizes_travel_on_the_control_connection() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", super::wire::connect()).await;
    let start = agent.start().await;
    assert!(matches!(start.action, Action::Terminal { .. }));
    let _data = agent.run(&node, &start).await;
    started(&mut client).await;
    client.say(&FromClient::Signal { signal: Signal::Int }).await;
    assert_eq!(agent.told().await, ToAgent::Signal { session: start.session, signal: Signal::Int });
    let size = countersign_gateway::wire::control::WindowSize { rows: 50, cols: 100 };
    client.say(&FromClient::Resize { size }).await;
    assert_eq!(agent.told().await, ToAgent::Resize { session: start.session, size });
    client.say(&FromClient::Cancel).await;
    assert!(matches!(agent.told().await, ToAgent::Stop { .. }));
}

#[tokio::test]
async fn a_taken_back_token_ends_the_session() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let _data = agent.run(&node, &start).await;
    started(&mut client).await;
    let person = crate::fixture::id("bob");
    let _gone = node.store.delete_token(&person, "test", node.change()).await.unwrap();
    let ToAgent::Stop { why, .. } = agent.told().await else { panic!("no stop") };
    assert!(why.contains("token"), "{why}");
}

#[tokio::test]
async fn an_agent_that_fails_to_begin_is_quoted() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let end = SessionEnd::Failed { why: "there is no bash".into() };
    agent.0.say(&FromAgent::Ended { session: start.session, end: end.clone() }).await;
    assert_eq!(ended(&mut client).await, end);
    assert_eq!(node.end_of(start.session).await, end);
}

#[tokio::test]
async fn a_silent_agent_is_asked_and_the_rest_is_unknown() {
    let limits = GatewayLimits { start_within: std::time::Duration::from_millis(200), ..GatewayLimits::default() };
    let node = Node::with(limits).await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    assert!(matches!(agent.told().await, ToAgent::Stop { .. }));
    assert_eq!(agent.told().await, ToAgent::Recall { sessions: vec![start.session] });
    let memory = countersign_gateway::wire::control::Memory::Never;
    agent.0.say(&FromAgent::Recalled { session: start.session, memory }).await;
    let SessionEnd::Failed { why } = ended(&mut client).await else { panic!("not failed") };
    assert!(why.contains("nothing was run"), "{why}");
    // And once more, without an answer.
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    agent.start().await;
    assert!(matches!(ended(&mut client).await, SessionEnd::Unknown { .. }));
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why() {
    let node = Node::start().await;
    for (path, token, status) in [
        (RUN_PATH, "wrong", 401),
        (CONTROL_PATH, "wrong", 401),
        (CONTROL_PATH, "token-of-bob", 401),
        (RUN_PATH, "agent-token", 401),
        (DATA_PATH, "agent-token", 401),
    ] {
        assert_eq!(node.dial(path, token).await.map(drop), Err(status), "{path} {token}");
    }
    assert_eq!(node.dial_as(RUN_PATH, "token-of-bob", "99").await.map(drop), Err(426));
    assert_eq!(node.dial(DATA_PATH, &guess()).await.map(drop), Err(401));
}

#[tokio::test]
async fn a_ticket_is_good_once() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let _client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    assert!(!format!("{start:?}").contains(&start.ticket), "a ticket is in no log");
    let _data = node.dial(DATA_PATH, &start.ticket).await.unwrap();
    assert_eq!(node.dial(DATA_PATH, &start.ticket).await.map(drop), Err(401));
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_code() {
    let node = Node::start().await;
    let mut client = open(&node, "bob", "nothing", exec(&[], WantedInput::None)).await;
    assert_eq!(refused(&mut client).await.code, RefusalCode::NoSuchConnection);
    let mut client = open(&node, "bob", "db", exec(&[], WantedInput::None)).await;
    assert_eq!(refused(&mut client).await.code, RefusalCode::Invalid);
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let refusal = refused(&mut client).await;
    assert!(refusal.code == RefusalCode::AgentOffline && refusal.message.contains("default"), "{refusal:?}");
    for nonsense in [Message::text("{}"), Message::text("nonsense"), Message::binary(vec![0, 1])] {
        let mut client = node.dial(RUN_PATH, "token-of-bob").await.unwrap();
        client.send(nonsense).await;
        assert_eq!(refused(&mut client).await.code, RefusalCode::Invalid);
    }
    assert!(node.no_sessions().await);
}

#[tokio::test]
async fn no_more_sessions_than_the_limit() {
    let node = Node::with(GatewayLimits { sessions: 1, ..GatewayLimits::default() }).await;
    let mut agent = ScriptedAgent::join(&node).await;
    let _first = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let mut second = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    assert_eq!(refused(&mut second).await.code, RefusalCode::TooMuch);
    let session = node.store.session(start.session).await.unwrap().unwrap();
    assert_eq!(session.state, SessionState::Starting);
}

#[tokio::test]
async fn a_session_that_cannot_be_recorded_is_ended() {
    let node = Node::start().await;
    std::fs::write(node.directory.path().join("recordings"), "in the way").unwrap();
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let mut data = agent.run(&node, &start).await;
    started(&mut client).await;
    let writing = async {
        loop {
            data.frame(Channel::Stdout.frame(b"output")).await;
            tokio::task::yield_now().await;
        }
    };
    let told = tokio::select! {
        told = agent.told() => told,
        () = writing => unreachable!(),
    };
    let ToAgent::Stop { why, .. } = told else { panic!("{told:?}") };
    assert_eq!(why, "the session cannot be recorded");
}

#[tokio::test]
async fn a_slow_reader_holds_up_its_command_and_nobody_else() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let mut data = agent.run(&node, &start).await;
    started(&mut client).await;
    let frame = Channel::Stdout.frame(&vec![b'x'; 128 * 1024]);
    let mut sent = 0;
    // Until nothing more fits between us and the client, who reads nothing.
    while tokio::time::timeout(std::time::Duration::from_secs(2), data.frame(frame.clone())).await.is_ok() {
        sent += 1;
        assert!(sent < 2000, "256 MB are held somewhere");
    }
    let mut other = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let mut others_data = agent.run(&node, &start).await;
    started(&mut other).await;
    others_data.frame(exited(0)).await;
    assert_eq!(ended(&mut other).await, SessionEnd::Exited { code: 0 });
    for _ in 0..sent {
        assert_eq!(client.heard_frame().await.len(), frame.len());
    }
}
