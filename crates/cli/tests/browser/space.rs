//! A workspace with an app of its own: a few lines of HTTP that hear everything and answer what a test wants.

use std::{
    io::Write as _,
    sync::{Arc, Mutex},
};

use countersign_slack::client::Client;
use countersign_slack_workspace::{Config, Running, Workspace, model::ChannelId};
use countersign_testkit::{Browser, Device, WITHIN};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    time::timeout,
};
use tokio_util::task::TaskTracker;

/// The app's name.
const APP: &str = "Weather";

/// The workspace, its app, and what the app heard.
pub(crate) struct Space {
    pub(crate) running: Running,
    client: Client,
    heard: Arc<Heard>,
    _seed: tempfile::NamedTempFile,
}

#[derive(Default)]
struct Heard {
    all: Mutex<Vec<Value>>,
    more: Notify,
}

impl Space {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let mut seed = tempfile::NamedTempFile::new().unwrap();
        // JSON is YAML too.
        let apps = json!([{ "name": APP, "manifest": manifest(&url) }]);
        write!(seed, "{}", json!({ "team": "Acme", "apps": apps })).unwrap();
        let heard = Arc::new(Heard::default());
        // It ends with the test's runtime.
        TaskTracker::new().spawn(serve(listener, Arc::clone(&heard)));
        let config = Config { seed: Some(seed.path().to_owned()), app_name: "Deploys".to_owned(), ..Config::default() };
        let running = Workspace::start(config).await.unwrap();
        let client = Client::new(running.ready().api_url.parse().unwrap()).unwrap();
        let space = Self { running, client, heard, _seed: seed };
        space.call("conversations.join", &json!({ "channel": space.general() })).await;
        space
    }

    pub(crate) fn general(&self) -> ChannelId {
        self.running.channel("general").unwrap()
    }

    pub(crate) fn user(&self, name: &str) -> String {
        self.running.user(name).unwrap().to_string()
    }

    /// Calls a method as the app's bot.
    pub(crate) async fn call(&self, method: &str, args: &Value) -> Value {
        let token = self.running.ready().apps[APP].bot_token.expose_secret().parse().unwrap();
        self.client.call::<Value>(&token, method, args).await.unwrap().body
    }

    /// A message in `#general`.
    pub(crate) async fn post(&self, blocks: Value) -> String {
        let args = json!({ "channel": self.general(), "text": "x", "blocks": blocks });
        self.call("chat.postMessage", &args).await["ts"].as_str().unwrap().to_owned()
    }

    pub(crate) fn say(&self, name: &str, text: &str) -> String {
        let user = self.running.user(name).unwrap();
        let posted = self.running.post_message(&user, &self.general(), text).unwrap();
        posted["ts"].as_str().unwrap().to_owned()
    }

    /// Somebody's browser at `#general`.
    pub(crate) async fn browser(&self, name: &str, device: Device) -> Browser {
        let browser = Browser::start(device).await;
        browser.open(&self.address(name)).await;
        browser
    }

    pub(crate) fn address(&self, name: &str) -> String {
        format!("{}u/{name}/c/general", self.running.ready().ui_url)
    }

    /// Waits for what the app hears.
    pub(crate) async fn hears(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let more = self.heard.more.notified();
                if let Some(found) = self.heard.all.lock().unwrap().iter().find(|heard| wanted(heard)) {
                    return found.clone();
                }
                more.await;
            }
        };
        timeout(WITHIN, found).await.unwrap_or_else(|_| panic!("the app did not hear {what}"))
    }

    pub(crate) async fn hears_type(&self, kind: &str) -> Value {
        self.hears(kind, |heard| heard["type"] == kind || heard["event"]["type"] == kind).await
    }

    /// How many of a kind it heard so far.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.heard.all.lock().unwrap().iter().filter(|heard| heard["type"] == kind).count()
    }
}

fn manifest(url: &str) -> Value {
    json!({
        "display_information": { "name": APP },
        "features": {
            "bot_user": { "display_name": APP },
            "app_home": { "home_tab_enabled": true },
            "slash_commands": [{ "command": "/weather", "description": "Tells the weather.", "url": url }],
            "shortcuts": [
                { "name": "Plan a trip", "type": "global", "callback_id": "trip", "description": "Where to?" },
                { "name": "Keep this", "type": "message", "callback_id": "keep", "description": "For later." },
            ],
        },
        "oauth_config": { "scopes": { "bot": ["assistant:write", "bookmarks:write", "channels:join", "channels:read", "chat:write", "commands", "im:write", "pins:write"] } },
        "settings": {
            "interactivity": { "is_enabled": true, "request_url": url, "message_menu_options_url": url },
            "event_subscriptions": { "request_url": url, "bot_events": ["app_home_opened", "assistant_thread_started", "message.im"] },
        },
    })
}

async fn serve(listener: TcpListener, heard: Arc<Heard>) {
    let tasks = TaskTracker::new();
    while let Ok((stream, _)) = listener.accept().await {
        tasks.spawn(answer(stream, Arc::clone(&heard)));
    }
}

/// One request of a connection, answered and written down.
async fn answer(mut stream: TcpStream, heard: Arc<Heard>) -> Option<()> {
    let mut bytes = Vec::new();
    let (fields, body) = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((fields, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            fields.to_lowercase().split("content-length: ").nth(1)?.split("\r\n").next()?.parse::<usize>().ok()?;
        if body.len() >= length {
            break (fields.to_lowercase(), body.to_owned());
        }
    };
    let request = if fields.contains("application/json") { serde_json::from_str(&body).ok()? } else { form(&body) };
    let reply = reply(&request).to_string();
    heard.all.lock().unwrap().push(request);
    heard.more.notify_waiters();
    let length = reply.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{reply}"
    );
    stream.write_all(answer.as_bytes()).await.ok()
}

fn form(body: &str) -> Value {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap();
    match pairs.iter().find(|(name, _)| name == "payload") {
        Some((_, payload)) => serde_json::from_str(payload).unwrap(),
        None => pairs
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

fn reply(request: &Value) -> Value {
    let text = |text: String| json!({ "type": "plain_text", "text": text });
    let typed = request["value"].as_str().unwrap_or_default();
    match request["type"].as_str() {
        Some("url_verification") => json!({ "challenge": request["challenge"] }),
        Some("block_suggestion") => {
            let option = |city: &str| json!({ "text": text(format!("{city} ({typed})")), "value": city });
            json!({ "options": [option("Oslo"), option("Rome")] })
        }
        _ if request["command"] == "/weather" => {
            json!({ "text": format!("Sunny in {}.", request["text"].as_str().unwrap_or_default()) })
        }
        _ => json!({}),
    }
}
