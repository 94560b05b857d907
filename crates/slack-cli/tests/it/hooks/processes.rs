//! The processes of a hook: how they end, and that none is left.

use std::time::Duration;

use countersign_slack::hooks::HookName;
use countersign_slack_cli::{Code, hooks::Ended};
use rstest::rstest;

use super::{One, text, told};

/// Longer than any test: whoever sleeps so long is killed.
const EVER: &str = "sleep 100000";
const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_hook_that_hangs_is_killed_with_all_that_it_started() {
    let one = One::plain(HookName::Doctor, &format!("exec 3>held; {EVER} & echo ready >&3; {EVER};")).await;
    let held = one.pipe("held").open();
    let failure = one.call().await.timeout(Some(Duration::from_millis(300))).answer().await.unwrap_err();
    assert_eq!(failure.code(), &Code::SdkHookInvocationFailed);
    assert!(told(&failure).contains("did not end within 300ms") && told(&failure).contains("--hook-timeout"));
    held.end().await;
}

#[tokio::test]
async fn a_hook_that_hangs_and_takes_no_signal_is_killed_too() {
    let one = One::plain(HookName::Doctor, &format!("trap '' INT TERM HUP; {EVER}; {EVER};")).await;
    let failure = one.call().await.timeout(Some(Duration::ZERO)).answer().await.unwrap_err();
    assert!(told(&failure).contains("was killed"));
}

#[tokio::test]
async fn the_time_limit_of_the_session_counts() {
    let mut one = One::plain(HookName::Doctor, &format!("{EVER};")).await;
    one.world.session.settings.hook_timeout = Some(Duration::from_millis(1));
    assert!(told(&one.failure().await).contains("within 1ms"));
}

#[tokio::test]
async fn a_grandchild_that_holds_the_pipe_does_not_hold_the_answer() {
    // On purpose better than the original, which waits for ever.
    let one = One::plain(HookName::Doctor, &format!("exec 3>held; {EVER} & echo ready >&3; echo '{{}}';")).await;
    let held = one.pipe("held");
    let call = one.call().await.leftovers(Duration::ZERO);
    let (answer, held) = tokio::join!(text(call), held.line());
    assert_eq!(answer, "{}");
    held.end().await;
}

