//! A team with its server, an agent, and a local Slack.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use countersign_slack_workspace::{
    Config, Running, Workspace,
    model::{ChannelId, UserId},
    person::Answer,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{
    agent::AgentProcess,
    node::Node,
    person::{Person, email},
};
use crate::app::{WITHIN, action_ids, text_of, ts_of};

/// Pause between two looks at something that tells nobody when it changes.
const PAUSE: Duration = Duration::from_millis(20);

/// Which database the server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// A fresh database on a PostgreSQL server for tests.
    Postgres,
}

/// What a test sets differently.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// The database.
    pub backend: Backend,
    /// Further lines of the configuration's `[serve]`.
    pub serve: String,
    /// What is applied once the first administrator is signed in; `{…}` of [`GatewayApp::filled`] are filled in.
    pub file: String,
}

impl GatewaySettings {
    /// The usual team on this database.
    pub fn on(backend: Backend) -> Self {
        Self { backend, serve: String::new(), file: TEAM.to_owned() }
    }

    /// Further things to apply: an indented list of connections, policies and so on as top-level sections.
    #[must_use]
    pub fn with(mut self, more: &str) -> Self {
        self.file.push_str(more);
        self
    }
}

/// The usual team: ada administers and asks; alice, bob and carol approve, carol for both groups. Nobody has to approve on `sh`
/// and `cat`.
const TEAM: &str = "\
users:
  ada@example.com: { name: Ada, groups: [admin], slack_id: {ada} }
  alice@example.com: { name: Alice, groups: [admin], slack_id: {alice} }
  bob@example.com: { name: Bob, groups: [sre], slack_id: {bob} }
  carol@example.com: { name: Carol, groups: [admin, sre], slack_id: {carol} }
  dan@example.com: { name: Dan, groups: [dev] }
agents: { default: {} }
connections:
  sh: { agent: default, command: [sh] }
  cat: { agent: default, command: [cat] }
  bash: { agent: default, command: [bash], env: { SECRET: hunter2-in-the-vault } }
  bash-jit: { agent: default, command: [bash, --norc, --noprofile] }
plugins:
  review: { connections: ['bash:admin;sre'] }
  jit: { connections: ['bash-jit:admin;sre'] }
  slack:
    config: { SLACK_BOT_TOKEN: {bot_token}, SLACK_APP_TOKEN: {app_token}, SLACK_CHANNEL: approvals }
    connections: ['bash,bash-jit']
";

/// A server, an agent, people, and a local Slack with alice, bob and carol.
#[derive(Debug)]
pub struct GatewayApp {
    binary: PathBuf,
    home: tempfile::TempDir,
    workspace: Running,
    node: Node,
    agent: Option<AgentProcess>,
    ada: Person,
    database: Option<String>,
}

impl GatewayApp {
    /// The usual team; `None` where this database cannot be had, which is said.
    pub async fn start(binary: &str, backend: Backend) -> Option<Self> {
        Self::start_with(binary, &GatewaySettings::on(backend)).await
    }

    /// A team with other settings.
    pub async fn start_with(binary: &str, settings: &GatewaySettings) -> Option<Self> {
        let mut app = Self::bare(binary, settings).await?;
        app.sign_up().await;
        let applied = app.apply(&settings.file.clone()).await;
        for agent in applied.get("agents").and_then(Value::as_array).into_iter().flatten() {
            let name = agent.pointer("/agent/name").and_then(Value::as_str).expect("an agent's name");
            let token = agent.get("token").and_then(Value::as_str).expect("an agent's token");
            app.agent = Some(app.start_agent(name, token).await);
        }
        if settings.file.contains("SLACK_APP_TOKEN") {
            app.slack_connected().await;
        }
        Some(app)
    }

