//! A Slack app as small as can be: calls, and one Socket Mode connection.

use std::time::Duration;

use countersign_slack_workspace::model::{ChannelId, Ts, UserId};
use countersign_slack_workspace::{Config, Running, Workspace};
use futures_util::{SinkExt, StreamExt};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Long enough for a busy machine; nothing waits that long when all is well.
pub(crate) const SOON: Duration = Duration::from_mins(1);

pub(crate) async fn start() -> Running {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Workspace::start(Config::default()).await.unwrap()
}

pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().build().unwrap()
}

pub(crate) struct App<'a> {
    pub(crate) running: &'a Running,
    pub(crate) http: reqwest::Client,
    pub(crate) token: SecretString,
    pub(crate) connect_token: SecretString,
}

impl<'a> App<'a> {
    /// The app that is installed from the start.
    pub(crate) fn new(running: &'a Running) -> Self {
        let ready = running.ready();
        Self { running, http: http(), token: ready.bot_token.clone(), connect_token: ready.app_token.clone() }
    }

    pub(crate) fn with_token(&self, token: &SecretString) -> Self {
        Self {
            running: self.running,
            http: self.http.clone(),
            token: token.clone(),
            connect_token: self.connect_token.clone(),
        }
    }

    /// Another app, which subscribed to these events.
    pub(crate) async fn hearing(running: &'a Running, events: &[&str]) -> Self {
        Self::made(running, json!({"name": "Listener", "events": events})).await
    }

    /// Another app, as `POST apps` makes it.
    pub(crate) async fn made(running: &'a Running, wanted: Value) -> Self {
        let made = crate::control::Control::new(running).post("apps", wanted).await["app"].clone();
        let token = |name: &str| SecretString::from(made[name].as_str().unwrap().to_owned());
        Self { running, http: http(), token: token("bot_token"), connect_token: token("app_token") }
    }

    pub(crate) fn url(&self, method: &str) -> String {
        format!("{}{method}", self.running.ready().api_url)
    }

    /// Calls with a form: nested arguments as JSON texts.
    pub(crate) async fn call(&self, method: &str, args: Value) -> Value {
        let form: Vec<(String, String)> = args
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        let request = self.http.post(self.url(method)).bearer_auth(self.token.expose_secret()).form(&form);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Calls, and fails the test unless Slack says ok.
    pub(crate) async fn ok(&self, method: &str, args: Value) -> Value {
        let answer = self.call(method, args).await;
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer
    }

    /// Calls, and returns the error's code.
    pub(crate) async fn error(&self, method: &str, args: Value) -> String {
        let answer = self.call(method, args).await;
        assert_eq!(answer["ok"], false, "{method}: {answer}");
        answer["error"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn post_button(&self, channel: &ChannelId) -> Ts {
        let blocks = json!([
            {"type": "section", "block_id": "what", "text": {"type": "plain_text", "text": "rm -rf /"}},
            {"type": "actions", "block_id": "row", "elements": [
                {"type": "button", "action_id": "approve", "value": "r1",
                 "text": {"type": "plain_text", "text": "Approve"}},
                {"type": "static_select", "action_id": "how", "options": [
                    {"text": {"type": "plain_text", "text": "Once"}, "value": "once"},
                    {"text": {"type": "plain_text", "text": "Always"}, "value": "always"}]}]},
        ]);
        let posted = self.ok("chat.postMessage", json!({"channel": channel, "text": "ask", "blocks": blocks})).await;
        ts(&posted["ts"])
    }

    pub(crate) async fn socket_url(&self) -> String {
        let app = self.with_token(&self.connect_token);
        let opened = app.ok("apps.connections.open", json!({})).await;
        opened["url"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn connect(&self) -> Socket {
        let mut socket = Socket::open(&self.socket_url().await).await;
        let hello = socket.next().await;
        assert_eq!(hello["type"], "hello", "{hello}");
        socket
    }
}

pub(crate) fn ts(value: &Value) -> Ts {
    Ts::parse(value.as_str().unwrap()).unwrap()
}

pub(crate) fn channel(running: &Running, name: &str) -> ChannelId {
    running.channel(name).unwrap()
}

pub(crate) fn user(running: &Running, name: &str) -> UserId {
    running.user(name).unwrap()
}

pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(crate) async fn open(url: &str) -> Self {
        Self { stream: connect_async(url).await.unwrap().0 }
    }

    /// The next JSON message; nothing when the connection ends.
    pub(crate) async fn read(&mut self) -> Option<Value> {
        // Pings come all the time: they are not what is waited for.
        let patience = tokio::time::Instant::now() + SOON;
        loop {
            match tokio::time::timeout_at(patience, self.stream.next()).await.expect("nothing came") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Value {
        self.read().await.expect("the connection ended")
    }

    /// The next envelope of a type, others acknowledged on the way.
    pub(crate) async fn envelope(&mut self, kind: &str) -> Value {
        loop {
            let envelope = self.next().await;
            if envelope["type"] == kind {
                return envelope;
            }
            if envelope.get("envelope_id").is_some() {
                self.ack(&envelope, Value::Null).await;
            }
        }
    }

    /// The next event of a type, everything acknowledged on the way.
    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        loop {
            let envelope = self.envelope("events_api").await;
            self.ack(&envelope, Value::Null).await;
            if envelope["payload"]["event"]["type"] == kind {
                return envelope["payload"]["event"].clone();
            }
        }
    }

    pub(crate) async fn ack(&mut self, envelope: &Value, payload: Value) {
        let mut ack = json!({"envelope_id": envelope["envelope_id"]});
        if !payload.is_null() {
            ack["payload"] = payload;
        }
        self.send(&ack.to_string()).await;
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }
}
