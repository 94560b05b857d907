//! Seeds, the state file, and recordings.

use std::fs;
use std::path::Path;

use countersign_slack_workspace::{Config, Running, StartError, StateFileError, Workspace};
use serde_json::{Value, json};

use crate::client::{App, channel, start, user};
use crate::control::Control;

async fn begin(config: Config) -> Running {
    // Another start installs the TLS provider of the test's client.
    start().await.stop().await;
    Workspace::start(config).await.unwrap()
}

fn line(running: &Running) -> Value {
    let mut line = serde_json::to_value(running.ready()).unwrap();
    for address in ["api_url", "ui_url", "control_url"] {
        line[address] = Value::Null;
    }
    line
}

fn keeping(path: &Path) -> Config {
    Config { state: Some(path.to_owned()), ..Config::default() }
}

const SEED: &str = "
team: Acme
users:
  - {name: dana, real_name: Dana Scully, email: dana@acme.example}
  - {name: fox, is_admin: true}
channels:
  - {name: general}
  - {name: x-files, private: true, members: [dana, Deploys]}
apps:
  - name: Deploys
    manifest:
      display_information: {name: Deploys}
      oauth_config: {scopes: {bot: [chat:write]}}
      features: {slash_commands: [{command: /deploy, description: Deploy.}]}
messages:
  - channel: general
    user: dana
    text: The truth is out there.
    replies:
      - {app: Deploys, text: Where?}
";

#[tokio::test]
async fn a_seed_fills_the_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seed.yaml");
    fs::write(&path, SEED).unwrap();
    let running = begin(Config { seed: Some(path), ..Config::default() }).await;
    let ready = running.ready();
    assert_eq!(ready.users.keys().collect::<Vec<_>>(), ["dana", "fox"]);
    assert_eq!(ready.channels.keys().collect::<Vec<_>>(), ["general", "x-files"]);
    let app = App::new(&running);
    let team = app.ok("team.info", json!({})).await;
    assert_eq!(team["team"]["name"], "Acme");
    let history = app.ok("conversations.history", json!({"channel": channel(&running, "general")})).await;
    let message = &history["messages"][0];
    assert_eq!((&message["text"], &message["reply_count"]), (&json!("The truth is out there."), &json!(1)));
    let fox = app.ok("users.info", json!({"user": user(&running, "fox")})).await;
    assert_eq!(fox["user"]["is_admin"], true);
    let deploys = app.with_token(&ready.apps["Deploys"].bot_token);
    assert_eq!(deploys.ok("auth.test", json!({})).await["user"], "deploys");
    running.workspace().reset().unwrap();
    deploys.ok("auth.test", json!({})).await;
}

