//! Terminals, and access that has to be approved.

use std::time::Duration;

use countersign_testkit::text_of;
use serde_json::Value;

use super::{approve, ids, on_every_database, team, team_with};

/// What bash writes when it reads a line, its terminal being set for that.
const PROMPT: &str = "\u{1b}[?2004hbash-";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_is_one() {
    let app = team_with("connections:\n  term: { agent: default, command: [bash, --norc, --noprofile] }\n").await;
    let mut terminal = app.ada().terminal(&["connect", "term"]);
    terminal.shows("connected to term").await;
    terminal.types("test -t 0 && test -t 1 && echo a $((1 + 1)) terminal, $TERM; stty size\n");
    terminal.shows("a 2 terminal, xterm-256color").await;
    // Only a shell that waits at its prompt takes Ctrl-D for the end: typed a moment earlier, it is a mark in the
    // terminal's line that nobody reads as one.
    terminal.shows(&format!("24 80\r\n{PROMPT}")).await;
    terminal.types("\x04");
    assert_eq!(terminal.finish().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_terminal_follows_the_window() {
    let app = team_with("connections:\n  term: { agent: default, command: [bash, --norc, --noprofile] }\n").await;
    let mut terminal = app.ada().terminal(&["connect", "term"]);
    terminal.shows("connected to term").await;
    // What waits for the window's new size runs in front of the shell, whose own traps wait for a line to be read.
    let resized = "(trap 'echo now $(stty size); exit' WINCH; echo set $((1 + 2)); while :; do read -t 1; done)\n";
    terminal.types(resized);
    terminal.shows("set 3").await;
    terminal.resize(40, 132);
    terminal.shows(&format!("now 40 132\r\n{PROMPT}")).await;
    terminal.types("sh -c 'echo asleep $((1 + 1)); exec sleep 600'\n");
    terminal.shows("asleep 2").await;
    terminal.types("\x03");
    // An interrupt throws away what was typed and not read yet.
    terminal.shows(&format!("^C\r\n{PROMPT}")).await;
    terminal.types("echo interrupted $((130 - 1))\n");
    terminal.shows("interrupted 129").await;
    terminal.types("exit 6\n");
    assert_eq!(terminal.finish().await, Some(6));
}

on_every_database! {
    async fn access_begins_with_the_approval_and_needs_no_other(app: GatewayApp) {
        let terminal = app.ada().terminal(&["connect", "bash-jit", "-d", "30m", "--reason", "disk is full"]);
        terminal.shows("waiting for approval").await;
        let message = app.asked("approvals", "disk is full").await;
        assert!(text_of(&message).contains("30 min"), "{}", text_of(&message));
        app.click("alice", "approvals", &message, ids::APPROVE).await;
        app.click("bob", "approvals", &message, ids::APPROVE).await;
        terminal.shows("access ends in 30 min").await;
        let mut second = app.ada().terminal(&["connect", "bash-jit"]);
        second.shows("connected to bash-jit").await;
        second.types("exit 0\n");
        assert_eq!(second.finish().await, Some(0));
        let dan = app.person("dan").await;
        let other = dan.terminal(&["connect", "bash-jit"]);
        other.shows("waiting for approval").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_ends_what_lives_on_it() {
    let app = team().await;
    // The shortest that is given.
    let terminal = app.ada().terminal(&["connect", "bash-jit", "-d", "1m"]);
    approve(&app, "bash-jit").await;
    terminal.shows("connected to bash-jit").await;
    terminal.shows_within("the session was ended", Duration::from_mins(2)).await;
    assert_eq!(terminal.finish().await, Some(125));
    let next = app.ada().terminal(&["connect", "bash-jit", "-d", "1m"]);
    next.shows("waiting for approval").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_is_recorded_and_played() {
    let app = team_with("connections:\n  term: { agent: default, command: [bash, --norc, --noprofile] }\n").await;
    let mut terminal = app.ada().terminal(&["connect", "term"]);
    terminal.shows("connected to term").await;
    terminal.types("echo seen $((20 + 3))\n");
    terminal.shows("seen 23").await;
    terminal.types("exit\n");
    terminal.finish().await;
    let session = app
        .until("a recording", || async {
            let listed = app.ada().does(&["sessions", "list", "--connection", "term", "--json"]).await;
            let listed: Value = serde_json::from_str(&listed).unwrap();
            let session = listed.get(0)?;
            session.pointer("/session/recording").or(session.get("recording"))?.as_str()?;
            session.pointer("/session/id").or(session.get("id"))?.as_str().map(str::to_owned)
        })
        .await;
    let raw = app.ada().does(&["sessions", "replay", &session, "--raw"]).await;
    let head: Value = serde_json::from_str(raw.lines().next().unwrap()).unwrap();
    assert_eq!((&head["version"], &head["width"], &head["height"]), (&2.into(), &80.into(), &24.into()));
    let played = app.ada().does(&["sessions", "replay", &session, "--instant"]).await;
    assert!(played.contains("seen 23"), "{played}");
    let shown = app.ada().does(&["sessions", "show", &session]).await;
    assert!(shown.contains("ada@example.com"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_terminal_exec_is_named() {
    let app = team().await;
    let ended = app.ada().run(&["connect", "bash-jit"]).await.with_code(125);
    assert!(ended.stderr.contains("countersign exec"), "{}", ended.stderr);
    app.ada().run(&["connect", "nowhere"]).await.with_code(127);
}
