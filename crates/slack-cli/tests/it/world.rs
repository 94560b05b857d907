//! A local Slack, a home, a project and a session in them.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use countersign_slack::{
    client::{Client, RawCall, Token},
    hooks::Environment,
};
use countersign_slack_cli::{Session, Settings, Talk, account::Account, project::Project};
use countersign_slack_workspace::{Config, Running, Workspace};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

/// So long something is waited for that is about to happen; a test that needs it has failed.
const SOON: Duration = Duration::from_mins(1);

/// Variables of whoever runs the tests that would change what they see.
const FOREIGN: [&str; 12] = [
    "CI",
    "PYTHONHOME",
    "SLACK_API_URL",
    "SLACK_APP_PATH",
    "SLACK_APP_TOKEN",
    "SLACK_BOT_TOKEN",
    "SLACK_CLI_CUSTOM_FILE_PATH",
    "SLACK_CLI_TOKEN",
    "SLACK_CLI_XAPP",
    "SLACK_CLI_XOXB",
    "SLACK_CONFIG_DIR",
    "VIRTUAL_ENV",
];

/// A local Slack, a home, a project and a session in them.
///
/// The session's token is the command line's of alice, the workspace's owner; its credentials are in a home that is empty.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) slack: Running,
    pub(crate) session: Session,
    pub(crate) talk: Arc<Heard>,
    home: TempDir,
    project: TempDir,
}

impl World {
    /// A project whose manifest is [`manifest`], in `manifest.json`, and that has the hook `get-manifest` alone.
    pub(crate) async fn start() -> Self {
        let world = Self::with_hooks(&json!({"hooks": {"get-manifest": "sh get-manifest.sh"}})).await;
        // A script, for `cat` would not know the flags that it gets.
        world.write("get-manifest.sh", "cat manifest.json\n");
        world.write("manifest.json", &manifest().to_string());
        world
    }

    /// A project with this `.slack/hooks.json`, and nothing else in it.
    pub(crate) async fn with_hooks(hooks: &Value) -> Self {
        let world = Self::bare().await;
        world.write(".slack/hooks.json", &hooks.to_string());
        world
    }

    /// A directory that is no project.
    pub(crate) async fn bare() -> Self {
        Self::on(Config::default()).await
    }

    /// A directory that is no project, and a Slack that is made so.
    pub(crate) async fn on(config: Config) -> Self {
        let slack = Workspace::start(config).await.unwrap();
        let (home, project) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let talk = Arc::new(Heard::default());
        let session = Session {
            environment: environment(home.path()),
            directory: project.path().canonicalize().unwrap(),
            settings: Settings {
                apihost: Some(slack.ready().api_url.clone()),
                token: Some(slack.ready().cli_token.clone()),
                ..Settings::default()
            },
            talk: Arc::clone(&talk) as Arc<dyn Talk>,
            now: jiff::Timestamp::now,
        };
        Self { slack, session, talk, home, project }
    }

    /// The project's directory, without symbolic links in its path.
    pub(crate) fn root(&self) -> PathBuf {
        self.project.path().canonicalize().unwrap()
    }

