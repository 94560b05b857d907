//! Delivery over HTTP: signatures, the handshake, retries, answers.

use std::time::Duration;

use countersign_slack_workspace::Running;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client::{App, channel, start, user};
use crate::control::Control;
use crate::inbox::{Inbox, Reply};

/// An app that is reached over HTTP, with its bot in #general.
struct HttpApp<'a> {
    running: &'a Running,
    control: Control<'a>,
    secret: String,
    bot_user: String,
    app: App<'a>,
}

impl<'a> HttpApp<'a> {
    async fn make(running: &'a Running, body: Value) -> Self {
        let control = Control::new(running);
        let made = control.post("apps", body).await["app"].clone();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let app = App::new(running).with_token(&text("bot_token").into());
        app.ok("conversations.join", json!({"channel": channel(running, "general")})).await;
        Self { running, control, secret: text("signing_secret"), bot_user: text("bot_user_id"), app }
    }

    async fn new(running: &'a Running, inbox: &Inbox) -> Self {
        let events = ["app_mention"];
        let body = json!({"name": "Over HTTP", "request_url": inbox.url(), "commands": ["/deploy"], "events": events});
        Self::make(running, body).await
    }

    async fn say(&self, text: &str) {
        let (user, channel) = (user(self.running, "alice"), channel(self.running, "general"));
        self.control.post("message", json!({"user": user, "channel": channel, "text": text})).await;
    }

    async fn mention(&self) {
        self.say(&format!("<@{}> hello", self.bot_user)).await;
    }

    fn advance(&self, duration: Duration) {
        self.running.advance_clock(duration).unwrap();
    }
}

fn only_mentions(inbox: &Inbox) -> Value {
    json!({"name": "Mentions", "request_url": inbox.url(), "events": ["app_mention"]})
}

#[tokio::test]
async fn a_request_url_gets_a_signed_handshake_and_signed_events() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let app = HttpApp::make(&running, only_mentions(&inbox)).await;
    let handshake = inbox.next().await;
    handshake.assert_signed(&app.secret);
    assert_eq!(handshake.json()["type"], "url_verification");
    assert_eq!(handshake.header("content-type"), Some("application/json"));
    app.mention().await;
    let event = inbox.next().await;
    event.assert_signed(&app.secret);
    assert_eq!(event.path, "/slack/events");
    let body = event.json();
    assert_eq!((&body["type"], &body["event"]["type"]), (&json!("event_callback"), &json!("app_mention")));
    assert_eq!(event.header("x-slack-retry-num"), None);
    let journal = app.control.get("journal").await.to_string();
    assert!(!journal.contains(&app.secret));
}

#[tokio::test]
async fn an_address_elsewhere_is_refused() {
    let running = start().await;
    let control = Control::new(&running);
    for url in ["http://example.com/x", "https://127.0.0.1/x", "http://127.0.0.1.evil.example/", "nonsense"] {
        let request = control.request(reqwest::Method::POST, "apps").json(&json!({"request_url": url}));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 400, "{url}");
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "invalid_request_url", "{url}");
    }
}

#[tokio::test]
async fn an_event_that_fails_is_sent_again_three_times_on_the_clock() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let app = HttpApp::make(&running, only_mentions(&inbox)).await;
    for _ in 0..4 {
        inbox.reply(Reply::Now(500, None, String::new()));
    }
    app.mention().await;
    let first = inbox.delivery().await;
    assert_eq!(first.header("x-slack-retry-num"), None);
    for (number, wait) in [("1", 0), ("2", 60), ("3", 300)] {
        wait_for_outcomes(&app, number.parse().unwrap()).await;
        app.advance(Duration::from_secs(wait));
        let again = inbox.delivery().await;
        again.assert_signed(&app.secret);
        assert_eq!(again.header("x-slack-retry-num"), Some(number));
        assert_eq!(again.header("x-slack-retry-reason"), Some("http_error"));
        assert_eq!(again.json()["event_id"], first.json()["event_id"]);
    }
    wait_for_outcomes(&app, 4).await;
    app.advance(Duration::from_hours(1));
    app.mention().await;
    assert_eq!(inbox.delivery().await.header("x-slack-retry-num"), None);
}

