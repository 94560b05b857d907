//! A conversation with an app.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use countersign_slack::client::Client;
use countersign_slack::ids::UserId;
use countersign_slack::socket_mode::{Config as SocketConfig, SocketMode};
use countersign_slack_workspace::{Config, Running, Workspace};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::install::{Installed, control, install};
use super::{Message, Person, WorkspaceClock};
use crate::{App, Http, ServeError};

/// How long anything may take before it counts as missing.
pub(super) const SOON: Duration = Duration::from_secs(10);

/// How the app hears of the workspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Over {
    /// Over connections that it opens.
    #[default]
    SocketMode,
    /// As signed HTTP requests.
    Http,
}

impl Over {
    /// Both: for tests that hold over either.
    pub const BOTH: [Self; 2] = [Self::SocketMode, Self::Http];
}

/// How a conversation is set up; [`Conversation::with`] does for most.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Setup {
    over: Over,
    workspace: Config,
}

/// A conversation of people with an app that is served in a workspace of its own. Dropping it stops both.
#[derive(Debug)]
pub struct Conversation {
    pub(super) running: Running,
    pub(super) bot_user: UserId,
    pub(super) app_id: String,
    over: Over,
    /// Replies that were expected already.
    heard: Mutex<BTreeSet<String>>,
    serving: JoinHandle<Result<(), ServeError>>,
    stop: DropGuard,
}

impl Setup {
    /// Over Socket Mode, in the usual workspace.
    pub fn new() -> Self {
        Self::default()
    }

    /// How the app hears of the workspace.
    pub fn over(mut self, over: Over) -> Self {
        self.over = over;
        self
    }

    /// What the workspace looks like.
    pub fn workspace(mut self, config: Config) -> Self {
        self.workspace = config;
        self
    }

    /// Starts the workspace and serves the app there.
    ///
    /// # Panics
    /// When that fails.
    pub async fn start(self, app: App) -> Conversation {
        let running = Workspace::start(self.workspace).await;
        let running = running.unwrap_or_else(|error| panic!("the workspace does not start: {error}"));
        let base = running.ready().api_url.parse().unwrap_or_else(|error| panic!("no address: {error}"));
        let client = Client::new(base).unwrap_or_else(|error| panic!("no client: {error}"));
        match self.over {
            Over::SocketMode => over_socket_mode(running, &client, app).await,
            Over::Http => over_http(running, &client, app).await,
        }
    }
}

async fn over_socket_mode(running: Running, client: &Client, app: App) -> Conversation {
    let installed = install(&running, client, &app.describe(), None).await;
    let mode = SocketMode::new(client.clone(), installed.app_token.clone(), SocketConfig::default());
    let (mut status, stop) = (mode.status(), CancellationToken::new());
    let app = fitted(app, client, &running, &installed);
    let serving = TaskTracker::new().spawn(app.serve(mode, stop.clone()));
    let connected = tokio::time::timeout(SOON, status.wait_for(|status| status.connected > 0)).await;
    assert!(connected.is_ok_and(|connected| connected.is_ok()), "the app does not connect");
    Conversation::new(running, installed, Over::SocketMode, (serving, stop))
}

async fn over_http(running: Running, client: &Client, app: App) -> Conversation {
    // Bound, but not listening: the workspace's handshake is refused at once, for the secret that it is signed with is
    // only known afterwards.
    let socket = TcpSocket::new_v4().unwrap_or_else(|error| panic!("no socket: {error}"));
    let bound = socket.bind(([127, 0, 0, 1], 0).into()).and_then(|()| socket.local_addr());
    let address = bound.unwrap_or_else(|error| panic!("no address to receive at: {error}"));
    let url = format!("http://{address}/slack/events");
    let installed = install(&running, client, &app.describe(), Some(url)).await;
    let listener = socket.listen(1024).unwrap_or_else(|error| panic!("cannot listen: {error}"));
    let stop = CancellationToken::new();
    let http = Http::new(listener, installed.key.clone());
    let app = fitted(app, client, &running, &installed);
    let serving = TaskTracker::new().spawn(app.serve(http, stop.clone()));
    Conversation::new(running, installed, Over::Http, (serving, stop))
}

/// The app with a token and the workspace's clock; one that has an authorizer keeps it.
fn fitted(app: App, client: &Client, running: &Running, installed: &Installed) -> App {
    let app = app.clock(WorkspaceClock(running.workspace().clone()));
    if app.api().is_some() { app } else { app.bot(client.clone(), installed.bot_token.clone()) }
}

impl Conversation {
    /// Starts a workspace and serves the app there, over Socket Mode.
    ///
    /// The app gets its bot's token and the workspace's clock, and the workspace the app's commands.
    ///
    /// # Panics
    /// When that fails.
    pub async fn with(app: App) -> Self {
        Setup::new().start(app).await
    }

    /// The same over a transport of choice.
    ///
    /// # Panics
    /// When that fails.
    pub async fn over(over: Over, app: App) -> Self {
        Setup::new().over(over).start(app).await
    }

