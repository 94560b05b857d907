//! However a session ends, nothing of it goes on.

use std::{process::Stdio, time::Duration};

use countersign_approval::{Blob, Command as ApprovedCommand, Digest, PersonId, Subject};
use countersign_gateway::{
    SessionEnd,
    wire::control::{Action, Approved, Input, Memory, Start},
};
use rstest::rstest;
use tokio::process::Command;

use crate::{
    peer::{Control, Data, Dir, NAME, Node, Output, TOKEN, connected, connected_with, program, run},
    processes::{gone, of_session, wait_for},
};

/// Leaves a process behind that has done everything to get away.
const ESCAPE: &str = "setsid nohup sh -c 'trap \"\" HUP TERM INT; (sleep 1000 & sleep 1000)' >/dev/null 2>&1 </dev/null & \
     while ! pgrep -g 0 >/dev/null 2>&1; do :; done; echo away;";

async fn escaped(node: &mut Node, control: &mut Control, then: &str) -> (countersign_gateway::SessionId, Data) {
    let start = node.script(&format!("{ESCAPE} {then}"));
    let session = start.session;
    let mut data = node.start(control, start).await;
    data.until("away").await;
    wait_for(|| of_session(session).len() >= 3, "the processes to get away").await;
    (session, data)
}

#[tokio::test]
async fn what_a_command_leaves_behind_ends_after_it() {
    let (mut node, mut control, agent) = connected().await;
    let (session, mut data) = escaped(&mut node, &mut control, "read go; exit 3").await;
    data.send(b"go\n").await;
    assert_eq!(data.rest().await.end, Output::exited(3));
    assert_eq!(of_session(session), Vec::<i32>::new(), "the end is told when nothing is left");
    agent.stop().await;
}

#[tokio::test]
async fn revoking_ends_what_got_away() {
    let (mut node, mut control, agent) = connected().await;
    let (session, mut data) = escaped(&mut node, &mut control, "sleep 1000").await;
    control.stop(session, "alice revoked it").await;
    let end = SessionEnd::Stopped { why: "alice revoked it".to_owned() };
    assert_eq!(data.rest().await.end, Some(end.clone()));
    assert_eq!(of_session(session), Vec::<i32>::new());
    assert_eq!(control.ended(session).await, end);
    assert_eq!(control.recall(session).await, Memory::Ended { end });
    agent.stop().await;
}

#[rstest]
#[case::pipes(false)]
#[case::terminal(true)]
#[tokio::test]
async fn the_end_of_its_time_ends_what_got_away(#[case] terminal: bool) {
    let (mut node, mut control, agent) = connected().await;
    let script = format!("{ESCAPE} sleep 1000");
    let mut start = if terminal { node.on_terminal(&script) } else { node.script(&script) };
    start.lifetime_ms = Some(1500);
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    let end = data.rest().await.end;
    assert_eq!(end, Some(SessionEnd::Stopped { why: "its time was over".to_owned() }));
    assert_eq!(of_session(session), Vec::<i32>::new());
    agent.stop().await;
}

#[tokio::test]
async fn stopping_the_agent_ends_every_session_and_says_so() {
    let (mut node, mut control, agent) = connected().await;
    let (session, _data) = escaped(&mut node, &mut control, "sleep 1000").await;
    let stopping = agent.stop();
    let ended = control.ended(session);
    let (_, end) = tokio::join!(stopping, ended);
    assert_eq!(end, SessionEnd::Stopped { why: "the agent was stopped".to_owned() });
    assert_eq!(of_session(session), Vec::<i32>::new());
}

#[tokio::test]
async fn killing_the_agent_ends_everything_and_the_next_one_knows() {
    let mut node = Node::listen().await;
    let dir = Dir::new();
    let mut agent = Command::new(program())
        .args([&node.url, TOKEN, &dir.path().display().to_string()])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut control = node.control().await;
    let (session, _data) = escaped(&mut node, &mut control, "sleep 1000").await;
    agent.kill().await.unwrap();
    gone(session).await;
    let agent = run(crate::peer::config(&node, &dir), dir);
    let mut control = node.control().await;
    assert_eq!(control.recall(session).await, Memory::Lost);
    assert_eq!(control.recall(crate::peer::new_session()).await, Memory::Never);
    agent.stop().await;
}

