//! Whatever comes is answered as Slack answers it: nothing panics, nothing else is served.

use http::StatusCode;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::client::{App, channel, http, start, user};

/// Names that handlers look for, so that what is made up gets past the first look.
const NAMES: [&str; 26] = [
    "channel",
    "ts",
    "user",
    "users",
    "text",
    "blocks",
    "attachments",
    "metadata",
    "view",
    "view_id",
    "trigger_id",
    "cursor",
    "limit",
    "oldest",
    "manifest",
    "app_id",
    "name",
    "timestamp",
    "files",
    "chunks",
    "profile",
    "unfurls",
    "inputs",
    "type",
    "elements",
    "options",
];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("18446744073709551615")),
        Just(Value::from("-9223372036854775808.000000")),
        Just(Value::from("1732000000.000100")),
        Just(Value::from("section")),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let name = prop_oneof![proptest::sample::select(&NAMES[..]).prop_map(str::to_owned), ".{0,6}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn objects(count: usize) -> Vec<Value> {
    let mut runner = TestRunner::deterministic();
    let name = proptest::sample::select(&NAMES[..]).prop_map(str::to_owned);
    let strategy = proptest::collection::btree_map(name, json_value(), 0..8);
    (0..count).map(|_| Value::Object(strategy.new_tree(&mut runner).unwrap().current().into_iter().collect())).collect()
}

/// With real ids where the handlers want them: what follows the first check is reached too.
fn real(mut body: Value, app: &App<'_>) -> Value {
    let general = channel(app.running, "general");
    body["channel"] = json!(general);
    body["user"] = json!(user(app.running, "alice"));
    body
}

#[tokio::test]
async fn calls_with_anything_in_them_are_answered() {
    let running = start().await;
    let app = App::new(&running);
    let methods: Vec<&str> = countersign_slack::method::Method::all()
        .iter()
        .map(countersign_slack::method::Method::name)
        .filter(|name| !matches!(*name, "auth.revoke" | "apps.uninstall"))
        .collect();
    let tokens = [&running.ready().bot_token, &running.ready().user_token, &running.ready().cli_token];
    for (body, at) in objects(2 * methods.len()).into_iter().zip(0..) {
        let method = methods[at % methods.len()];
        let body = if at % 2 == 0 { real(body, &app) } else { body };
        let request = http().post(app.url(method)).bearer_auth(tokens[at % 3].expose_secret());
        let request = if at % 4 < 2 {
            request.header("content-type", "application/json; charset=utf-8").body(body.to_string())
        } else {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let form: Vec<(String, String)> =
                body.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect();
            request.form(&form)
        };
        let answer = request.send().await.unwrap_or_else(|error| panic!("{method} {body}: {error}"));
        assert_eq!(answer.status(), StatusCode::OK, "{method} {body}");
        let answer: Value = answer.json().await.unwrap();
        assert!(answer["ok"].is_boolean(), "{method} {body}: {answer}");
    }
    app.ok("auth.test", json!({})).await;
}

#[tokio::test]
async fn gestures_with_anything_in_them_are_answered() {
    let running = start().await;
    let app = App::new(&running);
    let ready = running.ready();
    let paths = [
        "message",
        "reaction",
        "home",
        "assistant",
        "assistant/stop",
        "assistant/rename",
        "click",
        "select",
        "command",
        "shortcut",
        "options",
        "view/submit",
        "view/close",
        "users",
        "channels",
        "apps",
        "teams",
        "faults",
        "function",
        "trigger",
        "emoji",
    ];
    for (body, at) in objects(12 * paths.len()).into_iter().zip(0..) {
        let path = paths[at % paths.len()];
        let body = match at % 3 {
            0 => real(body, &app),
            // Only what is taken at all gets behind the door.
            1 => json!({"user": "alice", "channel": "general", "text": body.to_string()}),
            _ => body,
        };
        let request =
            http().post(format!("{}{path}", ready.control_url)).bearer_auth(ready.control_token.expose_secret());
        let answer = request.json(&body).send().await.unwrap_or_else(|error| panic!("{path} {body}: {error}"));
        let status = answer.status();
        assert!(status.is_success() || status.is_client_error(), "{path} {body}: {status}");
        let answer: Value = answer.json().await.unwrap();
        assert!(answer.is_object(), "{path} {body}");
    }
    for query in
        ["journal?since=18446744073709551615", "journal?since=-1", "messages", "views?user=%00", "functions?x=1"]
    {
        let url = format!("{}{query}", ready.control_url);
        let status = http().get(url).bearer_auth(ready.control_token.expose_secret()).send().await.unwrap().status();
        assert!(status.is_success() || status.is_client_error(), "{query}: {status}");
    }
}

#[tokio::test]
async fn bytes_that_are_nothing_are_refused_everywhere() {
    let running = start().await;
    let app = App::new(&running);
    let ready = running.ready();
    let mut runner = TestRunner::deterministic();
    let bytes = proptest::collection::vec(any::<u8>(), 0..300);
    let kinds = [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/plain",
        "\"",
    ];
    for at in 0..180 {
        let body = bytes.new_tree(&mut runner).unwrap().current();
        let body = if at % 6 == 2 { [b"--x\r\n".as_slice(), &body].concat() } else { body };
        let kind = kinds[at % kinds.len()];
        let base = &ready.ui_url;
        for path in ["api/chat.postMessage", "actions/T/1/x", "triggers/T/F", "upload/v1/x", "control/message"] {
            let request = http().post(format!("{base}{path}")).bearer_auth(app.token.expose_secret());
            let answer = request.header("content-type", kind).body(body.clone()).send().await;
            let status = answer.unwrap_or_else(|error| panic!("{path} {kind}: {error}")).status();
            assert!(status == StatusCode::OK || status.is_client_error(), "{path} {kind}: {status}");
        }
    }
}

#[tokio::test]
async fn bodies_that_are_too_large_are_refused() {
    let running = start().await;
    let ready = running.ready();
    let large = "x".repeat(5 * 1024 * 1024);
    let http = http();
    let call = http.post(format!("{}chat.postMessage", ready.api_url)).bearer_auth(ready.bot_token.expose_secret());
    let call = call.form(&[("channel", "general"), ("text", large.as_str())]).send().await.unwrap();
    assert_eq!(call.json::<Value>().await.unwrap()["error"], "request_too_large");
    let control = http.post(format!("{}message", ready.control_url)).bearer_auth(ready.control_token.expose_secret());
    assert_eq!(control.body(large.clone()).send().await.unwrap().status(), 413);
    let url = format!("{}actions/T/1/x", ready.ui_url);
    let answer = http.post(url).header("content-type", "application/json").body(large.clone()).send().await.unwrap();
    assert!(answer.status().is_client_error());
    let hook = http.post(format!("{}triggers/T/F", ready.ui_url)).body(large).send().await.unwrap();
    assert_eq!(hook.status(), 413);
}

#[tokio::test]
async fn frames_with_anything_in_them_are_ignored() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    for body in objects(80) {
        socket.send(&body.to_string()).await;
        socket.send(&json!({"envelope_id": body}).to_string()).await;
        socket.send(&json!({"envelope_id": "x", "payload": body}).to_string()).await;
    }
    running.post_message(&user(&running, "alice"), &channel(&running, "general"), "still here").unwrap();
    assert_eq!(socket.event("message").await["text"], "still here");
}