#[tokio::test]
async fn an_app_that_is_installed_again_gets_nothing_that_its_last_installation_did_not_take() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let app = HttpApp::make(&running, only_mentions(&inbox)).await;
    for _ in 0..2 {
        inbox.reply(Reply::Now(500, None, String::new()));
    }
    app.mention().await;
    for _ in 0..2 {
        inbox.delivery().await;
    }
    wait_for_outcomes(&app, 2).await;
    let id = app.app.ok("users.info", json!({"user": app.bot_user})).await["user"]["profile"]["api_app_id"].clone();
    let cli = app.app.with_token(&running.ready().cli_token);
    cli.ok("apps.developerUninstall", json!({"app_id": id})).await;
    cli.ok("apps.developerInstall", json!({"app_id": id})).await;
    app.app.ok("conversations.join", json!({"channel": channel(&running, "general")})).await;
    app.advance(Duration::from_mins(10));
    app.mention().await;
    let next = inbox.delivery().await;
    assert_eq!(next.header("x-slack-retry-num"), None, "{:?}", next.json());
}

/// Waits until this many events were answered or given up.
async fn wait_for_outcomes(app: &HttpApp<'_>, wanted: usize) {
    let mut changes = app.running.workspace().changes();
    loop {
        let entries = app.running.workspace().journal(0);
        let seen =
            entries.iter().filter(|entry| entry.kind == "http" && entry.value["request"] == "events_api").count();
        if seen >= wanted {
            return;
        }
        let _ = tokio::time::timeout(crate::client::SOON, changes.recv()).await.expect("nothing happened");
    }
}

#[tokio::test]
async fn an_app_that_takes_too_long_is_tried_again_as_a_timeout() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let app = HttpApp::make(&running, only_mentions(&inbox)).await;
    inbox.reply(Reply::Never);
    app.mention().await;
    inbox.delivery().await;
    app.advance(Duration::from_secs(3));
    let again = inbox.delivery().await;
    assert_eq!(again.header("x-slack-retry-reason"), Some("http_timeout"));
}

#[tokio::test]
async fn an_app_that_asks_for_it_is_not_tried_again() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let app = HttpApp::make(&running, only_mentions(&inbox)).await;
    inbox.reply(Reply::Now(503, Some(("x-slack-no-retry", "1".to_owned())), String::new()));
    app.mention().await;
    inbox.delivery().await;
    wait_for_outcomes(&app, 1).await;
    app.advance(Duration::from_hours(1));
    app.mention().await;
    assert_eq!(inbox.delivery().await.header("x-slack-retry-num"), None);
    assert!(inbox.is_empty());
}

#[tokio::test]
async fn two_redirects_are_followed_and_never_off_this_machine() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let app = HttpApp::make(&running, only_mentions(&inbox)).await;
    let to = |target: &str| Reply::Now(307, Some(("location", target.to_owned())), String::new());
    inbox.reply(to("/second"));
    inbox.reply(to("/third"));
    app.mention().await;
    inbox.delivery().await;
    assert_eq!(inbox.delivery().await.path, "/second");
    assert_eq!(inbox.delivery().await.path, "/third");
    for _ in 0..3 {
        inbox.reply(to("/again"));
    }
    app.mention().await;
    for _ in 0..3 {
        inbox.delivery().await;
    }
    assert_eq!(inbox.delivery().await.header("x-slack-retry-reason"), Some("too_many_redirects"));
    inbox.reply(to("http://192.0.2.1/"));
    app.mention().await;
    inbox.delivery().await;
    assert_eq!(inbox.delivery().await.header("x-slack-retry-reason"), Some("connection_failed"));
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_an_http_error() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let app = HttpApp::make(&running, only_mentions(&inbox)).await;
    for status in [302, 304] {
        inbox.reply(Reply::Now(status, None, String::new()));
        app.mention().await;
        inbox.delivery().await;
        assert_eq!(inbox.delivery().await.header("x-slack-retry-reason"), Some("http_error"), "{status}");
    }
}

#[tokio::test]
async fn an_app_that_starts_late_gets_its_handshake_and_then_the_event() {
    let running = start().await;
    // Taken and given back: nobody listens there until the app starts.
    let address = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let url = format!("http://{address}/slack/events");
    let app = HttpApp::make(&running, json!({"name": "Late", "request_url": url, "events": ["app_mention"]})).await;
    app.mention().await;
    wait_for_outcomes(&app, 2).await;
    let entries = running.workspace().journal(0);
    let mut outcomes = entries.iter().filter(|entry| entry.kind == "http").map(|entry| &entry.value["outcome"]);
    assert!(outcomes.all(|outcome| *outcome == "connection_failed"));
    let mut inbox = Inbox::serve(TcpListener::bind(address).await.unwrap());
    app.advance(Duration::from_mins(1));
    assert_eq!(inbox.next().await.json()["type"], "url_verification");
    let event = inbox.next().await;
    assert_eq!(event.header("x-slack-retry-num"), Some("2"));
    assert_eq!(event.header("x-slack-retry-reason"), Some("connection_failed"));
}

