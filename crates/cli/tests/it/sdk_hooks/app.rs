//! A whole project, built by cargo, whose app talks to a workspace.

use std::fs;
use std::time::Duration;

use countersign_slack::hooks::HookName;
use countersign_slack_workspace::person::Invocation;
use countersign_slack_workspace::{Config, Running, Workspace};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Project, repository};

/// How long an app may take to connect, on a machine that does much else.
const SOON: Duration = Duration::from_mins(1);

const MAIN: &str = r###"
use countersign_slack_sdk::cli::Cli;
use countersign_slack_sdk::slack::client::Reply;
use countersign_slack_sdk::{App, Command, HandlerError, Say};

async fn hello(say: Say) -> Result<(), HandlerError> {
    // What an app prints must not be taken for its response.
    println!("diagnostics of the app");
    say.text("Hello from the hook").await?;
    Ok(())
}

async fn echo(command: Command) -> Reply<'static> {
    Reply::ephemeral(format!("echo {}", command.text))
}

fn main() -> std::process::ExitCode {
    let app = App::new().event("app_mention", hello).command("/countersign", echo);
    Cli::new(app).trigger("greet", r##"{"type":"shortcut","name":"Greet"}"##.parse().unwrap()).main()
}
"###;

/// The project, built once for all that is asked of it.
fn project() -> Project {
    let root = repository();
    let sdk = root.join("crates/slack-sdk");
    let cargo = format!(
        "[package]\nname = \"hook-fixture\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\ncountersign-slack-sdk = {{ path = \"{}\", default-features = false }}\n\n\
         [profile.dev]\ndebug = false\n",
        sdk.display()
    );
    let mut project = Project::of(&[("Cargo.toml", &cargo), ("src/main.rs", MAIN)]);
    project.write("triggers/greet.rs", "");
    fs::copy(root.join("Cargo.lock"), project.path().join("Cargo.lock")).unwrap();
    // Beside this repository's own, so that it is built once and then only looked at.
    project.set("CARGO_TARGET_DIR", root.join("target/hook-fixture").to_str().unwrap());
    project.set("CARGO_NET_OFFLINE", "true");
    project
}

fn tokens(project: &mut Project, workspace: &Running, names: [&str; 2]) {
    let ready = workspace.ready();
    project.set("SLACK_API_URL", ready.api_url.as_str());
    project.set(names[0], ready.app_token.expose_secret());
    project.set(names[1], ready.bot_token.expose_secret());
}

fn mention(workspace: &Running) -> Vec<u8> {
    let ready = workspace.ready();
    let (channel, alice) = (workspace.channel("approvals").unwrap(), workspace.user("alice").unwrap());
    let event = json!({"type": "app_mention", "user": alice, "channel": channel, "text": "hi", "ts": "1700000000.000100", "event_ts": "1700000000.000100"});
    let body = json!({"type": "event_callback", "event_id": "Ev0000000001", "team_id": ready.team_id, "api_app_id": ready.app_id, "event": event});
    let variables = json!({"SLACK_API_URL": ready.api_url});
    let context = json!({"bot_access_token": ready.bot_token.expose_secret(), "app_id": ready.app_id, "team_id": ready.team_id, "variables": variables});
    json!({"body": body, "context": context}).to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_is_driven_from_its_manifest_to_its_answers() {
    let workspace = Workspace::start(Config::default()).await.unwrap();
    let project = project();
    manifest_and_trigger(&project).await;
    one_event(&project, &workspace).await;
    one_command(&project, &workspace).await;
    without_tokens(&project).await;
    own_connection(project, &workspace).await;
}

async fn manifest_and_trigger(project: &Project) {
    let source = format!("--source={}", project.path().display());
    let manifest = project.respond(HookName::GetManifest, &[&source], b"").await;
    assert_eq!(manifest["display_information"]["name"], "hook-fixture");
    assert_eq!(manifest["features"]["slash_commands"][0]["command"], "/countersign");
    assert_eq!(manifest["settings"]["event_subscriptions"]["bot_events"], json!(["app_mention"]));
    assert_eq!(manifest["oauth_config"]["scopes"]["bot"], json!(["app_mentions:read", "chat:write", "commands"]));
    let trigger = project.respond(HookName::GetTrigger, &["--source=triggers/greet.rs"], b"").await;
    assert_eq!(trigger, json!({"type": "shortcut", "name": "Greet"}));
    let unknown = project.call(HookName::GetTrigger, &["--source=triggers/other.rs"], b"").await;
    assert!(unknown.code == Some(1) && unknown.stderr.contains("it defines greet"), "{}", unknown.stderr);
}

/// The CLI holds the connection: one event on stdin, its answer on stdout.
async fn one_event(project: &Project, workspace: &Running) {
    let ended = project.call(HookName::Start, &[], &mention(workspace)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    // By the default protocol the last line is the response.
    assert_eq!(ended.stdout.lines().last(), Some("{}"), "{}", ended.stdout);
    assert!(said(workspace, "Hello from the hook"), "the handler has run to its end");
    let boundary = "0123456789abcdef".repeat(4);
    let flags = ["--protocol=message-boundaries", &format!("--boundary={boundary}")];
    let ended = project.call(HookName::Start, &flags, &mention(workspace)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains(&format!("{boundary}{{}}{boundary}")), "{}", ended.stdout);
    nobody_reads(project, workspace, &flags).await;
    let nothing = project.call(HookName::Start, &flags, b"").await;
    assert!(nothing.code == Some(1) && nothing.stderr.contains("stdin does not hold an event"), "{}", nothing.stderr);
}

/// An answer that cannot be written is an error that is said, by both protocols.
async fn nobody_reads(project: &Project, workspace: &Running, flags: &[&str]) {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let interface = project.interface().await;
    let command = format!("{} >/dev/full", interface.command(HookName::Start).unwrap());
    for flags in [&[][..], flags] {
        let ended = project.shell(&command, flags, &mention(workspace)).await;
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains("error: the response was not written"), "{}", ended.stderr);
    }
}

async fn one_command(project: &Project, workspace: &Running) {
    let alice = workspace.user("alice").unwrap();
    let body = json!({"command": "/countersign", "text": "this", "user_id": alice, "channel_id": workspace.channel("approvals").unwrap()});
    let ended = project.call(HookName::Start, &[], json!({"body": body}).to_string().as_bytes()).await;
    let answer: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(answer["text"], "echo this", "{}", ended.stderr);
}

async fn without_tokens(project: &Project) {
    let ended = project.call(HookName::Start, &[], b"").await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("SLACK_APP_TOKEN is not set") && ended.stderr.contains("hint:"), "{}", ended.stderr);
}

/// The app holds the connection, until it is told to end.
async fn own_connection(mut project: Project, workspace: &Running) {
    tokens(&mut project, workspace, ["SLACK_CLI_XAPP", "SLACK_CLI_XOXB"]);
    let interface = project.interface().await;
    let child = project.spawn(interface.command(HookName::Start).unwrap(), &[]);
    let app = workspace.ready().app_id.clone();
    let connected = workspace.wait(|running| (running.workspace().connections(&app) > 0).then_some(()), SOON).await;
    assert!(connected.is_some(), "the app has not connected");
    let (user, channel) = (workspace.user("alice").unwrap(), workspace.channel("approvals").unwrap());
    let (whom, place) = (user.clone(), channel.clone());
    let invocation =
        Invocation { user, channel, command: "/countersign".to_owned(), text: "over the socket".to_owned() };
    workspace.workspace().command(invocation).await.unwrap();
    let holds = |message: &Value| message["text"] == "echo over the socket";
    workspace.wait_for_ephemeral(&place, &whom, holds, SOON).await.unwrap();
    // Only the one process that was started is told: shell and cargo have given their place to the app.
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    let ended = tokio::time::timeout(SOON, child.wait_with_output()).await.expect("an end in time").unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    let app = &workspace.ready().app_id;
    let gone = workspace.wait(|running| (running.workspace().connections(app) == 0).then_some(()), SOON).await;
    assert!(gone.is_some(), "nothing is left behind");
}

fn said(workspace: &Running, text: &str) -> bool {
    let channel = workspace.channel("approvals").unwrap();
    workspace.messages(&channel).iter().any(|message| message["text"] == text)
}
