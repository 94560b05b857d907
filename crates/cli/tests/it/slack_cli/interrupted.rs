//! A command that is interrupted while one of the project's hooks works.

use nix::sys::signal::Signal;

use super::{
    desk::Desk,
    processes::{are_gone, below},
};

#[tokio::test]
async fn an_interrupted_command_leaves_no_hook_behind() {
    // Hooks are in process groups of their own: what a terminal sends to ours does not reach them.
    let mut desk = Desk::new().await;
    desk.enters("demo");
    desk.writes(".slack/hooks.json", r#"{"hooks": {"get-manifest": "sh hangs.sh", "deploy": "true"}}"#);
    desk.writes("hangs.sh", "sleep 100000 &\necho hanging >&2\nwait\n");
    let commands = [["manifest", "info"].as_slice(), &["deploy"], &["app", "install", "--environment", "local"]];
    let signals = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
    for (arguments, signal) in commands.iter().flat_map(|command| signals.map(|signal| (*command, signal))) {
        let command = desk.starts(arguments);
        command.says("hanging").await;
        let hook = below(command.pid());
        assert!(hook.len() >= 2, "{hook:?}");
        command.signal(signal);
        let ended = command.ended().await;
        assert_eq!(ended.code, Some(130), "{signal}: {}", ended.stderr);
        assert!(ended.stderr.contains("interrupted (process_interrupted)"), "{}", ended.stderr);
        are_gone(&hook).await;
    }
}