    /// A server that was never used.
    pub async fn bare(binary: &str, settings: &GatewaySettings) -> Option<Self> {
        let database = match settings.backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(countersign_postgres_cluster::database().await?),
        };
        let home = tempfile::Builder::new().prefix("cs-gw-").tempdir().expect("a temporary directory");
        let people = ["alice", "bob", "carol", "ada"].map(str::to_owned).to_vec();
        let workspace = Workspace::start(Config { people, ..Config::default() }).await.expect("the workspace starts");
        let binary = PathBuf::from(binary);
        let text = config_text(home.path(), database.as_deref(), &workspace.ready().api_url, &settings.serve);
        std::fs::write(home.path().join("countersign.toml"), text).expect("the configuration is written");
        let node = start_node(&binary, home.path(), "countersign.toml", "127.0.0.1:0").await;
        let ada = Person::new(&binary, &home.path().join("people"), "ada");
        Some(Self { binary, home, workspace, node, agent: None, ada, database })
    }

    /// Makes ada the first administrator.
    pub async fn sign_up(&self) {
        let link = self.node.login_link().expect("the first start prints a link");
        self.ada.does(&["login", link, "--email", "ada@example.com", "--name", "Ada"]).await;
    }

    /// The binary.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Where everything of this test is.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The server's database, as `db` and `psql` take it.
    pub fn database(&self) -> String {
        let file = || self.home.path().join("data/countersign.db").display().to_string();
        self.database.clone().unwrap_or_else(file)
    }

    /// The workspace.
    pub fn workspace(&self) -> &Running {
        &self.workspace
    }

    /// The server.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The agent `default`.
    pub fn agent(&self) -> &AgentProcess {
        self.agent.as_ref().expect("an agent was started")
    }

    /// The agent `default`.
    pub fn agent_mut(&mut self) -> &mut AgentProcess {
        self.agent.as_mut().expect("an agent was started")
    }

    /// The administrator.
    pub fn ada(&self) -> &Person {
        &self.ada
    }

    /// Kills the server without any warning.
    pub async fn kill_server(&mut self) {
        self.node.kill().await;
    }

    /// Starts the server again, at the same address with the same data.
    pub async fn restart_server(&mut self) {
        let address = self.node.address().to_owned();
        self.node = start_node(&self.binary, self.home.path(), "countersign.toml", &address).await;
    }

    /// One more server on the same database, with data of its own but the same key.
    pub async fn another_node(&self) -> Node {
        let text = std::fs::read_to_string(self.home.path().join("countersign.toml")).expect("the configuration");
        let text = text.replace("/data\"\n", "/data2\"\n");
        std::fs::write(self.home.path().join("second.toml"), text).expect("the configuration is written");
        start_node(&self.binary, self.home.path(), "second.toml", "127.0.0.1:0").await
    }

    /// An agent under this name, with this token, in a home of its own.
    pub async fn start_agent(&self, name: &str, token: &str) -> AgentProcess {
        self.start_agent_in(name, name, token).await
    }

    /// The same, in another home.
    pub async fn start_agent_in(&self, home: &str, name: &str, token: &str) -> AgentProcess {
        let home = self.home.path().join("agents").join(home);
        AgentProcess::start(&self.binary, &home, self.node.url(), name, token).await
    }

    /// Somebody who is not signed in.
    pub fn stranger(&self, name: &str) -> Person {
        Person::new(&self.binary, &self.home.path().join("people"), name)
    }

    /// Somebody who is known here, signed in.
    pub async fn person(&self, name: &str) -> Person {
        let person = self.stranger(name);
        let token = self.ada.does(&["admin", "create", "token", "test", "--user", &email(name)]).await;
        person.run_with(&["login", self.node.url()], token.as_bytes()).await.well();
        person
    }

    /// A text with `{alice}`, `{bot_token}` and so on filled in.
    pub fn filled(&self, text: &str) -> String {
        let ready = self.workspace.ready();
        let mut text = text.to_owned();
        for (name, id) in &ready.users {
            text = text.replace(&format!("{{{name}}}"), id.as_str());
        }
        text.replace("{bot_token}", ready.bot_token.expose_secret())
            .replace("{app_token}", ready.app_token.expose_secret())
    }

    /// Applies a file; answers what came of it.
    pub async fn apply(&self, file: &str) -> Value {
        let file = self.filled(file);
        let applied = self.ada.run_with(&["apply", "-f", "-", "--json"], file.as_bytes()).await.well();
        serde_json::from_str(applied.text().trim()).expect("a line of JSON")
    }

    /// Changes the database behind the server's back.
    pub async fn sql(&self, statement: &str) {
        let safe = || sqlx::AssertSqlSafe(statement.to_owned());
        let rows = if let Some(url) = &self.database {
            let pool = sqlx::PgPool::connect(url).await.expect("the database");
            sqlx::query(safe()).execute(&pool).await.expect("the statement").rows_affected()
        } else {
            let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", self.database())).await.expect("the database");
            sqlx::query(safe()).execute(&pool).await.expect("the statement").rows_affected()
        };
        assert!(rows > 0, "{statement} changed nothing");
    }

    /// A person of the workspace.
    pub fn user(&self, name: &str) -> UserId {
        self.workspace.user(name).expect("a person of the workspace")
    }

    /// A channel of the workspace.
    pub fn channel(&self, name: &str) -> ChannelId {
        self.workspace.channel(name).expect("a channel of the workspace")
    }

    /// Waits until the server's app has a connection to the workspace.
    pub async fn slack_connected(&self) {
        let app_id = self.workspace.ready().app_id.clone();
        let connected = |running: &Running| (running.workspace().connections(&app_id) > 0).then_some(());
        let connected = self.workspace.wait(connected, WITHIN).await;
        assert!(connected.is_some(), "the server's app does not connect");
    }

    /// Waits for a message in a channel that has a button, and contains a text.
    pub async fn asked(&self, channel: &str, text: &str) -> Arc<Value> {
        let channel = self.channel(channel);
        let asks = |message: &Value| !action_ids(message).is_empty() && text_of(message).contains(text);
        self.message(&channel, asks).await
    }

    /// Waits for a message in a channel that contains a text.
    pub async fn saying(&self, channel: &ChannelId, text: &str) -> Arc<Value> {
        let says = |message: &Value| text_of(message).contains(text) || plain(message).contains(text);
        self.message(channel, says).await
    }

    /// Waits until a message has no buttons any more.
    pub async fn closed(&self, channel: &str, message: &Value) -> Arc<Value> {
        let ts = message.get("ts");
        let closed = |seen: &Value| seen.get("ts") == ts && action_ids(seen).is_empty();
        self.message(&self.channel(channel), closed).await
    }

    /// Waits for a message in a channel.
    pub async fn message(&self, channel: &ChannelId, fits: impl Fn(&Value) -> bool) -> Arc<Value> {
        let found = self.workspace.wait_for_message(channel, fits, WITHIN).await;
        found.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits for a direct message to somebody that contains a text.
    pub async fn told(&self, name: &str, text: &str) -> Arc<Value> {
        let bot = &self.workspace.ready().bot_user_id;
        let room = self.workspace.workspace().open_im(&self.user(name), bot).expect("a direct message");
        self.saying(&room, text).await
    }

    /// Presses a button of a message.
    pub async fn click(&self, name: &str, channel: &str, message: &Value, action_id: &str) -> Answer {
        self.slack_connected().await;
        let (user, channel) = (self.user(name), self.channel(channel));
        self.workspace.click(&user, &channel, ts_of(message), action_id).await.expect("a person can click")
    }

    /// Looks again and again until there is something: for what tells nobody when it changes.
    pub async fn until<T, F: Future<Output = Option<T>>>(&self, what: &str, mut look: impl FnMut() -> F) -> T {
        let looking = async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let found = tokio::time::timeout(WITHIN, looking).await.ok();
        found.unwrap_or_else(|| panic!("{what}: not in time"))
    }
}