#[tokio::test]
async fn a_command_may_open_as_many_files_as_before_the_agent_took_more() {
    let mut node = Node::listen().await;
    let dir = Dir::new();
    let agent = Command::new("sh")
        .args(["-c", "ulimit -Sn 200; exec \"$@\"", "sh"])
        .arg(program())
        .args([&node.url, TOKEN, &dir.path().display().to_string()])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut control = node.control().await;
    let start = node.script("ulimit -Sn");
    let mut data = node.start(&mut control, start).await;
    assert_eq!(data.rest().await.text(), "200\n");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", agent.id().unwrap())).unwrap();
    let files: Vec<&str> =
        limits.lines().find(|line| line.starts_with("Max open files")).unwrap().split_whitespace().collect();
    assert_eq!(files[3], files[4], "{files:?}");
}

#[tokio::test]
async fn a_supervisor_that_dies_without_a_word_leaves_it_unknown() {
    let (mut node, mut control, agent) = connected_with(|config| {
        config.supervisor.program = "/bin/sh".into();
        config.supervisor.args = vec!["-c".into(), "head -c 1 >/dev/null".into()];
    })
    .await;
    let start = node.script("echo never");
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    let end = data.rest().await.end;
    assert!(matches!(end, Some(SessionEnd::Unknown { .. })), "it may have begun: {end:?}");
    assert_eq!(Some(control.ended(session).await), end);
    agent.stop().await;
}

#[tokio::test]
async fn killing_the_supervisor_ends_the_session_as_unknown() {
    let (mut node, mut control, agent) = connected().await;
    let (session, mut data) = escaped(&mut node, &mut control, "echo $PPID; sleep 1000").await;
    let supervisor = of_session(session).iter().find_map(|pid| supervisor_of(*pid)).unwrap();
    let killed = Command::new("kill").args(["-KILL", &supervisor.to_string()]).status().await.unwrap();
    assert!(killed.success());
    let end = data.rest().await.end;
    assert!(matches!(end, Some(SessionEnd::Unknown { .. })), "{end:?}");
    gone(session).await;
    agent.stop().await;
}

/// The parent, if it is a supervisor.
fn supervisor_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let parent: i32 = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
    let command = std::fs::read(format!("/proc/{parent}/cmdline")).ok()?;
    String::from_utf8_lossy(&command).contains("supervise").then_some(parent)
}

#[tokio::test]
async fn a_person_who_vanishes_ends_the_session() {
    let (mut node, mut control, agent) = connected_with(|config| {
        config.limits.hangup_grace = Duration::from_millis(200);
    })
    .await;
    let (session, data) = escaped(&mut node, &mut control, "trap '' HUP; sleep 1000").await;
    drop(data);
    let end = control.ended(session).await;
    assert_eq!(end, SessionEnd::Stopped { why: "the person's end went away".to_owned() });
    assert_eq!(of_session(session), Vec::<i32>::new());
    agent.stop().await;
}

#[tokio::test]
async fn a_terminal_without_its_node_ends_and_the_next_node_hears_it() {
    let (mut node, mut control, agent) = connected_with(|config| {
        config.limits.unattended = Duration::from_millis(300);
    })
    .await;
    let start = node.on_terminal("echo ready; sleep 1000");
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    data.until("ready").await;
    let url = node.url.clone();
    drop(control);
    drop(node);
    let end = data.rest().await.end;
    let Some(SessionEnd::Stopped { why }) = &end else { panic!("{end:?}") };
    assert!(why.contains("no connection to the server"), "{why}");
    gone(session).await;
    let mut node = Node::listen_again(&url).await;
    let mut control = node.control().await;
    assert_eq!(Some(control.ended(session).await), end);
    agent.stop().await;
}

#[tokio::test]
async fn an_orphan_of_a_pipeline_may_finish_its_last_line() {
    let (mut node, mut control, agent) = connected().await;
    let start = node.script("(sleep 0.2; echo late) & exit 0");
    let mut data = node.start(&mut control, start).await;
    let output = data.rest().await;
    assert_eq!((output.text().as_str(), output.end), ("late\n", Output::exited(0)));
    agent.stop().await;
}

