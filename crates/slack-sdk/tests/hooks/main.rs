//! The hooks that need an app's code, answered in this process.

#![expect(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use std::fs;
use std::io::{self, Cursor, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_slack::hooks::{HookName, Protocol};
use countersign_slack::manifest::Manifest;
use countersign_slack_sdk::cli::{Call, Cli, CliError, Stdin};
use countersign_slack_sdk::{App, Command, Constraint};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

const BOUNDARY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A directory in which hooks are called.
struct Place(tempfile::TempDir);

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in files {
            fs::create_dir_all(directory.path().join(path).parent().unwrap()).unwrap();
            fs::write(directory.path().join(path), text).unwrap();
        }
        Self(directory)
    }

    fn call(&self, arguments: &[&str], variables: &[(&str, &str)], stdin: &str) -> Call {
        Call {
            arguments: arguments.iter().map(Into::into).collect(),
            environment: variables.iter().copied().collect(),
            directory: self.0.path().to_owned(),
            stdin: Stdin::of(Cursor::new(stdin.to_owned())),
        }
    }

    fn run(&self, cli: Cli, arguments: &[&str], stdin: &str) -> Result<String, CliError> {
        let mut out = Vec::new();
        cli.run(self.call(arguments, &[("CARGO_PKG_NAME", "demo")], stdin), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }
}

fn app() -> App {
    App::new()
        .command("/deploy", async |command: Command| {
            countersign_slack::client::Reply::ephemeral(format!("deploying {}", command.text))
        })
        .command(Constraint::prefix("/x-"), async || {})
        .event("app_mention", async || {})
        .message("hello", async || {})
        .action("approve", async || {})
}

#[test]
fn a_manifest_is_made_of_the_handlers_and_of_what_the_author_says() {
    let mut base = Manifest::default();
    base.display_information.name = "Deployer".to_owned();
    base.oauth_config.scopes.bot = vec!["im:history".to_owned()];
    let cli = || Cli::new(app()).manifest(base.clone().command("/deploy", "Deploys a service"));
    let place = Place::new(&[("Cargo.toml", "")]);
    let plain = place.run(cli(), &["get-manifest"], "").unwrap();
    let manifest: Value = serde_json::from_str(&plain).unwrap();
    assert_eq!(manifest["display_information"]["name"], "Deployer");
    let commands = json!([{"command": "/deploy", "description": "Deploys a service", "should_escape": false}]);
    assert_eq!(manifest["features"]["slash_commands"], commands);
    let events = json!({"bot_events": ["app_mention", "message.im"]});
    assert_eq!(manifest["settings"]["event_subscriptions"], events);
    let scopes = json!(["im:history", "app_mentions:read", "chat:write", "commands"]);
    assert_eq!(manifest["oauth_config"]["scopes"]["bot"], scopes);
    assert_eq!(manifest["settings"]["interactivity"]["is_enabled"], true);
    let boundary = format!("--boundary={BOUNDARY}");
    let flags = ["get-manifest", "--source=.", "--protocol=message-boundaries", &boundary];
    assert_eq!(place.run(cli(), &flags, "").unwrap(), format!("{BOUNDARY}{}{BOUNDARY}\n", plain.trim_end()));
}

#[test]
fn a_manifest_file_wins_over_the_code() {
    let place = Place::new(&[("Cargo.toml", ""), ("manifest.json", "{\"from\": \"the file\"}"), ("src/x", "")]);
    assert_eq!(place.run(Cli::new(app()), &["get-manifest"], "").unwrap(), "{\"from\":\"the file\"}\n");
    // Called from below the project, it is the same project.
    let mut call = place.call(&["get-manifest"], &[], "");
    call.directory = call.directory.join("src");
    let mut out = Vec::new();
    Cli::new(app()).run(call, &mut out).unwrap();
    assert_eq!(out, b"{\"from\":\"the file\"}\n");
}

#[test]
fn a_trigger_is_known_by_the_name_of_its_file() {
    let place = Place::new(&[("t/a.json", "{\"type\": \"webhook\"}")]);
    let cli = || Cli::new(app()).trigger("greet", json!({"type": "shortcut"}));
    let written = place.run(cli(), &["get-trigger", "--source=triggers/greet.rs"], "").unwrap();
    assert_eq!(written, "{\"type\":\"shortcut\"}\n");
    assert_eq!(place.run(cli(), &["get-trigger", "--source=t/a.json"], "").unwrap(), "{\"type\":\"webhook\"}\n");
    let error = place.run(cli(), &["get-trigger", "--source=other.rs"], "").unwrap_err();
    assert!(matches!(error, CliError::UnknownTrigger { .. }) && error.hint().is_some(), "{error}");
    assert!(matches!(place.run(cli(), &["get-trigger"], ""), Err(CliError::NoSource)));
}

