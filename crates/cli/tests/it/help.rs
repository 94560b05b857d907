//! Every help text, as a snapshot: it is what people and coding agents learn the commands from.

use std::fmt::Write as _;

use crate::start;

const COMMANDS: &[&[&str]] = &[
    &[],
    &["demo"],
    &["init"],
    &["hook"],
    &["hook", "install"],
    &["hook", "uninstall"],
    &["hook", "status"],
    &["hook", "logs"],
    &["exec"],
    &["connect"],
    &["guard"],
    &["requests"],
    &["requests", "list"],
    &["requests", "show"],
    &["requests", "approve"],
    &["requests", "deny"],
    &["requests", "cancel"],
    &["requests", "revoke"],
    &["sessions"],
    &["sessions", "list"],
    &["sessions", "show"],
    &["sessions", "replay"],
    &["login"],
    &["logout"],
    &["link"],
    &["whoami"],
    &["admin"],
    &["admin", "create"],
    &["admin", "create", "user"],
    &["admin", "create", "conn"],
    &["admin", "create", "plugin"],
    &["admin", "create", "policy"],
    &["admin", "create", "agent"],
    &["admin", "create", "token"],
    &["admin", "get"],
    &["admin", "delete"],
    &["apply"],
    &["serve"],
    &["agent"],
    &["audit", "verify"],
    &["db"],
    &["db", "migrate"],
    &["db", "status"],
    &["db", "copy"],
    &["workspace"],
    &["workspace", "replay"],
    &["slack"],
    &["slack", "run"],
    &["slack", "deploy"],
    &["slack", "manifest"],
    &["slack", "trigger"],
    &["slack", "trigger", "create"],
    &["slack", "doctor"],
    &["slack", "upgrade"],
    &["slack", "create"],
    &["slack", "init"],
    &["slack", "app"],
    &["slack", "app", "install"],
    &["slack", "auth"],
    &["slack", "login"],
    &["slack", "logout"],
    &["slack", "env"],
    &["slack", "activity"],
    &["slack", "api"],
    &["config"],
    &["config", "show"],
    &["doctor"],
    &["completions"],
    &["man"],
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_explains_itself() {
    let app = start().await;
    let mut all = String::new();
    for command in COMMANDS {
        let output = app.bare_command().args(*command).arg("--help").output().await.unwrap();
        assert!(output.status.success(), "{command:?}");
        assert!(output.stderr.is_empty(), "help is output, not talk: {command:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        writeln!(all, "$ countersign {} --help\n{text}", command.join(" ")).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_word_is_a_usage_error_with_a_suggestion() {
    let app = start().await;
    let output = app.bare_command().args(["requets", "list"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("requests"), "{stderr}");
    assert!(output.stdout.is_empty());
}