    fn new(
        running: Running,
        installed: Installed,
        over: Over,
        (serving, stop): (JoinHandle<Result<(), ServeError>>, CancellationToken),
    ) -> Self {
        let Installed { app_id, bot_user, .. } = installed;
        let (heard, stop) = (Mutex::default(), stop.drop_guard());
        Self { running, bot_user, app_id, over, heard, serving, stop }
    }

    /// A person of the workspace: alice, bob and carol, unless it was set up with others.
    ///
    /// # Panics
    /// When there is no such person.
    pub fn user(&self, name: &str) -> Person<'_> {
        let id = self.running.user(name);
        Person::new(self, id.unwrap_or_else(|| panic!("there is no {name} in the workspace")))
    }

    /// Waits for a message of the app that contains a text, and was not expected before.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn expects_reply(&self, text: &str) -> Message {
        let wanted = self.meaning(text);
        let find = |_: &Running| {
            let fits =
                |message: &Message| message.author() == Some(self.bot_user.as_str()) && message.contains(&wanted);
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            let found = self.messages().into_iter().find(|message| fits(message) && !heard.contains(&message.key()))?;
            heard.insert(found.key());
            Some(found)
        };
        let found = self.running.wait(find, SOON).await;
        found.unwrap_or_else(|| panic!("the app did not say {wanted:?}; what was said:\n{}", self.transcript()))
    }

    /// Waits until a message reads so; for messages that the app changes.
    ///
    /// # Panics
    /// When none does in time.
    pub async fn expects_message(&self, text: &str) -> Message {
        let wanted = self.meaning(text);
        let find = |_: &Running| self.messages().into_iter().rev().find(|message| message.contains(&wanted));
        let found = self.running.wait(find, SOON).await;
        found.unwrap_or_else(|| panic!("nothing reads {wanted:?}; what was said:\n{}", self.transcript()))
    }

    /// Runs one of the app's functions by itself, as a workflow would, and says which execution it is.
    ///
    /// # Panics
    /// When the workspace refuses.
    pub async fn runs_function(&self, callback_id: &str, inputs: Value) -> String {
        let body = json!({"app_id": self.app_id, "callback_id": callback_id, "inputs": inputs});
        let started = control(&self.running, "function", &body).await;
        started["function_execution_id"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits for the end of a function's execution: its `status` is then `completed`, with `outputs`, or `failed`.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn expects_end(&self, execution_id: &str) -> Value {
        let polled = async {
            let mut changes = self.running.workspace().changes();
            loop {
                let runs = control(&self.running, "functions", &Value::Null).await;
                let ended = runs["functions"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .find(|run| run["function_execution_id"] == execution_id && run["status"] != "running");
                if let Some(ended) = ended {
                    return ended.clone();
                }
                // Whatever changes, or a while: ends of functions are not announced.
                let _ = tokio::time::timeout(Duration::from_millis(20), changes.recv()).await;
            }
        };
        let ended = tokio::time::timeout(SOON, polled).await;
        ended.unwrap_or_else(|_| panic!("the function {execution_id} does not end"))
    }

    /// Every message of the workspace, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        let ready = self.running.ready();
        let ims = ready.users.values().filter_map(|user| self.im(user));
        let channels: Vec<_> = ready.channels.values().cloned().chain(ims).collect();
        let all = channels.iter().flat_map(|channel| {
            let messages = self.running.messages(channel);
            messages.into_iter().map(|body| Message::new(channel.clone(), body))
        });
        let mut all: Vec<Message> = all.collect();
        all.sort_by(|one, other| one.ts().cmp(other.ts()));
        all
    }

    /// Moves time forward, the app's as well.
    ///
    /// # Panics
    /// When that is further than the clock goes.
    pub fn passes(&self, time: Duration) {
        if let Err(error) = self.running.advance_clock(time) {
            panic!("time does not go that far: {error}");
        }
    }

    /// The workspace, for what the kit has no words for.
    pub fn workspace(&self) -> &Running {
        &self.running
    }

    /// How the app hears of it.
    pub fn transport(&self) -> Over {
        self.over
    }

    /// Stops the app and waits for its end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn ends(self) -> Result<(), ServeError> {
        drop(self.stop);
        match tokio::time::timeout(SOON, self.serving).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => panic!("the app's task ended badly: {error}"),
            Err(late) => panic!("the app does not end: {late}"),
        }
    }

    /// The direct message of a person with the app.
    pub(super) fn im(&self, user: &UserId) -> Option<countersign_slack::ids::ChannelId> {
        let workspace = self.running.workspace();
        workspace.read(|state| state.im_between(&self.bot_user, user).map(|room| room.id.clone()))
    }

    /// What a test writes, with its names replaced.
    pub(super) fn meaning(&self, text: &str) -> String {
        let mut text = text.replace("<@bot>", &format!("<@{}>", self.bot_user));
        for (name, id) in &self.running.ready().users {
            text = text.replace(&format!("<@{name}>"), &format!("<@{id}>"));
        }
        text
    }

    pub(super) fn transcript(&self) -> String {
        let mut transcript = String::new();
        for message in self.messages() {
            let author = message.author().unwrap_or("?");
            // Writing to a text cannot fail.
            let _ = writeln!(transcript, "  {} {author}: {}", message.channel(), message.text());
        }
        transcript
    }
}