#[test]
fn an_event_on_stdin_is_answered_without_a_token_where_none_is_needed() {
    let place = Place::new(&[]);
    let body = json!({"command": "/deploy", "text": "web", "user_id": "U1", "channel_id": "C1"});
    let input = json!({"body": body}).to_string();
    for arguments in [&[][..], &["start"]] {
        let answer = place.run(Cli::new(app()), arguments, &input).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&answer).unwrap()["text"], "deploying web");
    }
    let unknown = json!({"body": {"type": "app_deleted"}}).to_string();
    assert_eq!(place.run(Cli::new(app()), &["start"], &unknown).unwrap(), "{}\n", "it is acknowledged");
}

/// Somebody who reads, and what they do when something was written.
struct Reader<F>(Vec<u8>, F);

impl<F: FnMut() -> io::Result<()>> Write for Reader<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.1)()?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits until it is let go on, and says that it ended.
fn patient() -> (App, Arc<Semaphore>, Arc<AtomicBool>) {
    let (go_on, has_ended) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicBool::new(false)));
    let (wait, end) = (Arc::clone(&go_on), Arc::clone(&has_ended));
    let app = App::new().event("app_mention", move || {
        let (wait, end) = (Arc::clone(&wait), Arc::clone(&end));
        async move {
            wait.acquire().await.unwrap().forget();
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
            end.store(true, Ordering::SeqCst);
        }
    });
    (app, go_on, has_ended)
}

fn mention() -> String {
    json!({"body": {"type": "app_mention", "user": "U1", "channel": "C1", "text": "hi"}}).to_string()
}

#[test]
fn between_boundaries_the_answer_does_not_wait_for_the_handler_and_the_end_does() {
    let (app, go_on, has_ended) = patient();
    let place = Place::new(&[]);
    let boundary = format!("--boundary={BOUNDARY}");
    let call = place.call(&["start", "--protocol=message-boundaries", &boundary], &[], &mention());
    // Only when the answer is there may the handler go on.
    let mut reader = Reader(Vec::new(), || {
        assert!(!has_ended.load(Ordering::SeqCst));
        go_on.add_permits(1);
        Ok(())
    });
    Cli::new(app).run(call, &mut reader).unwrap();
    assert_eq!(String::from_utf8(reader.0).unwrap(), format!("{BOUNDARY}{{}}{BOUNDARY}\n"));
    assert!(has_ended.load(Ordering::SeqCst), "the handler has run to its end");
}

#[test]
fn by_the_default_protocol_the_answer_is_what_is_written_last() {
    let (app, go_on, has_ended) = patient();
    go_on.add_permits(1);
    let mut reader = Reader(Vec::new(), || {
        assert!(has_ended.load(Ordering::SeqCst), "whatever the handler prints comes before");
        Ok(())
    });
    Cli::new(app).run(Place::new(&[]).call(&["start"], &[], &mention()), &mut reader).unwrap();
    assert_eq!(reader.0, b"{}\n");
}

#[test]
fn an_answer_that_nobody_reads_is_an_error_and_the_handler_ends_all_the_same() {
    let boundary = format!("--boundary={BOUNDARY}");
    for arguments in [&["start"][..], &["start", "--protocol=message-boundaries", &boundary]] {
        let (app, go_on, has_ended) = patient();
        go_on.add_permits(1);
        let mut gone = Reader(Vec::new(), || Err(io::ErrorKind::BrokenPipe.into()));
        let error = Cli::new(app).run(Place::new(&[]).call(arguments, &[], &mention()), &mut gone).unwrap_err();
        assert!(matches!(error, CliError::Write(_)), "{error}");
        assert!(has_ended.load(Ordering::SeqCst), "what was acknowledged is handled");
    }
}

#[test]
fn an_address_that_would_carry_tokens_in_the_clear_is_refused() {
    let place = Place::new(&[]);
    let input =
        json!({"body": {}, "context": {"variables": {"SLACK_API_URL": "http://slack.example/api/"}}}).to_string();
    let error = place.run(Cli::new(app()), &["start"], &input).unwrap_err();
    assert!(matches!(error, CliError::ApiUrl(_)), "{error}");
}

#[test]
fn hooks_that_are_not_the_apps_are_named_and_nothing_is_written() {
    let place = Place::new(&[]);
    for hook in HookName::ALL {
        let is_own = matches!(hook, HookName::GetManifest | HookName::GetTrigger | HookName::Start);
        let result = place.run(Cli::new(app()), &[hook.as_str(), "--protocol=default"], "");
        assert_eq!(matches!(result, Err(CliError::UnknownHook(_))), !is_own, "{hook}");
    }
    let broken = place.run(Cli::new(app()), &["get-manifest", "--protocol=message-boundaries"], "");
    assert!(matches!(broken, Err(CliError::Protocol(_))));
    let mut out = Vec::new();
    let tokenless = Cli::new(app()).run(place.call(&["start"], &[("SLACK_APP_TOKEN", "xapp-1")], ""), &mut out);
    assert!(matches!(tokenless, Err(CliError::NoToken("SLACK_BOT_TOKEN"))), "{tokenless:?}");
    assert!(out.is_empty());
    assert_eq!(Protocol::default(), Protocol::Default);
}
