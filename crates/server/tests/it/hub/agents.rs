//! Agents that come, go, come twice, and speak of what is not theirs.

use countersign_gateway::{
    SessionEnd,
    wire::{
        CONTROL_PATH, DATA_PATH,
        control::{FromAgent, Memory, ToAgent},
        frame::Channel,
        run::WantedInput,
    },
};
use tokio_tungstenite::tungstenite::Message;

use super::{
    node::Node,
    wire::{ScriptedAgent, ended, exec, exited, open, started},
};

async fn dismissed(agent: &mut ScriptedAgent) -> String {
    match agent.told().await {
        ToAgent::Dismiss { why } => why,
        other => panic!("{other:?} where it is to be sent away"),
    }
}

#[tokio::test]
async fn of_two_agents_with_one_name_the_newer_stays() {
    let node = Node::start().await;
    let mut older = ScriptedAgent::join_as(&node, "agent-token", "one").await;
    let mut newer = ScriptedAgent::join_as(&node, "agent-token", "two").await;
    let why = dismissed(&mut older).await;
    assert!(why.contains("another agent has connected as default"), "{why}");
    assert_eq!(older.0.next().await, None, "it is closed");
    let _client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    newer.start().await;
}

#[tokio::test]
async fn the_same_agent_that_comes_again_is_not_sent_away() {
    let node = Node::start().await;
    let mut before = ScriptedAgent::join_as(&node, "agent-token", "one").await;
    let mut after = ScriptedAgent::join_as(&node, "agent-token", "one").await;
    assert_eq!(before.0.next().await, None, "closed, without a word");
    let _client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    after.start().await;
}

#[tokio::test]
async fn an_agent_with_another_token_is_sent_away() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    node.agent("default", "another-token").await;
    assert!(dismissed(&mut agent).await.contains("another token"));
    assert_eq!(node.dial(CONTROL_PATH, "agent-token").await.map(drop), Err(401));
}

#[tokio::test]
async fn the_sessions_of_an_agent_that_is_sent_away_end() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let mut data = agent.run(&node, &start).await;
    started(&mut client).await;
    node.agent("default", "another-token").await;
    data.frame(Channel::Stdout.frame(b"the last")).await;
    let end = SessionEnd::Stopped { why: "sent away".into() };
    loop {
        // Told to stop or sent away, whichever comes first.
        match agent.told().await {
            ToAgent::Stop { .. } => {}
            ToAgent::Dismiss { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    data.frame(Channel::Status.frame(br#"{"how":"stopped","why":"sent away"}"#)).await;
    assert_eq!(ended(&mut client).await, end);
}

#[tokio::test]
async fn a_ticket_dies_with_the_connection_that_it_was_told_on() {
    let node = Node::start().await;
    let mut older = ScriptedAgent::join_as(&node, "agent-token", "one").await;
    let _client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = older.start().await;
    let _newer = ScriptedAgent::join_as(&node, "agent-token", "two").await;
    dismissed(&mut older).await;
    assert_eq!(node.dial(DATA_PATH, &start.ticket).await.map(drop), Err(401));
}

#[tokio::test]
async fn an_agent_cannot_end_another_agents_session() {
    let node = Node::start().await;
    node.agent("other", "other-token").await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut thief = ScriptedAgent::join_as(&node, "other-token", "thief").await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let end = SessionEnd::Exited { code: 0 };
    thief.0.say(&FromAgent::Ended { session: start.session, end }).await;
    let mut data = agent.run(&node, &start).await;
    started(&mut client).await;
    data.frame(exited(7)).await;
    assert_eq!(ended(&mut client).await, SessionEnd::Exited { code: 7 });
}

#[tokio::test]
async fn a_session_outlives_its_agents_control_connection() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let mut data = agent.run(&node, &start).await;
    started(&mut client).await;
    agent.0.close().await;
    let mut agent = ScriptedAgent::join(&node).await;
    assert_eq!(agent.told().await, ToAgent::Recall { sessions: vec![start.session] });
    agent.0.say(&FromAgent::Recalled { session: start.session, memory: Memory::Running }).await;
    data.frame(Channel::Stdout.frame(b"still here")).await;
    assert_eq!(client.heard_frame().await, Channel::Stdout.frame(b"still here"));
    data.frame(exited(0)).await;
    assert_eq!(ended(&mut client).await, SessionEnd::Exited { code: 0 });
}

#[tokio::test]
async fn an_agent_that_was_killed_leaves_an_unknown_end() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let data = agent.run(&node, &start).await;
    started(&mut client).await;
    drop((agent, data));
    let mut agent = ScriptedAgent::join_as(&node, "agent-token", "after").await;
    assert_eq!(agent.told().await, ToAgent::Recall { sessions: vec![start.session] });
    agent.0.say(&FromAgent::Recalled { session: start.session, memory: Memory::Lost }).await;
    assert!(matches!(ended(&mut client).await, SessionEnd::Unknown { .. }));
    assert!(matches!(node.end_of(start.session).await, SessionEnd::Unknown { .. }));
}

#[tokio::test]
async fn an_agent_that_talks_nonsense_is_closed() {
    let node = Node::start().await;
    for nonsense in
        [Message::text("{}"), Message::binary(vec![1, 2, 3]), Message::text(r#"{"type":"started","session":"x"}"#)]
    {
        let mut end = node.dial(CONTROL_PATH, "agent-token").await.unwrap();
        end.send(nonsense.clone()).await;
        assert_eq!(end.next().await, None);
        let mut agent = ScriptedAgent::join(&node).await;
        agent.0.send(nonsense).await;
        assert_eq!(agent.0.next().await, None);
    }
}
