//! What is not run.

use std::time::Duration;

use bytes::Bytes;
use countersign_approval::{Access, Blob, Command, Digest, EnvValue, PersonId, Subject, to_hex};
use countersign_gateway::{
    SessionEnd,
    wire::{
        MAX_FRAME_BYTES,
        control::{Action, Approved, EnvEntry, EnvSource, Input, Memory, Start, ToAgent},
        frame::Channel,
    },
};
use ring::hmac;
use rstest::rstest;

use crate::{
    peer::{NAME, Node, Output, connected, connected_with, exec, run},
    processes::of_session,
};

const KEY: [u8; 32] = [7; 32];
const INPUT: &[u8] = b"select 1;\n\x00\xff";

fn hash(name: &str, value: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &KEY);
    to_hex(hmac::sign(&key, format!("{name}\0{value}").as_bytes()).as_ref())
}

/// A start as a server makes it for an approved command.
fn approved(node: &Node) -> Start {
    let argv: Vec<String> = ["sh", "-c", "echo $SECRET; cat"].map(str::to_owned).to_vec();
    let command = Command {
        connection: "bash".to_owned(),
        revision: 3,
        agent: NAME.to_owned(),
        argv: argv.clone(),
        input: Blob::from(INPUT.to_vec()),
        env: vec![EnvValue { name: "SECRET".to_owned(), value_hash: hash("SECRET", "value") }],
        requester: PersonId::new("alice@example.com"),
    };
    let digest = Digest::of(&Subject::Command(command.clone()));
    let subject = Subject::Command(Command { input: Blob::default(), ..command });
    let mut start = node.order(Action::Exec { argv, input: Input::Stored { bytes: INPUT.len() as u64 } });
    start.env = vec![EnvEntry { name: "SECRET".to_owned(), value: EnvSource::Plain("value".to_owned()) }];
    start.approved = Some(Approved { subject, digest, env_key: to_hex(&KEY) });
    start
}

#[tokio::test]
async fn what_was_approved_runs_with_its_input() {
    let (mut node, mut control, agent) = connected().await;
    let start = approved(&node);
    let mut data = node.start(&mut control, start).await;
    data.send(&INPUT[..4]).await;
    data.send(&INPUT[4..]).await;
    data.close_stdin().await;
    let output = data.rest().await;
    assert_eq!(output.stdout, [b"value\n", INPUT].concat());
    assert_eq!(output.end, Output::exited(0));
    agent.stop().await;
}

fn edit(start: &mut Start, change: impl FnOnce(&mut Command)) {
    let Some(Approved { subject: Subject::Command(command), .. }) = &mut start.approved else { unreachable!() };
    change(command);
}

fn set_argv(start: &mut Start, last: &str) {
    let Action::Exec { argv, .. } = &mut start.action else { unreachable!() };
    last.clone_into(argv.last_mut().unwrap());
}

#[rstest]
#[case::argv(|start: &mut Start| set_argv(start, "echo evil"), "not the one that was approved")]
#[case::value(|start: &mut Start| start.env[0].value = EnvSource::Plain("evil".to_owned()), "SECRET has another value")]
#[case::more_variables(
    |start: &mut Start| start.env.push(EnvEntry { name: "LD_PRELOAD".to_owned(), value: EnvSource::Plain("x".to_owned()) }),
    "other variables"
)]
#[case::fewer_variables(|start: &mut Start| start.env.clear(), "other variables")]
#[case::other_connection(|start: &mut Start| start.connection = "prod".parse().unwrap(), "for the connection \"bash\"")]
#[case::live_input(
    |start: &mut Start| if let Action::Exec { input, .. } = &mut start.action { *input = Input::Live },
    "input with it"
)]
#[case::other_agent(|start: &mut Start| edit(start, |command| command.agent = "far".to_owned()), "for the agent \"far\"")]
#[case::access_for_a_command(
    |start: &mut Start| {
        let approved = start.approved.as_mut().unwrap();
        approved.subject = Subject::Access(Access {
            connection: "bash".to_owned(),
            revision: 3,
            requester: PersonId::new("alice@example.com"),
            duration: Duration::from_mins(30),
        });
        approved.digest = Digest::of(&approved.subject);
    },
    "not about a command"
)]
#[tokio::test]
async fn a_command_that_differs_from_its_approval_is_refused(#[case] tamper: fn(&mut Start), #[case] said: &str) {
    let (node, mut control, agent) = connected().await;
    let mut start = approved(&node);
    tamper(&mut start);
    let session = start.session;
    control.say(&ToAgent::Start(Box::new(start))).await;
    let end = control.ended(session).await;
    let SessionEnd::Failed { why } = &end else { panic!("{end:?}") };
    assert!(why.contains(said), "{why}");
    assert_eq!(control.recall(session).await, Memory::Never);
    agent.stop().await;
}

