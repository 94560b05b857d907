//! What the state file keeps, whose it is, and what a recording must not have.

use std::fs;
use std::path::Path;
use std::time::Duration;

use countersign_slack_workspace::{Config, Running, StartError, StateFileError, Workspace};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::client::{App, SOON, channel, http, start, user};
use crate::control::Control;

fn keeping(path: &Path) -> Config {
    Config { state: Some(path.to_owned()), ..Config::default() }
}

async fn begin(config: Config) -> Running {
    // Another start installs the TLS provider of the test's client.
    start().await.stop().await;
    Workspace::start(config).await.unwrap()
}

/// Waits until the file says something, as it would be found after the power went.
async fn wait_for(path: &Path, what: &str, is_there: bool) {
    let deadline = tokio::time::Instant::now() + SOON;
    while fs::read_to_string(path).unwrap().contains(what) != is_there {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_announces_nothing_is_kept_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let running = begin(keeping(&path)).await;
    let app = App::new(&running);
    let cli = app.with_token(&running.ready().cli_token);
    let manifest = json!({"display_information": {"name": "Kept quietly"}});
    cli.ok("apps.manifest.create", json!({"manifest": manifest})).await;
    wait_for(&path, "Kept quietly", true).await;
    let at = running.workspace().clock().now_ms() / 1000 + 3600;
    let later = json!({"channel": channel(&running, "general"), "text": "scheduled quietly", "post_at": at});
    app.ok("chat.scheduleMessage", later).await;
    wait_for(&path, "scheduled quietly", true).await;
    running.workspace().reset().unwrap();
    wait_for(&path, "scheduled quietly", false).await;
}

#[tokio::test]
async fn a_file_is_one_workspaces_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let running = begin(keeping(&path)).await;
    let error = Workspace::start(keeping(&path)).await.unwrap_err();
    assert!(matches!(error, StartError::State(StateFileError::InUse { .. })), "{error:?}");
    running.stop().await;
    Workspace::start(keeping(&path)).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    start().await.stop().await;
    let error = Workspace::start(keeping(&folder.path().join("none/state.json"))).await.unwrap_err();
    assert!(matches!(error, StartError::State(StateFileError::Write { .. })), "{error:?}");
    let path = folder.path().join("later/state.json");
    fs::create_dir(folder.path().join("later")).unwrap();
    let running = Workspace::start(keeping(&path)).await.unwrap();
    let handle = running.workspace().clone();
    assert!(handle.is_saved());
    fs::remove_dir_all(folder.path().join("later")).unwrap();
    running.stop().await;
    assert!(!handle.is_saved());
}

#[tokio::test]
async fn files_are_at_the_new_address_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let running = begin(keeping(&path)).await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let announced = app.ok("files.getUploadURLExternal", json!({"filename": "a.txt", "length": 1})).await;
    http().post(announced["upload_url"].as_str().unwrap()).body("a").send().await.unwrap();
    let files = json!({"files": [{"id": announced["file_id"]}], "channel_id": general});
    app.ok("files.completeUploadExternal", files).await;
    running.stop().await;
    let running = Workspace::start(keeping(&path)).await.unwrap();
    let app = App::new(&running);
    let history = app.ok("conversations.history", json!({"channel": general})).await;
    let url = history["messages"][0]["files"][0]["url_private"].as_str().unwrap().to_owned();
    assert!(url.starts_with(&running.ready().ui_url), "{url}");
    let content = http().get(url).bearer_auth(app.token.expose_secret()).send().await.unwrap();
    assert_eq!(content.text().await.unwrap(), "a");
}

#[tokio::test]
async fn several_teams_are_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let running = begin(keeping(&path)).await;
    let made = Control::new(&running).post("teams", json!({"team": "Second", "installed": ["Countersign"]})).await;
    let token = made["apps"]["Countersign"]["bot_token"].as_str().unwrap().to_owned();
    running.stop().await;
    let running = Workspace::start(keeping(&path)).await.unwrap();
    let there = App::new(&running).with_token(&token.into());
    assert_eq!(there.ok("auth.test", json!({})).await["team_id"], made["team"]["id"]);
}

#[tokio::test]
async fn a_recording_has_no_secret_of_a_run_that_used_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let running = begin(Config { record: Some(path.clone()), ..Config::default() }).await;
    let ready = running.ready();
    let app = App::new(&running);
    let general = channel(&running, "general");
    let mut secrets: Vec<String> = [
        &ready.bot_token,
        &ready.app_token,
        &ready.user_token,
        &ready.cli_token,
        &ready.signing_secret,
        &ready.client_secret,
        &ready.control_token,
    ]
    .map(|secret| secret.expose_secret().to_owned())
    .to_vec();
    let mut socket = app.connect().await;
    let leak = format!("my token is {}", ready.bot_token.expose_secret());
    app.ok("chat.postMessage", json!({"channel": general, "text": leak})).await;
    let cli = app.with_token(&ready.cli_token);
    let variables = json!([{"name": "KEY", "value": "variable-value-1234"}]);
    cli.ok("apps.hosted.variables.add", json!({"app_id": ready.app_id, "variables": variables})).await;
    secrets.push("variable-value-1234".to_owned());
    let ticket = app.ok("apps.hosted.generateAuthTicket", json!({})).await["ticket"].as_str().unwrap().to_owned();
    let (alice, bob) = (running.person("alice").unwrap(), running.person("bob").unwrap());
    let confirmed = alice.command("general", "/slackauthticket", &ticket).await.unwrap();
    let challenge = confirmed.response.unwrap()["text"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned();
    let exchange = json!({"ticket": ticket, "challenge": challenge});
    let signed_in = app.ok("apps.hosted.exchangeAuthTicket", exchange).await;
    secrets.extend([ticket, signed_in["token"].as_str().unwrap().to_owned()]);
    secrets.push(signed_in["refresh_token"].as_str().unwrap().to_owned());
    let announced = app.ok("files.getUploadURLExternal", json!({"filename": "a.txt", "length": 1})).await;
    let upload = announced["upload_url"].as_str().unwrap();
    secrets.push(upload.rsplit('/').next().unwrap().to_owned());
    http().post(upload).body("a").send().await.unwrap();
    let ts = app.post_button(&general).await;
    let seen = countersign_slack_workspace::Seen { channel: general, ts, message: Value::Null };
    let answering = async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        let url = envelope["payload"]["response_url"].as_str().unwrap().to_owned();
        http().post(&url).json(&json!({"text": "done"})).send().await.unwrap();
        url
    };
    let (clicked, url) = tokio::join!(bob.click(&seen, "approve"), answering);
    clicked.unwrap();
    secrets.push(url.rsplit('/').next().unwrap().to_owned());
    let _ = user(&running, "bob");
    running.stop().await;
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    for method in ["chat.postMessage", "apps.hosted.variables.add", "apps.hosted.exchangeAuthTicket"] {
        assert!(text.contains(method), "{method}");
    }
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_recording_is_its_owners_also_where_another_file_was() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    begin(Config { record: Some(path.clone()), ..Config::default() }).await.stop().await;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
