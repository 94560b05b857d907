//! The control connection.

use countersign_agent::AgentError;
use countersign_gateway::{
    SessionEnd,
    wire::control::{FromAgent, ToAgent},
};
use rstest::rstest;
use tokio::time::timeout;

use crate::peer::{Dir, LONG, NAME, Node, Output, config, connected, run};

#[tokio::test]
async fn an_agent_comes_back_for_ever_and_says_what_runs() {
    let (mut node, mut control, agent) = connected().await;
    let start = node.script("read line; echo $line");
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    control.started(session).await;
    let FromAgent::Hello { instance: before, .. } = control.hello.clone() else { panic!() };
    for _ in 0..3 {
        drop(control);
        control = node.control().await;
    }
    let FromAgent::Hello { instance, running, .. } = &control.hello else { panic!() };
    assert_eq!((instance, running.as_slice()), (&before, [session].as_slice()));
    data.send(b"over the gap\n").await;
    assert_eq!(data.rest().await.end, Output::exited(0));
    assert_eq!(control.ended(session).await, SessionEnd::Exited { code: 0 });
    agent.stop().await;
}

#[tokio::test]
async fn every_node_gets_a_connection_and_keeps_it() {
    let (mut first, mut control, agent) = connected().await;
    let mut second = Node::listen().await;
    let both = [first.url.clone(), second.url.clone()];
    control.welcome(&both).await;
    let mut other = second.hello().await;
    // A node that has not heard of the first yet takes nothing away from it.
    other.welcome(std::slice::from_ref(&second.url)).await;
    let start = second.script("echo over the second");
    let mut data = second.start(&mut other, start).await;
    assert_eq!(data.rest().await.text(), "over the second\n");
    let start = first.script("echo over the first");
    let mut data = first.start(&mut control, start).await;
    assert_eq!(data.rest().await.text(), "over the first\n");
    agent.stop().await;
}

#[tokio::test]
async fn the_address_given_leads_to_the_nodes_and_is_left() {
    let (_door, mut control, agent) = connected().await;
    let mut node = Node::listen().await;
    control.welcome(std::slice::from_ref(&node.url)).await;
    while control.next().await.is_some() {}
    let mut control = node.control().await;
    let start = node.script("echo here");
    let mut data = node.start(&mut control, start).await;
    assert_eq!(data.rest().await.text(), "here\n");
    agent.stop().await;
}

#[tokio::test]
async fn an_agent_that_is_sent_away_leaves() {
    let (_node, mut control, agent) = connected().await;
    control.say(&ToAgent::Dismiss { why: "another agent took the name".to_owned() }).await;
    let left = timeout(LONG, agent.task).await.unwrap().unwrap();
    let Err(AgentError::Dismissed { why }) = left else { panic!("{left:?}") };
    assert_eq!(why, "another agent took the name");
}

#[tokio::test]
async fn a_token_that_was_never_accepted_ends_the_agent() {
    let mut node = Node::listen().await;
    let dir = Dir::new();
    let agent = run(config(&node, &dir), dir);
    node.refuse(401, "no agent has this token").await;
    let left = timeout(LONG, agent.task).await.unwrap().unwrap();
    let Err(error @ AgentError::Refused { status: 401, .. }) = left else { panic!("{left:?}") };
    assert!(error.to_string().ends_with("no agent has this token"), "{error}");
}

#[tokio::test]
async fn a_server_that_fails_is_tried_again() {
    let mut node = Node::listen().await;
    let dir = Dir::new();
    let agent = run(config(&node, &dir), dir);
    node.refuse(503, "starting").await;
    node.refuse(502, "still starting").await;
    let _control = node.control().await;
    agent.stop().await;
}

#[tokio::test]
async fn another_name_than_expected_ends_the_agent() {
    let mut node = Node::listen().await;
    let dir = Dir::new();
    let mut config = config(&node, &dir);
    config.name = Some("far".parse().unwrap());
    let agent = run(config, dir);
    let mut control = node.hello().await;
    control.welcome(&[]).await;
    let left = timeout(LONG, agent.task).await.unwrap().unwrap();
    let Err(AgentError::OtherName { expected, found }) = left else { panic!("{left:?}") };
    assert_eq!((expected.as_str(), found.as_str()), ("far", NAME));
}

#[tokio::test]
async fn two_agents_with_one_state_directory_are_refused() {
    let (node, _control, agent) = connected().await;
    let config = config(&node, &agent.dir);
    let second = timeout(LONG, countersign_agent::Agent::run(config, agent.shutdown.clone())).await.unwrap();
    assert!(matches!(second, Err(AgentError::Journal(_))), "{second:?}");
    agent.stop().await;
}

#[rstest]
#[case::no_json("}{")]
#[case::unknown(r#"{"type":"dance"}"#)]
#[case::wrong_types(r#"{"type":"stop","session":5}"#)]
#[case::deep(&"[".repeat(100_000))]
#[tokio::test]
async fn a_message_that_cannot_be_understood_does_no_harm(#[case] text: &str) {
    let (mut node, mut control, agent) = connected().await;
    control.say_text(text).await;
    let start = node.script("echo fine");
    let mut data = node.start(&mut control, start).await;
    assert_eq!(data.rest().await.text(), "fine\n");
    agent.stop().await;
}

#[tokio::test]
async fn a_start_that_cannot_be_understood_is_answered() {
    let (_node, mut control, agent) = connected().await;
    let session = crate::peer::new_session();
    control.say_text(&format!(r#"{{"type":"start","session":"{session}","action":{{"action":"fly"}}}}"#)).await;
    assert!(matches!(control.ended(session).await, SessionEnd::Failed { .. }));
    agent.stop().await;
}