#[rstest]
#[case::argv_on_both_sides(
    |start: &mut Start| {
        set_argv(start, "echo evil");
        edit(start, |command| "echo evil".clone_into(command.argv.last_mut().unwrap()));
    },
    INPUT
)]
#[case::revision(|start: &mut Start| edit(start, |command| command.revision = 4), INPUT)]
#[case::digest(|start: &mut Start| start.approved.as_mut().unwrap().digest = "0".repeat(64).parse().unwrap(), INPUT)]
#[case::input_of_the_same_length(|_: &mut Start| {}, b"drop all;\n\x00\xff")]
#[case::shorter_input(|_: &mut Start| {}, b"drop")]
#[case::longer_input(|_: &mut Start| {}, b"select 1;\n\x00\xff; drop all")]
#[tokio::test]
async fn the_digest_covers_command_revision_and_input(#[case] tamper: fn(&mut Start), #[case] input: &[u8]) {
    let (mut node, mut control, agent) = connected().await;
    let mut start = approved(&node);
    tamper(&mut start);
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    data.send(input).await;
    data.close_stdin().await;
    let output = data.rest().await;
    assert!(matches!(output.end, Some(SessionEnd::Failed { .. })), "{output:?}");
    assert!(output.stdout.is_empty());
    assert!(matches!(control.ended(session).await, SessionEnd::Failed { .. }));
    agent.stop().await;
}

#[rstest]
#[case::longer(Some(31 * 60 * 1000))]
#[case::for_ever(None)]
#[tokio::test]
async fn access_lasts_no_longer_than_approved(#[case] lifetime_ms: Option<u64>) {
    let (node, mut control, agent) = connected().await;
    let mut start = node.on_terminal("echo evil");
    let subject = Subject::Access(Access {
        connection: "bash".to_owned(),
        revision: 1,
        requester: PersonId::new("alice@example.com"),
        duration: Duration::from_mins(30),
    });
    start.approved = Some(Approved { digest: Digest::of(&subject), subject, env_key: String::new() });
    start.lifetime_ms = lifetime_ms;
    let session = start.session;
    control.say(&ToAgent::Start(Box::new(start))).await;
    let end = control.ended(session).await;
    assert!(matches!(&end, SessionEnd::Failed { why } if why.contains("longer")), "{end:?}");
    agent.stop().await;
}

#[tokio::test]
async fn a_session_begins_once_also_after_a_restart() {
    let (mut node, mut control, agent) = connected().await;
    let file = agent.dir.path().join("ran");
    let start = node.script(&format!("echo ran >> {}", file.display()));
    let session = start.session;
    let mut data = node.start(&mut control, start.clone()).await;
    assert_eq!(data.rest().await.end, Output::exited(0));
    drop(data);
    let ended = SessionEnd::Exited { code: 0 };
    assert_eq!(control.ended(session).await, ended);

    let replayed = Start { ticket: "another".to_owned(), ..start.clone() };
    control.say(&ToAgent::Start(Box::new(replayed.clone()))).await;
    assert_eq!(control.ended(session).await, ended, "what became of it is told again");

    let dir = agent.stop().await;
    let agent = run(crate::peer::config(&node, &dir), dir);
    let mut control = node.control().await;
    control.say(&ToAgent::Start(Box::new(replayed))).await;
    assert_eq!(control.ended(session).await, ended);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "ran\n");
    agent.stop().await;
}

