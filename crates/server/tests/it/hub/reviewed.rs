//! Sessions that people are asked about.

use std::time::Duration;

use countersign_approval::{Blob, Command, Digest, Grant, Subject, Verdict, policy::Door};
use countersign_gateway::{
    SessionEnd, Target,
    port::Revoked,
    wire::{
        DATA_PATH, RUN_PATH,
        control::{Action, FromAgent, Input, ToAgent},
        frame::Channel,
        run::{FromClient, FromServer, RefusalCode, Waiting, WantedInput, WantedVerb},
    },
};
use countersign_server::gateway::GatewayLimits;
use tokio_tungstenite::tungstenite::Message;

use super::{
    node::{End, Node},
    wire::{ScriptedAgent, connect, ended, exec, exited, open, open_message, open_with, refused, started},
};

async fn waiting(client: &mut End) -> Waiting {
    match client.heard().await {
        FromServer::Waiting(waiting) => waiting,
        other => panic!("{other:?} where people are to be asked"),
    }
}

/// Skips what only says that people are still asked.
async fn decided(client: &mut End) -> Vec<String> {
    loop {
        match client.heard().await {
            FromServer::Waiting(_) => {}
            FromServer::Decided { by, .. } => return by,
            other => panic!("{other:?} where it is to be decided"),
        }
    }
}

async fn turned_down(client: &mut End) -> countersign_gateway::wire::run::Refusal {
    loop {
        match client.heard().await {
            FromServer::Waiting(_) => {}
            FromServer::Refused(refusal) => return refusal,
            other => panic!("{other:?} where it is to be refused"),
        }
    }
}

#[tokio::test]
async fn the_approved_command_runs_with_the_input_that_was_approved() {
    let node = Node::start().await;
    node.review(Door::Exec).await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&["-s"], WantedInput::Some)).await;
    assert!(matches!(client.heard().await, FromServer::SendInput { .. }));
    for part in [b"ls".as_slice(), b" -l"] {
        client.frame(Channel::Stdin.frame(part)).await;
    }
    client.frame(Channel::Stdin.close()).await;
    let waiting = waiting(&mut client).await;
    assert_eq!((waiting.missing.as_slice(), waiting.eligible), (["1 of sre".to_owned()].as_slice(), 1));
    assert!(waiting.url.ends_with(&format!("/requests/{}", waiting.request)), "{}", waiting.url);
    node.vote("alice", waiting.request, Verdict::Approve).await;
    assert_eq!(decided(&mut client).await, ["alice"]);
    client.say(&FromClient::Run).await;
    let start = agent.start().await;
    let Action::Exec { input: Input::Stored { bytes: 5 }, .. } = start.action else { panic!("{:?}", start.action) };
    let approved = start.approved.clone().unwrap();
    let Subject::Command(command) = approved.subject else { panic!("no command") };
    assert!(command.input.as_bytes().is_empty(), "it comes as frames");
    let mut data = node.dial(DATA_PATH, &start.ticket).await.unwrap();
    assert_eq!(data.heard_frame().await, Channel::Stdin.frame(b"ls -l"));
    assert_eq!(data.heard_frame().await, Channel::Stdin.close());
    let whole = Subject::Command(Command { input: Blob::from("ls -l"), ..command });
    assert_eq!(Digest::of(&whole), approved.digest);
    agent.0.say(&FromAgent::Started { session: start.session }).await;
    assert!(!started(&mut client).await.1, "what was approved takes no other input");
    data.frame(exited(0)).await;
    assert_eq!(ended(&mut client).await, SessionEnd::Exited { code: 0 });
    let dossier = node.approvals.store().dossier(waiting.request).await.unwrap().unwrap();
    assert!(matches!(dossier.grant, Some(Grant::Finished { .. })), "{:?}", dossier.grant);
}

