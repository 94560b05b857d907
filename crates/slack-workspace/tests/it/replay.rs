//! Recordings, played again.

use std::path::Path;

use countersign_slack_workspace::model::UserId;
use countersign_slack_workspace::replay::{Pace, Recording, RecordingError, What};
use countersign_slack_workspace::{Config, Running, Workspace};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::client::{App, Socket, start};

/// An app that answers a mention with a button, and a click with an update.
async fn bot(app: &App<'_>, mut socket: Socket, stop: CancellationToken, done: &str) {
    loop {
        let envelope = tokio::select! {
            () = stop.cancelled() => return,
            envelope = socket.read() => envelope,
        };
        let Some(envelope) = envelope else { return };
        if envelope.get("envelope_id").is_none() {
            continue;
        }
        socket.ack(&envelope, Value::Null).await;
        let payload = &envelope["payload"];
        if payload["event"]["type"] == "app_mention" {
            let text = format!("<@{}> asks", payload["event"]["user"].as_str().unwrap());
            let button = json!({
                "type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"},
                "value": payload["event"]["ts"],
            });
            let blocks = json!([{"type": "actions", "block_id": "row", "elements": [button]}]);
            let ask = json!({
                "channel": payload["event"]["channel"], "text": text, "blocks": blocks,
                "thread_ts": payload["event"]["ts"],
            });
            app.ok("chat.postMessage", ask).await;
        } else if payload["type"] == "block_actions" {
            let text = format!("{done} by <@{}>", payload["user"]["id"].as_str().unwrap());
            let (channel, ts) = (&payload["channel"]["id"], &payload["message"]["ts"]);
            app.ok("chat.update", json!({"channel": channel, "ts": ts, "text": text})).await;
        }
    }
}

/// What people do in the recorded run.
async fn play(running: &Running) {
    let bot = &running.ready().bot_user_id;
    running.workspace().advance_clock(5_000).unwrap();
    let (alice, bob) = (running.person("alice").unwrap(), running.person("bob").unwrap());
    alice.type_in("general", &format!("<@{bot}> may I?")).unwrap();
    let question = bob.sees("general", "asks").await.unwrap();
    assert!(bob.click(&question, "go").await.unwrap().acked);
    alice.sees("general", "done").await.unwrap();
    bob.react(&question, "eyes").unwrap();
}

async fn record(path: &Path) {
    start().await.stop().await;
    let config = Config { record: Some(path.to_owned()), ..Config::default() };
    let running = Workspace::start(config).await.unwrap();
    let app = App::new(&running);
    let socket = app.connect().await;
    let stop = CancellationToken::new();
    let people = async {
        play(&running).await;
        stop.cancel();
    };
    tokio::join!(bot(&app, socket, stop.clone(), "done"), people);
    running.stop().await;
}

async fn replay(recording: &Recording, done: &str) -> countersign_slack_workspace::replay::Report {
    let running = recording.start(Config::default()).await.unwrap();
    let app = App::new(&running);
    let socket = app.connect().await;
    let stop = CancellationToken::new();
    let playing = async {
        let report = recording.replay(&running, Pace::default()).await;
        stop.cancel();
        report
    };
    let ((), report) = tokio::join!(bot(&app, socket, stop.clone(), done), playing);
    running.stop().await;
    report
}

#[tokio::test]
async fn an_app_that_does_the_same_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    record(&path).await;
    let recording = Recording::read(&path).unwrap();
    assert_eq!((recording.gestures(), recording.calls()), (4, 2));
    let report = replay(&recording, "done").await;
    assert!(report.is_same(), "{report}");
    assert_eq!(report.to_string(), "the same: 4 gestures, 2 calls");
}

#[tokio::test]
async fn an_app_that_does_something_else_is_told_where() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    record(&path).await;
    let recording = Recording::read(&path).unwrap();
    let report = replay(&recording, "refused").await;
    let [difference] = report.differences.as_slice() else { panic!("{report}") };
    assert_eq!(difference.step, 3);
    let What::Changed { method, pointer, then, now } = &difference.what else { panic!("{report}") };
    assert_eq!((method.as_str(), pointer.as_str()), ("chat.update", "/args/text"));
    assert!(then.as_str().unwrap().starts_with("done by") && now.as_str().unwrap().starts_with("refused by"));
    assert!(report.to_string().contains("chat.update differs at /args/text"), "{report}");
}

#[tokio::test]
async fn an_app_that_does_nothing_misses_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    record(&path).await;
    let recording = Recording::read(&path).unwrap();
    let running = recording.start(Config::default()).await.unwrap();
    let pace = Pace { patience: std::time::Duration::from_millis(50), settle: std::time::Duration::from_millis(10) };
    let report = recording.replay(&running, pace).await;
    assert!(
        report
            .differences
            .iter()
            .any(|found| matches!(&found.what, What::Missing { method, .. } if method == "chat.postMessage")),
        "{report}"
    );
    // Nobody can click what was not posted.
    assert!(report.differences.iter().any(|found| matches!(&found.what, What::Impossible { .. })), "{report}");
}

#[tokio::test]
async fn what_is_no_recording_is_refused() {
    start().await.stop().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    assert!(matches!(Recording::read(&path).unwrap_err(), RecordingError::Read { .. }));
    for text in ["", "\n", "{\"kind\":\"api\"}\n", "[]\n"] {
        assert!(matches!(Recording::parse(text).unwrap_err(), RecordingError::NoBeginning), "{text:?}");
    }
    assert!(matches!(Recording::parse("{\n").unwrap_err(), RecordingError::Line { line: 1, .. }));
    record(&path).await;
    let whole = std::fs::read_to_string(&path).unwrap();
    assert!(!whole.contains("xoxb-"));
    let first = whole.lines().next().unwrap();
    let later = first.replace("\"version\":1", "\"version\":9");
    assert!(matches!(Recording::parse(&format!("{later}\n")).unwrap_err(), RecordingError::Version { found: 9 }));
    let broken = format!("{first}\nnot json\n");
    assert!(matches!(Recording::parse(&broken).unwrap_err(), RecordingError::Line { line: 2, .. }));
    // A last line that was cut short is left out.
    assert_eq!(Recording::parse(&format!("{first}\n{{\"kind\":")).unwrap().gestures(), 0);
    let kept = first.replace("\"is_kept\":false", "\"is_kept\":true");
    assert!(matches!(Recording::parse(&format!("{kept}\n")).unwrap_err(), RecordingError::Kept));
    let _ = UserId::from("U0");
}