#[tokio::test]
async fn starting_what_runs_is_answered_with_that_it_runs() {
    let (mut node, mut control, agent) = connected().await;
    let start = node.script("read line; echo $line");
    let session = start.session;
    let mut data = node.start(&mut control, start.clone()).await;
    control.started(session).await;
    control.say(&ToAgent::Start(Box::new(start))).await;
    assert_eq!(control.recalled(session).await, Memory::Running);
    data.send(b"still here\n").await;
    assert_eq!(data.rest().await.text(), "still here\n");
    agent.stop().await;
}

#[rstest]
#[case::empty(Bytes::new(), "an empty frame")]
#[case::unknown_channel(Bytes::from_static(b"\x09x"), "channel 9")]
#[case::stdout(Channel::Stdout.frame(b"x"), "channel 1")]
#[case::status(Channel::Status.frame(b"{}"), "channel 3")]
#[case::close_of_nothing(Bytes::from_static(&[255]), "names no channel")]
#[case::close_of_unknown(Bytes::from_static(&[255, 77]), "channel 77")]
#[case::too_long(Channel::Stdin.frame(&vec![0; MAX_FRAME_BYTES]), "too long")]
#[tokio::test]
async fn a_frame_that_is_none_ends_the_session(#[case] frame: Bytes, #[case] said: &str) {
    let (mut node, mut control, agent) = connected().await;
    let start = node.script("echo ready; sleep 1000");
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    data.until("ready").await;
    data.send_raw(frame).await;
    let end = control.ended(session).await;
    assert!(matches!(&end, SessionEnd::Stopped { why } if why.contains(said)), "{end:?}");
    assert_eq!(of_session(session), Vec::<i32>::new());
    agent.stop().await;
}

#[tokio::test]
async fn more_sessions_than_the_limit_are_refused() {
    let (mut node, mut control, agent) = connected_with(|config| config.limits.sessions = 1).await;
    let first = node.script("read line; echo $line");
    let mut data = node.start(&mut control, first).await;
    let second = node.script("echo no");
    let session = second.session;
    control.say(&ToAgent::Start(Box::new(second))).await;
    let end = control.ended(session).await;
    assert!(matches!(&end, SessionEnd::Failed { why } if why.contains("1 sessions")), "{end:?}");
    data.send(b"x\n").await;
    assert_eq!(data.rest().await.end, Output::exited(0));
    agent.stop().await;
}

#[rstest]
#[case::no_program(exec(&[]))]
#[case::empty_program(exec(&["", "x"]))]
#[case::zero_byte(exec(&["echo", "a\0b"]))]
#[case::too_much_input(Action::Exec { argv: vec!["cat".to_owned()], input: Input::Stored { bytes: u64::MAX } })]
#[tokio::test]
async fn what_cannot_be_run_is_refused(#[case] action: Action) {
    let (node, mut control, agent) = connected().await;
    let start = node.order(action);
    let session = start.session;
    let ticket = start.ticket.clone();
    control.say(&ToAgent::Start(Box::new(start))).await;
    let mut node = node;
    let end = tokio::select! {
        end = control.ended(session) => end,
        end = async { node.data(&ticket).await.rest().await.end.unwrap() } => end,
    };
    assert!(matches!(end, SessionEnd::Failed { .. }), "{end:?}");
    agent.stop().await;
}

#[rstest]
#[case::elsewhere("http://192.0.2.1:80", "no TLS")]
#[case::nonsense("file:///etc/passwd", "not a server's address")]
#[tokio::test]
async fn a_node_that_may_not_be_dialled_is_not(#[case] url: &str, #[case] said: &str) {
    let (node, mut control, agent) = connected().await;
    let mut start = node.script("echo no");
    url.clone_into(&mut start.node);
    let session = start.session;
    control.say(&ToAgent::Start(Box::new(start))).await;
    let end = control.ended(session).await;
    assert!(matches!(&end, SessionEnd::Failed { why } if why.contains(said)), "{end:?}");
    agent.stop().await;
}