    /// The home; credentials are in `.slack` of it.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        write(&self.root().join(name), text)
    }

    /// Writes a file of the project that can be run.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;

        let path = self.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Reads a file of the project.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.root().join(name)).unwrap()
    }

    /// Reads a file of the project as JSON.
    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Writes a file below the home's `.slack`.
    pub(crate) fn write_home(&self, name: &str, text: &str) -> PathBuf {
        write(&self.home().join(".slack").join(name), text)
    }

    /// Reads a file below the home's `.slack` as JSON.
    pub(crate) fn home_json(&self, name: &str) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.home().join(".slack").join(name)).unwrap()).unwrap()
    }

    /// The project, with its hooks.
    pub(crate) async fn open(&self) -> Project {
        Project::open(&self.session).await.unwrap()
    }

    /// The account of the session.
    pub(crate) async fn account(&self) -> Account {
        Account::choose(&self.session).await.unwrap()
    }

    /// What Slack knows: a method, called by the owner.
    pub(crate) async fn slack(&self, method: &str, arguments: Value) -> Value {
        self.account().await.api.call(method, &arguments).await.unwrap()
    }

    /// What only a test can do: `POST` to the control API.
    pub(crate) async fn control(&self, what: &str, body: &Value) -> Value {
        let ready = self.slack.ready();
        let client = Client::new(ready.control_url.parse().unwrap()).unwrap();
        let token = Token::new(&ready.control_token).unwrap();
        let call = RawCall::new("POST").unwrap().json(body.to_string());
        let answer = client.raw(Some(&token), what, call).await.unwrap();
        assert_eq!(answer.status, 200, "{what} {body}: {}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// The settings of the app with this id, as Slack has them.
    pub(crate) async fn manifest_of(&self, app: &str) -> Value {
        self.slack("apps.manifest.export", json!({"app_id": app})).await["manifest"].clone()
    }

    /// How often a method was called so far.
    pub(crate) fn calls(&self, method: &str) -> usize {
        let entries = self.slack.journal().into_iter();
        entries.filter(|entry| entry.kind == "api" && entry.value["method"] == method).count()
    }

    /// Writes `credentials.json`, as the official command line does, with the session's token in it; the session then has
    /// none of its own.
    pub(crate) fn sign_in(&mut self) {
        let ready = self.slack.ready();
        let credential = json!({
            "token": ready.cli_token.expose_secret(), "team_domain": "countersign", "team_id": ready.team_id,
            "user_id": ready.users["alice"], "last_updated": "2026-01-01T00:00:00Z",
        });
        let file = json!({(ready.team_id.as_str()): credential});
        self.write_home("credentials.json", &file.to_string());
        self.session.settings.token = None;
    }
}

/// A manifest that Slack takes, of an app over Socket Mode that hears mentions.
pub(crate) fn manifest() -> Value {
    json!({
        "display_information": {"name": "Orders"},
        "features": {"bot_user": {"display_name": "orders", "always_online": true}},
        "oauth_config": {"scopes": {"bot": ["app_mentions:read", "chat:write"]}},
        "settings": {
            "event_subscriptions": {"bot_events": ["app_mention"]}, "interactivity": {"is_enabled": true},
            "socket_mode_enabled": true,
        },
    })
}

fn environment(home: &Path) -> Environment {
    let mut environment = Environment::snapshot();
    for name in FOREIGN {
        environment.unset(name);
    }
    environment.set("HOME", home);
    environment
}

fn write(path: &Path, text: &str) -> PathBuf {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    path.to_owned()
}

/// A person who remembers everything, and answers what a test said before.
#[derive(Debug)]
pub(crate) struct Heard {
    memory: Mutex<Memory>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Memory {
    lines: Vec<String>,
    warnings: Vec<String>,
    questions: Vec<String>,
    streamed: Vec<u8>,
    answers: VecDeque<usize>,
}

impl Default for Heard {
    fn default() -> Self {
        Self { memory: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Heard {
    /// Everything that was said, warnings included.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.memory().lines.clone()
    }

    /// The warnings alone.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.memory().warnings.clone()
    }

    /// What was asked.
    pub(crate) fn questions(&self) -> Vec<String> {
        self.memory().questions.clone()
    }

    /// What hooks wrote beside their responses.
    pub(crate) fn streamed(&self) -> String {
        String::from_utf8_lossy(&self.memory().streamed).into_owned()
    }

    /// The next question is answered by this choice; yes is 1, no is 0. Without answers, nobody can be asked.
    pub(crate) fn answer(&self, choice: usize) {
        self.memory().answers.push_back(choice);
    }

    /// Waits for a line that contains a text.
    pub(crate) async fn hears(&self, text: &str) -> String {
        self.until(|memory| memory.lines.iter().find(|line| line.contains(text)).cloned(), text).await
    }

    /// Waits until hooks have written a text.
    pub(crate) async fn streams(&self, text: &str) {
        self.until(|memory| String::from_utf8_lossy(&memory.streamed).contains(text).then_some(()), text).await;
    }

    async fn until<T>(&self, look: impl Fn(&Memory) -> Option<T>, what: &str) -> T {
        let mut changed = self.changed.subscribe();
        let found = async {
            loop {
                if let Some(found) = look(&self.memory()) {
                    return found;
                }
                // The sender lives as long as we do.
                let _ = changed.changed().await;
            }
        };
        let found = tokio::time::timeout(SOON, found).await;
        found.unwrap_or_else(|_| panic!("nobody said {what:?}: {:#?}", self.memory()))
    }

    fn note(&self, note: impl FnOnce(&mut Memory)) {
        note(&mut self.memory());
        self.changed.send_replace(());
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Talk for Heard {
    fn stream(&self, bytes: &[u8]) {
        self.note(|memory| memory.streamed.extend_from_slice(bytes));
    }

    fn say(&self, line: &str) {
        self.note(|memory| memory.lines.push(line.to_owned()));
    }

    fn warn(&self, line: &str) {
        self.note(|memory| {
            memory.lines.push(line.to_owned());
            memory.warnings.push(line.to_owned());
        });
    }

    fn choose(&self, question: &str, options: &[String]) -> Option<usize> {
        let mut memory = self.memory();
        memory.questions.push(format!("{question} {options:?}"));
        memory.answers.pop_front().filter(|choice| *choice < options.len())
    }

    fn confirm(&self, question: &str) -> Option<bool> {
        let mut memory = self.memory();
        memory.questions.push(question.to_owned());
        memory.answers.pop_front().map(|choice| choice != 0)
    }
}