#[tokio::test]
async fn a_click_is_a_form_and_the_answer_acknowledges_it() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let app = HttpApp::new(&running, &inbox).await;
    let general = channel(&running, "general");
    let ts = app.app.post_button(&general).await;
    let answer = running.click(&user(&running, "alice"), &general, ts, "approve").await.unwrap();
    assert!(answer.acked && answer.response.is_none());
    let click = loop {
        let received = inbox.delivery().await;
        if received.header("content-type") == Some("application/x-www-form-urlencoded") {
            break received;
        }
    };
    click.assert_signed(&app.secret);
    assert_eq!(click.payload()["type"], "block_actions");
    assert_eq!(click.payload()["actions"][0]["value"], "r1");
}

#[tokio::test]
async fn a_command_is_a_form_and_its_answer_is_shown() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let app = HttpApp::new(&running, &inbox).await;
    let (alice, general) = (user(&running, "alice"), channel(&running, "general"));
    let command = json!({"user": alice, "channel": general, "command": "/deploy", "text": "a & b"});
    inbox.reply(Reply::Now(200, None, "on its way".to_owned()));
    let answer = app.control.post("command", command.clone()).await;
    assert_eq!((&answer["acked"], &answer["response"]["text"]), (&json!(true), &json!("on its way")));
    let received = inbox.delivery().await;
    received.assert_signed(&app.secret);
    assert_eq!((received.form("command"), received.form("text")), ("/deploy".to_owned(), "a & b".to_owned()));
    let seen = app.control.get(&format!("messages?channel={general}&user={alice}")).await;
    assert!(seen.to_string().contains("on its way"));
    inbox.reply(Reply::Now(500, None, String::new()));
    let answer = app.control.post("command", command).await;
    assert_eq!(answer["acked"], false);
}

#[tokio::test]
async fn a_modals_errors_come_in_the_answers_body() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let app = HttpApp::new(&running, &inbox).await;
    let (alice, general) = (user(&running, "alice"), channel(&running, "general"));
    let command = json!({"user": alice, "channel": general, "command": "deploy", "text": ""});
    app.control.post("command", command).await;
    let trigger = inbox.delivery().await.form("trigger_id");
    let view = json!({
        "type": "modal", "title": {"type": "plain_text", "text": "Why"}, "submit": {"type": "plain_text", "text": "Go"},
        "blocks": [{"type": "input", "block_id": "b", "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "a"}}],
    });
    let opened = app.app.ok("views.open", json!({"trigger_id": trigger, "view": view})).await;
    let errors = json!({"response_action": "errors", "errors": {"b": "too short"}});
    inbox.reply(Reply::Now(200, Some(("content-type", "application/json".to_owned())), errors.to_string()));
    let submission = json!({"user": alice, "view_id": opened["view"]["id"], "values": {"b": {"a": "x"}}});
    let answer = app.control.post("view/submit", submission).await;
    assert_eq!(answer["errors"], json!({"b": "too short"}));
    assert_eq!(inbox.delivery().await.payload()["type"], "view_submission");
}

#[tokio::test]
async fn a_manifests_addresses_are_used_one_for_each_thing() {
    let running = start().await;
    let mut inbox = Inbox::open().await;
    let at = |path: &str| format!("{}{path}", inbox.base);
    let manifest = json!({
        "display_information": {"name": "Manifested"},
        "features": {"slash_commands": [{"command": "/ship", "description": "Ship it.", "url": at("/commands")}]},
        "settings": {
            "event_subscriptions": {"request_url": at("/events"), "bot_events": ["app_mention"]},
            "interactivity": {"is_enabled": true, "request_url": at("/actions")},
            "socket_mode_enabled": false,
        },
    });
    let app = HttpApp::make(&running, json!({"manifest": manifest})).await;
    app.mention().await;
    assert_eq!(inbox.delivery().await.path, "/events");
    let (alice, general) = (user(&running, "alice"), channel(&running, "general"));
    app.control.post("command", json!({"user": alice, "channel": general, "command": "/ship", "text": ""})).await;
    assert_eq!(inbox.delivery().await.path, "/commands");
    let ts = app.app.post_button(&general).await;
    running.click(&alice, &general, ts, "approve").await.unwrap();
    assert_eq!(inbox.delivery().await.path, "/actions");
}