#[tokio::test]
async fn a_seed_that_is_wrong_says_where() {
    start().await.stop().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seed.yaml");
    for (text, expected) in [
        ("users: 3", "line 1"),
        ("colour: red", "colour"),
        ("messages: [{channel: nowhere, user: alice, text: x}]", "nowhere"),
        ("messages: [{channel: general, user: mallory, text: x}]", "mallory"),
        ("messages: [{channel: general, text: x}]", "user or its app"),
        ("channels: [{name: No Good}]", "No Good"),
        ("users: [{name: Alice Smith}]", "invalid name"),
        ("users: [{name: ''}]", "invalid name"),
        ("messages: [{channel: general, user: alice, text: x, blocks: [{type: moon}]}]", "message 0"),
        ("apps: [{manifest: {display_information: {name: ''}}}]", "name"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nusers: *b", "line"),
        ("{", "line"),
    ] {
        fs::write(&path, text).unwrap();
        let error = Workspace::new(Config { seed: Some(path.clone()), ..Config::default() }).unwrap_err();
        let StartError::Seed(error) = error else { panic!("{error:?}") };
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
    let missing = Config { seed: Some(folder.path().join("none.yaml")), ..Config::default() };
    assert!(Workspace::new(missing).unwrap_err().to_string().contains("seed"));
}

#[tokio::test]
async fn a_restart_changes_nothing_but_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let running = begin(keeping(&path)).await;
    let before = line(&running);
    let app = App::new(&running);
    let general = channel(&running, "general");
    let posted = app.ok("chat.postMessage", json!({"channel": general, "text": "kept"})).await;
    app.ok("reactions.add", json!({"channel": general, "timestamp": posted["ts"], "name": "eyes"})).await;
    let (alice, bob) = (user(&running, "alice"), user(&running, "bob"));
    let im = app.ok("conversations.open", json!({"users": bob})).await["channel"]["id"].clone();
    let ephemeral = json!({"channel": general, "user": alice, "text": "only you"});
    app.ok("chat.postEphemeral", ephemeral).await;
    let made = Control::new(&running).post("apps", json!({"name": "Second"})).await["app"].clone();
    running.stop().await;

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let running = Workspace::start(keeping(&path)).await.unwrap();
    assert_eq!(line(&running), before);
    let app = App::new(&running);
    let history = app.ok("conversations.history", json!({"channel": general})).await;
    assert_eq!(history["messages"][0]["text"], "kept");
    assert_eq!(history["messages"][0]["reactions"][0]["name"], "eyes");
    assert_eq!(app.ok("conversations.open", json!({"users": bob})).await["channel"]["id"], im);
    let second = app.with_token(&made["bot_token"].as_str().unwrap().into());
    assert_eq!(second.ok("auth.test", json!({})).await["user"], "second");
    let seen = Control::new(&running).get(&format!("messages?channel={general}&user={alice}")).await;
    assert!(seen.to_string().contains("only you"));
    let again = app.ok("chat.postMessage", json!({"channel": general, "text": "x"})).await;
    assert!(again["ts"].as_str() > posted["ts"].as_str());
}

#[tokio::test]
async fn what_is_nested_as_deeply_as_may_be_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let running = begin(keeping(&path)).await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let with = |levels: usize| {
        let payload = json!({"a": nested(levels)});
        json!({"channel": general, "text": "deep", "metadata": {"event_type": "e", "event_payload": payload}})
    };
    let mut deepest = 40;
    while app.call("chat.postMessage", with(deepest)).await["ok"] == true {
        deepest += 1;
    }
    assert!(deepest < 100, "{deepest}");
    running.stop().await;
    let running = Workspace::start(keeping(&path)).await.unwrap();
    let kept = App::new(&running);
    let args = json!({"channel": general, "include_all_metadata": true});
    let newest = kept.ok("conversations.history", args).await["messages"][0].clone();
    assert_eq!(newest["metadata"]["event_payload"]["a"], nested(deepest - 1));
}

#[tokio::test]
async fn a_file_of_an_earlier_version_lets_apps_hear_what_their_tokens_allow() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    begin(keeping(&path)).await.stop().await;
    let mut kept: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    for app in kept["state"]["apps"].as_object_mut().unwrap().values_mut() {
        assert!(app.as_object_mut().unwrap().remove("bot_scopes").is_some());
    }
    fs::write(&path, kept.to_string()).unwrap();
    let running = Workspace::start(keeping(&path)).await.unwrap();
    let mut socket = App::new(&running).connect().await;
    running.post_message(&user(&running, "bob"), &channel(&running, "general"), "heard").unwrap();
    assert_eq!(socket.event("message").await["text"], "heard");
}

#[tokio::test]
async fn a_change_is_kept_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let running = begin(keeping(&path)).await;
    let app = App::new(&running);
    app.ok("chat.postMessage", json!({"channel": channel(&running, "general"), "text": "kept early"})).await;
    let deadline = tokio::time::Instant::now() + crate::client::SOON;
    while !fs::read_to_string(&path).is_ok_and(|text| text.contains("kept early")) {
        assert!(tokio::time::Instant::now() < deadline, "nothing was written");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_file_that_is_no_state_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    for text in ["", "{}", "{\"version\":1}", "not json", "[]"] {
        fs::write(&path, text).unwrap();
        let error = Workspace::new(keeping(&path)).unwrap_err();
        assert!(matches!(error, StartError::State(StateFileError::Parse { .. })), "{text:?}: {error:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::write(&path, "{\"version\":99}").unwrap();
    let error = Workspace::new(keeping(&path)).unwrap_err();
    assert!(matches!(error, StartError::State(StateFileError::Version { found: 99, .. })), "{error:?}");
}

#[tokio::test]
async fn a_recording_has_every_line_and_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let running = begin(Config { record: Some(path.clone()), ..Config::default() }).await;
    let app = App::new(&running);
    app.ok("auth.test", json!({})).await;
    let entries = running.workspace().journal(0);
    running.stop().await;
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() >= entries.len());
    assert!(lines.iter().any(|line| line["method"] == "auth.test"));
    assert!(!text.contains("xoxb-"));
}