/// An approved command without input.
fn approved(node: &Node, script: &str) -> Start {
    let argv: Vec<String> = ["sh", "-c", script].map(str::to_owned).to_vec();
    let subject = Subject::Command(ApprovedCommand {
        connection: "bash".to_owned(),
        revision: 1,
        agent: NAME.to_owned(),
        argv: argv.clone(),
        input: Blob::default(),
        env: Vec::new(),
        requester: PersonId::new("alice@example.com"),
    });
    let mut start = node.order(Action::Exec { argv, input: Input::Stored { bytes: 0 } });
    start.approved = Some(Approved { digest: Digest::of(&subject), subject, env_key: String::new() });
    start
}

#[tokio::test]
async fn an_approved_command_outlives_its_node_and_its_end_is_told_to_the_next() {
    let (mut node, mut control, agent) = connected().await;
    let flag = agent.dir.path().join("go-on");
    let script =
        format!("echo running; while [ ! -e {} ]; do sleep 0.05; done; yes | head -c 1000000; exit 9", flag.display());
    let start = approved(&node, &script);
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    data.close_stdin().await;
    data.until("running").await;
    let url = node.url.clone();
    // As when the node is killed: every connection at once.
    drop((control, data, node));
    let mut node = Node::listen_again(&url).await;
    let mut control = node.control().await;
    assert_eq!(control.recall(session).await, Memory::Running);
    std::fs::write(&flag, "").unwrap();
    assert_eq!(control.ended(session).await, SessionEnd::Exited { code: 9 });
    agent.stop().await;
}

#[tokio::test]
async fn stopping_while_input_is_awaited_starts_nothing() {
    let (mut node, mut control, agent) = connected().await;
    let start = approved(&node, "echo evil");
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    control.stop(session, "revoked meanwhile").await;
    let end = SessionEnd::Failed { why: "revoked meanwhile".to_owned() };
    assert_eq!(control.ended(session).await, end);
    let output = data.rest().await;
    assert_eq!((output.stdout.as_slice(), output.end), (b"".as_slice(), Some(end)));
    agent.stop().await;
}

/// A group of this test's own, where the machine lets us have one.
fn own_cgroup() -> Option<std::path::PathBuf> {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
    let mount = mounts.lines().find_map(|line| {
        let mut fields = line.split(' ');
        let (path, kind) = (fields.nth(1)?, fields.next()?);
        (kind == "cgroup2").then(|| path.to_owned())
    })?;
    let path = std::path::Path::new(&mount).join(format!("countersign-test-{}", std::process::id()));
    std::fs::create_dir(&path).ok().map(|()| path)
}

#[tokio::test]
async fn a_cgroup_holds_what_kills_its_supervisor_and_wipes_its_environment() {
    let Some(group) = own_cgroup() else { return };
    let (mut node, mut control, agent) = connected_with(|config| config.cgroup = Some(group.clone())).await;
    let start = node.script("env -i setsid sleep 1000 </dev/null >/dev/null 2>&1 & kill -KILL $PPID; sleep 1000");
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    let end = data.rest().await.end;
    assert!(matches!(end, Some(SessionEnd::Unknown { .. })), "{end:?}");
    assert!(!group.join(session.to_string()).exists(), "the group is gone, so nothing is in it");
    let start = node.script("exit 4");
    let mut data = node.start(&mut control, start).await;
    assert_eq!(data.rest().await.end, Output::exited(4));
    agent.stop().await;
    std::fs::remove_dir(&group).unwrap();
}

#[tokio::test]
async fn a_command_that_forks_away_all_the_time_is_ended() {
    let (mut node, mut control, agent) = connected().await;
    let file = agent.dir.path().join("chain");
    std::fs::write(&file, "setsid sh \"$0\" &\nsetsid sleep 1000 &\n").unwrap();
    let start = node.script(&format!("sh {}; echo forking; sleep 1000", file.display()));
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    data.until("forking").await;
    wait_for(|| of_session(session).len() > 20, "some of them").await;
    control.stop(session, "enough").await;
    assert_eq!(control.ended(session).await, SessionEnd::Stopped { why: "enough".to_owned() });
    assert_eq!(of_session(session), Vec::<i32>::new());
    agent.stop().await;
}