impl Drop for GatewayApp {
    /// A failed test shows what server and agent said last: that is where the reason stands.
    #[expect(clippy::print_stderr, reason = "the output of a failed test")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the server's log\n{}", end_of(&self.node.log()));
            if let Some(agent) = &self.agent {
                eprintln!("--- the agent's log\n{}", end_of(&agent.log()));
            }
        }
    }
}

/// The last lines of a log.
fn end_of(log: &str) -> String {
    let lines: Vec<&str> = log.lines().rev().take(40).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

async fn start_node(binary: &Path, home: &Path, config: &str, listen: &str) -> Node {
    Node::start(binary, &home.join(config), home, &["--listen", listen]).await
}

fn config_text(home: &Path, database: Option<&str>, api_url: &str, serve: &str) -> String {
    let mut text = format!(
        "[slack]\napi_url = {api_url:?}\n\n[serve]\ndata_dir = \"{}/data\"\nkey_file = \"{}/secrets.key\"\n",
        home.display(),
        home.display(),
    );
    if let Some(database) = database {
        // Port 0 is the one that it listens on.
        writeln!(text, "database = {database:?}\nadvertise = \"http://127.0.0.1:0\"")
            .expect("a String takes everything");
    }
    text.push_str(serve);
    text
}

fn plain(message: &Value) -> &str {
    message.get("text").and_then(Value::as_str).unwrap_or_default()
}
