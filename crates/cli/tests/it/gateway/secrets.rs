//! Secrets are in no argument, no log, no message and no recording.

use super::{approve, on_every_database, processes, waiting};

/// What the connection `bash` has in its environment.
const SECRET: &str = "hunter2-in-the-vault";

on_every_database! {
    async fn a_connections_secret_reaches_its_command_and_nothing_else(app: GatewayApp) {
        let (program, request) = waiting(&app, &["printenv SECRET | tr a-z A-Z; echo up; sleep 600"]).await;
        let message = app.asked("approvals", "printenv SECRET").await;
        let shown = message.to_string();
        assert!(shown.contains("SECRET") && !shown.contains(SECRET), "{shown}");
        approve(&app, "printenv SECRET").await;
        program.prints("HUNTER2-IN-THE-VAULT").await;
        program.prints("up").await;
        let tokens = tokens(&app);
        for (pid, line) in processes() {
            assert!(!line.contains(SECRET), "process {pid}: {line}");
            // Their own arguments say what other tests do.
            for token in &tokens {
                assert!(!line.contains(token.as_str()), "process {pid}: {line}");
            }
        }
        program.signal(nix::sys::signal::Signal::SIGTERM);
        program.finish().await;
        let listed = app.ada().does(&["admin", "get", "conn", "bash", "--json"]).await;
        assert!(listed.contains("SECRET") && !listed.contains(SECRET), "{listed}");
        let view = app.ada().does(&["requests", "show", &request, "--json"]).await;
        let journal: Vec<String> = app.workspace().journal().iter().map(|entry| entry.value.to_string()).collect();
        let places = [("the server's log", app.node().log()), ("the agent's log", app.agent().log()), ("the request", view), ("Slack", journal.join("\n"))];
        for (place, text) in places {
            assert!(!text.contains(SECRET), "{place}: {text}");
            for token in &tokens {
                assert!(!text.contains(token.as_str()), "{place}");
            }
        }
        assert_nowhere_on_disk(&app.home().join("data"));
    }
}

/// Every token of this test.
fn tokens(app: &countersign_testkit::GatewayApp) -> Vec<String> {
    use secrecy::ExposeSecret as _;
    let kept = std::fs::read_to_string(app.ada().home().join("config/countersign/credentials.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let agent = std::fs::read_to_string(app.agent().home().join("token")).unwrap();
    let ready = app.workspace().ready();
    let slack = [&ready.bot_token, &ready.app_token].map(|token| token.expose_secret().to_owned());
    [kept["token"].as_str().unwrap().to_owned(), agent.trim().to_owned()].into_iter().chain(slack).collect()
}

/// Neither sealed badly nor recorded.
fn assert_nowhere_on_disk(dir: &std::path::Path) {
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            assert_nowhere_on_disk(&path);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
            assert!(!found, "{} holds the secret", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_to_be_redacted_is_in_no_recording() {
    let mut settings = countersign_testkit::GatewaySettings::on(countersign_testkit::Backend::Sqlite);
    settings.serve = "redact = ['card-[0-9]{4}']\n".to_owned();
    let app = countersign_testkit::GatewayApp::start_with(super::BINARY, &settings).await.unwrap();
    let ended = app.ada().run(&["exec", "sh", "printf 'a card-12'; sleep 0.2; echo '34 z'"]).await.well();
    assert_eq!(ended.text(), "a card-1234 z\n", "the requester sees what is there");
    let session = app
        .until("a recording", || async {
            let listed = app.ada().does(&["sessions", "list", "--json"]).await;
            let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
            let session = listed.get(0)?;
            session.pointer("/session/recording").or(session.get("recording"))?.as_str()?;
            session.pointer("/session/id").or(session.get("id"))?.as_str().map(str::to_owned)
        })
        .await;
    let played = app.ada().does(&["sessions", "replay", &session, "--instant"]).await;
    assert!(!played.contains("1234") && played.contains(" z"), "{played}");
}
