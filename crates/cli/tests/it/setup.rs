//! Setting up: init, install, demo.

use std::process::Stdio;

use countersign_testkit::WITHIN;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::{BINARY, start};

/// The bytes behind an address that wants the bot's token.
pub(crate) async fn download(url: &str, token: &str) -> String {
    let curl = tokio::process::Command::new("curl")
        .args(["--silent", "--fail", "--header", &format!("Authorization: Bearer {token}"), url])
        .output();
    let output = tokio::time::timeout(WITHIN, curl).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn init_checks_the_tokens_and_writes_a_configuration_that_works() {
    let app = start().await;
    let ready = app.workspace().ready();
    let mut init = app.bare_command();
    init.args(["init", "--user-id", app.user("alice").as_str()])
        .env("SLACK_API_URL", &ready.api_url)
        .env("SLACK_BOT_TOKEN", ready.bot_token.expose_secret())
        .env("SLACK_APP_TOKEN", ready.app_token.expose_secret())
        .stdin(Stdio::null());
    let output = init.output().await.unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("bot token of @"), "{stderr}");
    let path = app.home().join(".config/countersign/countersign.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(ready.bot_token.expose_secret()), "tokens are in files of their own: {text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(path.with_file_name("bot-token")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let check = app.bare_command().args(["config", "check"]).output().await.unwrap();
    assert!(check.status.success(), "{check:?}");
    let doctor = app.bare_command().arg("doctor").output().await.unwrap();
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn init_names_a_token_that_does_not_work() {
    let app = start().await;
    let ready = app.workspace().ready();
    let mut init = app.bare_command();
    init.args(["init", "--user-id", "U1"])
        .env("SLACK_API_URL", &ready.api_url)
        .env("SLACK_BOT_TOKEN", "xoxb-wrong")
        .env("SLACK_APP_TOKEN", ready.app_token.expose_secret())
        .stdin(Stdio::null());
    let output = init.output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("invalid_auth"), "{stderr}");
    assert!(!app.home().join(".config/countersign/countersign.toml").exists(), "nothing was written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hook_is_installed_and_taken_out_again() {
    let app = start().await;
    let settings = app.home().join(".claude/settings.json");
    std::fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let before = "{\n  \"model\": \"opus\",\n  \"hooks\": {\"Stop\": [{\"hooks\": [{\"type\": \"command\", \"command\": \"say done\"}]}]}\n}\n";
    std::fs::write(&settings, before).unwrap();

    let dry = app.run(&["hook", "install", "claude", "--dry-run"]).await;
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(dry.stdout.contains("PermissionRequest"));
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), before);

    assert_eq!(app.run(&["hook", "install", "claude"]).await.code, Some(0));
    let installed = std::fs::read_to_string(&settings).unwrap();
    let parsed: Value = serde_json::from_str(&installed).unwrap();
    let ask = parsed.pointer("/hooks/PermissionRequest/0/hooks/0").unwrap();
    assert_eq!(ask.get("timeout"), Some(&json!(90)), "our wait and half a minute");
    let command = ask.get("command").and_then(Value::as_str).unwrap();
    assert!(command.contains("--config") && command.contains("countersign.toml"), "{command}");
    app.run(&["hook", "install", "claude"]).await;
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), installed, "installing twice changes nothing");

    let status = app.run(&["hook", "status"]).await;
    assert!(status.stdout.contains("PermissionRequest"), "{status:?}");
    assert_eq!(app.run(&["hook", "uninstall", "claude"]).await.code, Some(0));
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), before, "exactly ours is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_answers_a_simulated_click() {
    for (button, behavior) in [("approve", "allow"), ("deny", "deny")] {
        let mut demo = tokio::process::Command::new(BINARY);
        demo.args(["demo", "--click", button]).stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(WITHIN, demo.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{output:?}");
        let stdout = String::from_utf8(output.stdout).unwrap();
        let answer: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
        assert_eq!(answer.pointer("/hookSpecificOutput/decision/behavior"), Some(&json!(behavior)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn completions_and_the_manual_page_are_written_to_stdout() {
    let app = start().await;
    for args in [&["completions", "bash"][..], &["completions", "zsh"], &["completions", "fish"], &["man"]] {
        let output = app.bare_command().args(args).output().await.unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("countersign"));
    }
}