#[tokio::test]
async fn an_approval_is_good_once_and_the_same_key_is_the_same_request() {
    let node = Node::start().await;
    node.review(Door::Exec).await;
    let mut agent = ScriptedAgent::join(&node).await;
    let message = open_message("bash", exec(&["ls"], WantedInput::None));
    let mut lost = open_with(&node, "bob", message.clone()).await;
    let first = waiting(&mut lost).await;
    lost.close().await;
    let mut client = open_with(&node, "bob", message.clone()).await;
    assert_eq!(waiting(&mut client).await.request, first.request);
    node.vote("alice", first.request, Verdict::Approve).await;
    decided(&mut client).await;
    client.say(&FromClient::Run).await;
    let start = agent.start().await;
    let mut data = agent.run(&node, &start).await;
    started(&mut client).await;
    data.frame(exited(0)).await;
    ended(&mut client).await;
    let mut again = open_with(&node, "bob", message.clone()).await;
    assert_eq!(refused(&mut again).await.code, RefusalCode::AlreadyRun);
    let mut resumed = node.dial(RUN_PATH, "token-of-bob").await.unwrap();
    resumed.say(&FromClient::Resume { request: first.request, terminal: None }).await;
    assert_eq!(refused(&mut resumed).await.code, RefusalCode::AlreadyRun);
    // The same key for something else is another matter.
    let mut other = open_with(
        &node,
        "bob",
        countersign_gateway::wire::run::Open { verb: exec(&["rm"], WantedInput::None), ..message },
    )
    .await;
    assert_eq!(refused(&mut other).await.code, RefusalCode::Changed);
}

#[tokio::test]
async fn a_request_is_resumed_by_its_own_person_only() {
    let node = Node::start().await;
    node.review(Door::Exec).await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&["ls"], WantedInput::None)).await;
    let request = waiting(&mut client).await.request;
    client.close().await;
    let mut thief = node.dial(RUN_PATH, "token-of-alice").await.unwrap();
    thief.say(&FromClient::Resume { request, terminal: None }).await;
    assert_eq!(refused(&mut thief).await.code, RefusalCode::Invalid);
    node.vote("alice", request, Verdict::Approve).await;
    let mut own = node.dial(RUN_PATH, "token-of-bob").await.unwrap();
    own.say(&FromClient::Resume { request, terminal: None }).await;
    decided(&mut own).await;
    own.say(&FromClient::Run).await;
    let Action::Exec { argv, .. } = agent.start().await.action else { panic!("no exec") };
    assert_eq!(argv, ["bash", "ls"]);
}

#[tokio::test]
async fn a_no_is_told_with_its_reason() {
    let node = Node::start().await;
    node.review(Door::Exec).await;
    let _agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&["ls"], WantedInput::None)).await;
    let request = waiting(&mut client).await.request;
    node.vote("alice", request, Verdict::Deny).await;
    let refusal = turned_down(&mut client).await;
    assert_eq!((refusal.code, refusal.request), (RefusalCode::Denied, Some(request)));
    assert_eq!(refusal.message, "alice said no: because");
}

#[tokio::test]
async fn what_is_withdrawn_cannot_be_run() {
    let node = Node::start().await;
    node.review(Door::Exec).await;
    let _agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&["ls"], WantedInput::None)).await;
    waiting(&mut client).await;
    client.say(&FromClient::Cancel).await;
    assert_eq!(turned_down(&mut client).await.code, RefusalCode::Cancelled);
    // And after the approval.
    let mut client = open(&node, "bob", "bash", exec(&["ls"], WantedInput::None)).await;
    let request = waiting(&mut client).await.request;
    node.vote("alice", request, Verdict::Approve).await;
    decided(&mut client).await;
    client.say(&FromClient::Cancel).await;
    assert_eq!(turned_down(&mut client).await.code, RefusalCode::Cancelled);
    let grant = node.approvals.store().dossier(request).await.unwrap().unwrap().grant;
    assert!(matches!(grant, Some(Grant::Revoked { .. })), "{grant:?}");
}

#[tokio::test]
async fn a_changed_connection_makes_its_approval_useless() {
    let node = Node::start().await;
    node.review(Door::Exec).await;
    let _agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&["ls"], WantedInput::None)).await;
    let request = waiting(&mut client).await.request;
    node.connection("bash", Target::CommandLine { argv: vec!["sh".into()] }).await;
    let warned = waiting(&mut client).await;
    assert!(warned.warnings.iter().any(|warning| warning.contains("has changed")), "{:?}", warned.warnings);
    node.vote("alice", request, Verdict::Approve).await;
    decided(&mut client).await;
    client.say(&FromClient::Run).await;
    assert_eq!(turned_down(&mut client).await.code, RefusalCode::Changed);
    assert!(node.no_sessions().await);
}