#[tokio::test]
async fn a_grandchild_without_the_pipe_is_not_left_behind() {
    let one =
        One::plain(HookName::Doctor, &format!("exec 3>held; {EVER} >/dev/null 2>&1 & echo ready >&3; echo 1;")).await;
    let held = one.pipe("held");
    let call = one.call().await.leftovers(Duration::ZERO);
    let (answer, held) = tokio::join!(text(call), held.line());
    assert_eq!(answer, "1");
    held.end().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_daemon_that_holds_the_pipe_does_not_hold_the_answer_and_is_told_of() {
    let one = One::plain(HookName::Doctor, "exec 3>held; setsid -f sh daemon.sh; read go < go; echo '{}';").await;
    one.world.write("daemon.sh", &format!("echo $$ >&3\nexec {EVER}\n"));
    let (held, go) = (one.pipe("held"), one.pipe("go"));
    let call = one.call().await.leftovers(Duration::ZERO);
    let daemon = async {
        let held = held.line().await;
        tokio::task::spawn_blocking(move || std::fs::write(go.0, "go\n").unwrap()).await.unwrap();
        held
    };
    let (answer, held) = tokio::join!(text(call), daemon);
    assert_eq!(answer, "{}");
    assert!(one.world.talk.warnings()[0].contains("has left a process behind"), "{:?}", one.world.talk.warnings());
    let daemon = rustix::process::Pid::from_raw(held.line.parse().unwrap()).unwrap();
    rustix::process::kill_process(daemon, rustix::process::Signal::KILL).unwrap();
    held.end().await;
}

#[tokio::test]
async fn what_a_grandchild_writes_in_its_time_belongs_to_the_response() {
    let one = One::plain(HookName::Doctor, "{ read go < go; echo late; } & echo early; echo go > go;").await;
    one.pipe("go");
    assert_eq!(text(one.call().await.leftovers(LONG)).await, "early\nlate");
}

#[tokio::test]
async fn whoever_gives_up_an_answer_leaves_no_process() {
    let one = One::plain(HookName::Start, &format!("exec 3>held; {EVER} & echo ready >&3; {EVER};")).await;
    let held = one.pipe("held");
    let held = tokio::select! {
        _ = one.failure() => panic!("it ended"),
        held = held.line() => held,
    };
    held.end().await;
}

#[tokio::test]
async fn a_hook_that_is_ended_by_a_signal_is_told_with_it() {
    let one = One::plain(HookName::Doctor, "kill -9 $$;").await;
    assert!(told(&one.failure().await).contains("was ended by signal 9 (SIGKILL)"));
}

#[rstest]
#[case::missing("no-such-program-here", "127")]
#[case::not_for_running("./file", "126")]
#[tokio::test]
async fn a_program_that_cannot_run_is_told_with_what_to_do(#[case] command: &str, #[case] code: &str) {
    let one = One::plain(HookName::Doctor, command).await;
    one.world.write("file", "");
    let all = told(&one.failure().await);
    assert!(all.contains(code) && all.contains(command) && all.contains("install what the command runs"), "{all}");
}

#[tokio::test]
async fn a_root_that_has_gone_is_told() {
    let one = One::plain(HookName::Doctor, "true").await;
    let call = one.call().await;
    std::fs::remove_dir_all(one.world.root()).unwrap();
    let failure = call.answer().await.unwrap_err();
    assert!(told(&failure).contains("could not be started") && told(&failure).contains("directory:"));
}

#[rstest]
#[case::success("exit 0;", Ended::Code(0), 0)]
#[case::failure("exit 7;", Ended::Code(7), 7)]
#[case::signal("kill -15 $$;", Ended::Signal(15), 130)]
#[tokio::test]
async fn an_app_that_ends_by_itself_says_how(#[case] command: &str, #[case] expected: Ended, #[case] exit: u8) {
    let one = One::plain(HookName::Start, command).await;
    let ended = one.call().await.spawn().unwrap().wait().await;
    assert_eq!((ended, ended.exit_code()), (expected, exit));
    let one = One::plain(HookName::Deploy, command).await;
    assert_eq!(one.call().await.attached().await.unwrap(), expected);
}

#[tokio::test]
async fn an_app_that_ends_takes_what_it_started_with_it() {
    let one = One::plain(HookName::Start, &format!("exec 3>held; {EVER} & echo ready >&3; exit 4;")).await;
    let held = one.pipe("held");
    let mut running = one.call().await.leftovers(Duration::ZERO).spawn().unwrap();
    let (ended, held) = tokio::join!(running.wait(), held.line());
    assert_eq!(ended, Ended::Code(4));
    held.end().await;
}

#[tokio::test]
async fn an_app_that_is_stopped_is_asked_first() {
    let one = One::plain(HookName::Start, "exec sh app.sh").await;
    // A shell's background processes ignore SIGINT: the app has to end its own.
    let app = format!("exec 3>held\ntrap 'kill $!; echo bye >&3; exit 5' INT\n{EVER} &\necho ready >&3\nwait\n");
    one.world.write("app.sh", &app);
    let held = one.pipe("held");
    let running = one.call().await.spawn().unwrap();
    let held = held.line().await;
    assert_eq!(running.stop(LONG).await, Ended::Code(5));
    assert_eq!(held.end().await, "bye\n");
}

#[tokio::test]
async fn an_app_behind_a_launcher_that_swallows_signals_is_stopped_too() {
    // As npx does: the original signals the launcher alone, and leaves the app running.
    let one = One::plain(HookName::Start, "sh launcher.sh;").await;
    one.world.write("launcher.sh", "trap '' INT TERM\nsh app.sh\n");
    one.world.write("app.sh", &format!("exec 3>held\necho ready >&3\n{EVER}\n"));
    let held = one.pipe("held");
    let running = one.call().await.spawn().unwrap();
    let held = held.line().await;
    running.stop(Duration::from_millis(40)).await;
    held.end().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_app_that_left_the_group_is_stopped_too() {
    let one = One::plain(HookName::Start, "sh launcher.sh;").await;
    one.world.write("launcher.sh", "setsid -w sh app.sh\n");
    one.world.write("app.sh", &format!("exec 3>held\necho ready >&3\n{EVER}\n"));
    let held = one.pipe("held");
    let running = one.call().await.spawn().unwrap();
    let held = held.line().await;
    running.stop(Duration::from_millis(400)).await;
    held.end().await;
}

#[tokio::test]
async fn an_app_that_nobody_holds_any_more_is_killed() {
    let one = One::plain(HookName::Start, &format!("exec 3>held; {EVER} & echo ready >&3; {EVER};")).await;
    let held = one.pipe("held");
    let running = one.call().await.spawn().unwrap();
    assert!(running.id().is_some());
    let held = held.line().await;
    assert_eq!(held.line, "ready");
    drop(running);
    held.end().await;
}

#[tokio::test]
async fn waiting_for_an_app_can_be_given_up_and_taken_up() {
    let one = One::plain(HookName::Start, "echo ready > held; read go < go; exit 6;").await;
    let (held, go) = (one.pipe("held"), one.pipe("go"));
    let mut running = one.call().await.spawn().unwrap();
    tokio::select! {
        _ = running.wait() => panic!("it ended"),
        _ = held.line() => {}
    }
    let release = tokio::task::spawn_blocking(move || std::fs::write(go.0, "go\n").unwrap());
    assert_eq!(running.wait().await, Ended::Code(6));
    release.await.unwrap();
}
