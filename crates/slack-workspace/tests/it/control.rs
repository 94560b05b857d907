//! `/control`.

use countersign_slack_workspace::Running;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::client::{App, channel, http, start, user};

pub(crate) struct Control<'a> {
    running: &'a Running,
    http: reqwest::Client,
}

impl<'a> Control<'a> {
    pub(crate) fn new(running: &'a Running) -> Self {
        Self { running, http: http() }
    }

    pub(crate) fn request(&self, verb: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let ready = self.running.ready();
        let url = format!("{}{path}", ready.control_url);
        self.http.request(verb, url).bearer_auth(ready.control_token.expose_secret())
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.request(reqwest::Method::POST, path).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.request(reqwest::Method::GET, path).send().await.unwrap().json().await.unwrap()
    }

    async fn refused(&self, path: &str, body: &Value) -> (u16, String) {
        let answer = self.request(reqwest::Method::POST, path).json(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let error: Value = answer.json().await.unwrap();
        assert!(error["error"]["message"].is_string(), "{error}");
        (status, error["error"]["code"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn the_readiness_line_has_exactly_its_fields() {
    let running = start().await;
    let line = serde_json::to_value(running.ready()).unwrap();
    let mut keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected = "api_url app_id app_token bot_token bot_user_id channels cli_token client_id client_secret \
                    control_token control_url signing_secret team_id ui_url user_token users";
    assert_eq!(keys.join(" "), expected);
    for (key, start) in
        [("bot_token", "xoxb-"), ("app_token", "xapp-1-A"), ("user_token", "xoxp-"), ("cli_token", "xoxe.xoxp-")]
    {
        assert!(line[key].as_str().unwrap().starts_with(start), "{key}");
    }
    let debug = format!("{:?} {:?}", running.ready(), running.workspace());
    for key in ["bot_token", "app_token", "user_token", "cli_token", "control_token", "signing_secret", "client_secret"]
    {
        assert!(!debug.contains(line[key].as_str().unwrap()), "{key} is printed");
    }
}

#[tokio::test]
async fn without_the_token_nobody_controls() {
    let running = start().await;
    let url = format!("{}messages?channel=general", running.ready().control_url);
    for token in ["", "wrong", running.ready().bot_token.expose_secret()] {
        let answer = http().get(&url).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "unauthorized");
    }
}

#[tokio::test]
async fn unknown_keys_and_bad_values_are_refused() {
    let running = start().await;
    let control = Control::new(&running);
    let (alice, general) = (user(&running, "alice"), channel(&running, "general"));
    let cases = [
        ("message", json!({"user": alice, "channel": general, "text": "x", "colour": "red"}), 400),
        ("message", json!({"user": alice, "channel": general}), 400),
        ("message", json!({"user": alice, "channel": general, "text": " "}), 400),
        ("message", json!({"user": "U0", "channel": general, "text": "x"}), 404),
        ("message", json!({"user": alice, "channel": "C0", "text": "x"}), 404),
        ("message", json!({"user": alice, "channel": general, "text": "x", "thread_ts": "y"}), 400),
        ("click", json!({"user": alice, "action_id": "a"}), 400),
        ("click", json!({"user": alice, "channel": general, "ts": "1.000000", "action_id": "a"}), 404),
        ("click", json!({"user": alice, "view_id": "V0", "action_id": "a"}), 404),
        ("select", json!({"user": alice, "view_id": "V0", "action_id": "a"}), 400),
        ("command", json!({"user": alice, "channel": general, "command": "/nobody"}), 404),
        ("view/submit", json!({"user": alice, "view_id": "V0"}), 404),
        ("view/close", json!({"user": alice}), 404),
        ("users", json!({"name": "alice"}), 400),
        ("users", json!({"name": "A b"}), 400),
        ("channels", json!({"name": "general"}), 400),
        ("channels", json!({"name": "x", "members": ["U0"]}), 404),
        ("apps", json!({"scopes": ["no good"]}), 400),
        ("apps", json!({"request_url": "http://192.0.2.1/"}), 400),
        ("faults", json!({"earthquake": true}), 400),
        ("faults", json!({"disconnect": "maybe"}), 400),
        ("faults", json!({"envelopes": {"lose": 1}}), 400),
        ("faults", json!({"fail": {"method": "x", "http": 999}}), 400),
        ("clock", json!({"advance_ms": -1}), 400),
        ("clock", json!({"advance_ms": u64::MAX}), 400),
        ("reset", json!({"all": true}), 400),
        ("nowhere", json!({}), 404),
    ];
    for (path, body, status) in cases {
        assert_eq!(control.refused(path, &body).await.0, status, "{path} {body}");
    }
    let answer = control.request(reqwest::Method::GET, "reset").send().await.unwrap();
    assert_eq!(answer.status(), 405);
    let answer = control.request(reqwest::Method::GET, "views?user=alice&x=1").send().await.unwrap();
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn people_and_channels_are_made() {
    let running = start().await;
    let control = Control::new(&running);
    let dave = control.post("users", json!({"name": "dave", "is_admin": true})).await;
    assert_eq!(dave["user"]["is_admin"], true);
    let made = control.post("channels", json!({"name": "war-room", "members": ["dave"]})).await;
    let sent = control.post("message", json!({"user": "dave", "channel": "war-room", "text": "hi <b> & @alice"})).await;
    assert_eq!(sent["message"]["text"], format!("hi &lt;b&gt; &amp; <@{}>", user(&running, "alice")));
    let path = format!("messages?channel={}", made["channel"]["id"].as_str().unwrap());
    assert_eq!(control.get(&path).await["messages"][0]["ts"], sent["ts"]);
}

#[tokio::test]
async fn ephemeral_messages_are_listed_for_their_reader() {
    let running = start().await;
    let app = App::new(&running);
    let control = Control::new(&running);
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    app.ok("chat.postEphemeral", json!({"channel": general, "user": bob, "text": "you"})).await;
    app.ok("chat.postMessage", json!({"channel": general, "text": "all"})).await;
    let all = control.get("messages?channel=general").await;
    assert_eq!(all["messages"].as_array().unwrap().len(), 1);
    let bobs = control.get("messages?channel=general&user=bob").await;
    assert_eq!(bobs["messages"][0]["is_ephemeral"], true);
    assert_eq!(bobs["messages"][1]["text"], "all");
}

#[tokio::test]
async fn reset_empties_everything_and_keeps_the_readiness_line() {
    let running = start().await;
    let app = App::new(&running);
    let control = Control::new(&running);
    let general = channel(&running, "general");
    control.post("users", json!({"name": "dave"})).await;
    control.post("faults", json!({"fail": {"method": "auth.test", "times": 100}})).await;
    app.ok("chat.postMessage", json!({"channel": general, "text": "x"})).await;
    let before = serde_json::to_value(running.ready()).unwrap();
    control.post("reset", json!({})).await;
    assert_eq!(serde_json::to_value(running.workspace().ready()).unwrap(), before);
    assert!(running.messages(&general).is_empty());
    app.ok("auth.test", json!({})).await;
    app.with_token(&running.ready().cli_token).ok("auth.test", json!({})).await;
    let list = app.ok("users.list", json!({})).await;
    assert_eq!(list["members"].as_array().unwrap().len(), 4);
    let mut socket = app.connect().await;
    control.post("message", json!({"user": "bob", "channel": "general", "text": "again"})).await;
    assert_eq!(socket.envelope("events_api").await["payload"]["event"]["text"], "again");
}

#[tokio::test]
async fn two_starts_have_nothing_in_common() {
    let (one, other) = (start().await, start().await);
    assert_ne!(one.ready().bot_token.expose_secret(), other.ready().bot_token.expose_secret());
    assert_ne!(one.ready().app_id, other.ready().app_id);
    one.stop().await;
    other.stop().await;
}