#[tokio::test]
async fn break_glass_goes_ahead_for_those_who_may() {
    let node = Node::start().await;
    node.review(Door::Exec).await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut message = open_message("bash", exec(&["ls"], WantedInput::None));
    message.break_glass = true;
    let mut bob = open_with(&node, "bob", message.clone()).await;
    assert_eq!(refused(&mut bob).await.code, RefusalCode::Denied);
    message.key = super::wire::fresh_key();
    let mut root = open_with(&node, "root", message).await;
    let by = decided(&mut root).await;
    assert!(by.first().is_some_and(|by| by.contains("emergency")), "{by:?}");
    root.say(&FromClient::Run).await;
    agent.start().await;
}

#[tokio::test]
async fn too_much_input_is_refused() {
    let node = Node::with(GatewayLimits { input_bytes: 10, ..GatewayLimits::default() }).await;
    node.review(Door::Exec).await;
    let _agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::Some)).await;
    assert!(matches!(client.heard().await, FromServer::SendInput { max_bytes: 10 }));
    client.frame(Channel::Stdin.frame(b"eleven byte")).await;
    assert_eq!(refused(&mut client).await.code, RefusalCode::TooMuch);
    // A frame of another kind is no input.
    let mut client = open(&node, "bob", "bash", exec(&[], WantedInput::Some)).await;
    client.heard::<FromServer>().await;
    client.send(Message::Binary(Channel::Stdout.frame(b"x"))).await;
    assert_eq!(refused(&mut client).await.code, RefusalCode::Invalid);
}

#[tokio::test]
async fn a_window_is_used_again_and_revoking_it_ends_its_sessions() {
    let node = Node::start().await;
    node.review(Door::Connect).await;
    let mut agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", connect()).await;
    let request = waiting(&mut client).await.request;
    node.vote("alice", request, Verdict::Approve).await;
    decided(&mut client).await;
    client.say(&FromClient::Run).await;
    let start = agent.start().await;
    let lifetime = Duration::from_millis(start.lifetime_ms.unwrap());
    assert!(lifetime <= Duration::from_mins(30) && lifetime > Duration::from_mins(29), "{lifetime:?}");
    let _one = agent.run(&node, &start).await;
    started(&mut client).await;
    // Once more, without asking.
    let mut again = open(&node, "bob", "bash", connect()).await;
    let second = agent.start().await;
    let _two = agent.run(&node, &second).await;
    started(&mut again).await;
    let revoked = node.store.revoke(request, "enough", node.change()).await.unwrap();
    assert!(matches!(revoked, Revoked::Now(_)), "{revoked:?}");
    let mut stopped = Vec::new();
    for _ in 0..2 {
        let ToAgent::Stop { session, .. } = agent.told().await else { panic!("no stop") };
        stopped.push(session);
    }
    stopped.sort();
    assert_eq!(stopped, [start.session.min(second.session), start.session.max(second.session)]);
}

#[tokio::test]
async fn a_guarded_command_is_claimed_and_its_end_kept() {
    let node = Node::start().await;
    node.review(Door::Guard).await;
    let local = countersign_approval::Local {
        machine: "box".into(),
        user: "bob".into(),
        cwd: "/".into(),
        argv: vec!["ls".into()],
        files: vec![],
    };
    let mut client = open(&node, "bob", "local", WantedVerb::Guard { local: local.clone() }).await;
    let request = waiting(&mut client).await.request;
    node.vote("alice", request, Verdict::Approve).await;
    decided(&mut client).await;
    client.say(&FromClient::Run).await;
    started(&mut client).await;
    client.say(&FromClient::Finished { end: SessionEnd::Exited { code: 2 } }).await;
    assert_eq!(ended(&mut client).await, SessionEnd::Exited { code: 2 });
    let grant = node.approvals.store().dossier(request).await.unwrap().unwrap().grant;
    assert!(matches!(&grant, Some(Grant::Finished { status, .. }) if status == "exit code 2"), "{grant:?}");
}

#[tokio::test]
async fn a_token_that_is_taken_back_while_people_decide_runs_nothing() {
    let node = Node::start().await;
    node.review(Door::Exec).await;
    let _agent = ScriptedAgent::join(&node).await;
    let mut client = open(&node, "bob", "bash", exec(&["ls"], WantedInput::None)).await;
    let request = waiting(&mut client).await.request;
    let _gone = node.store.delete_token(&crate::fixture::id("bob"), "test", node.change()).await.unwrap();
    node.vote("alice", request, Verdict::Approve).await;
    decided(&mut client).await;
    client.say(&FromClient::Run).await;
    assert_eq!(turned_down(&mut client).await.code, RefusalCode::Denied);
    assert!(node.no_sessions().await);
}
