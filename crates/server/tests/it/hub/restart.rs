//! What becomes of sessions when the server goes away under them.

use countersign_gateway::{
    SessionEnd, SessionId, SessionState,
    wire::{
        control::{FromAgent, Memory, ToAgent},
        run::WantedInput,
    },
};

use super::{
    node::{End, Node},
    wire::{ScriptedAgent, ended, exec, open, started},
};

struct Before {
    node: Node,
    agent: ScriptedAgent,
    data: End,
    client: End,
    session: SessionId,
}

async fn running() -> Before {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let start = agent.start().await;
    let data = agent.run(&node, &start).await;
    started(&mut client).await;
    node.session(start.session, |session| session.state == SessionState::Running).await;
    Before { node, agent, data, client, session: start.session }
}

#[tokio::test]
async fn a_server_that_stops_ends_its_sessions_and_says_so() {
    let Before { node, mut agent, data: _data, mut client, session } = Box::pin(running()).await;
    let stopping = node.stop();
    let telling = async {
        let ToAgent::Stop { why, .. } = agent.told().await else { panic!("no stop") };
        assert_eq!(why, "the server was stopped");
        agent.0.say(&FromAgent::Ended { session, end: SessionEnd::Stopped { why } }).await;
        assert!(matches!(ended(&mut client).await, SessionEnd::Stopped { .. }));
    };
    tokio::join!(stopping, telling);
}

/// A session whose both ends went away, and whose server stopped before anybody could say what became of it.
async fn orphaned() -> (Node, SessionId) {
    let Before { node, agent, data, client, session } = Box::pin(running()).await;
    drop((agent, data, client));
    (node.restart().await, session)
}

#[tokio::test]
async fn what_never_began_has_failed() {
    let node = Node::start().await;
    let mut agent = ScriptedAgent::join(&node).await;
    let client = open(&node, "bob", "bash", exec(&[], WantedInput::None)).await;
    let session = agent.start().await.session;
    drop((agent, client));
    let node = node.restart().await;
    let mut agent = ScriptedAgent::join_as(&node, "agent-token", "two").await;
    assert_eq!(agent.told().await, ToAgent::Recall { sessions: vec![session] });
    agent.0.say(&FromAgent::Recalled { session, memory: Memory::Never }).await;
    let SessionEnd::Failed { why } = node.end_of(session).await else { panic!("not failed") };
    assert!(why.contains("nothing was run") && why.contains("spent"), "{why}");
}

#[tokio::test]
async fn what_had_begun_and_nobody_knows_of_is_unknown() {
    for memory in [Memory::Never, Memory::Lost] {
        let (node, session) = Box::pin(orphaned()).await;
        let mut agent = ScriptedAgent::join_as(&node, "agent-token", "two").await;
        agent.told().await;
        agent.0.say(&FromAgent::Recalled { session, memory }).await;
        assert!(matches!(node.end_of(session).await, SessionEnd::Unknown { .. }));
    }
}

#[tokio::test]
async fn what_still_runs_is_stopped_and_recorded_as_that() {
    let (node, session) = Box::pin(orphaned()).await;
    let mut agent = ScriptedAgent::join_as(&node, "agent-token", "two").await;
    agent.told().await;
    agent.0.say(&FromAgent::Recalled { session, memory: Memory::Running }).await;
    let ToAgent::Stop { why, .. } = agent.told().await else { panic!("no stop") };
    agent.0.say(&FromAgent::Ended { session, end: SessionEnd::Stopped { why: why.clone() } }).await;
    assert_eq!(node.end_of(session).await, SessionEnd::Stopped { why });
}

#[tokio::test]
async fn what_had_ended_is_recorded_as_it_did() {
    let (node, session) = Box::pin(orphaned()).await;
    let mut agent = ScriptedAgent::join_as(&node, "agent-token", "two").await;
    agent.told().await;
    let end = SessionEnd::Exited { code: 9 };
    agent.0.say(&FromAgent::Recalled { session, memory: Memory::Ended { end: end.clone() } }).await;
    assert_eq!(node.end_of(session).await, end);
}
