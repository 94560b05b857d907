//! A gateway on a workspace of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use countersign_approval::{
    Access, Approvals, Ask, AskPolicy, Asked, Blob, Clock, Combine, Command, Destination, Entropy, GroupName, Hints,
    Person, PersonId, Request, RequestId, Requester, Requirement, SelfApproval, SlackIdentity, Sleep, Subject,
    Timestamp, Voters,
};
use countersign_gateway::{
    AccessToken, GatewayStore, Place, TokenHash, TokenOwner,
    plugin::{Channel, SLACK_SETTING, StoredSlack},
    port::{Change, Put},
};
use countersign_server::{
    AuditKey,
    gateway::{Gateway, GatewayLimits, GatewayParts, GatewaySettings, Vault, serve},
};
use countersign_slack::{
    client::{Client, Token},
    ids::AppId,
};
use countersign_slack_workspace::{
    Config, Running, Workspace,
    model::Ts,
    person::{Answer, Invocation},
};
use countersign_store::Database;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) const SOON: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place of these tests that asks the system for the time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[derive(Debug)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bytes16(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).unwrap();
        bytes
    }
}

/// A node, its workspace and its people.
pub(crate) struct World {
    pub(crate) workspace: Running,
    pub(crate) approvals: Approvals,
    pub(crate) store: Arc<dyn GatewayStore>,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    vault: Vault,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    _directory: tempfile::TempDir,
}

impl World {
    /// A node without Slack.
    pub(crate) async fn without_slack() -> Self {
        let (world, serving) = Self::prepared().await;
        world.tasks.spawn(serving);
        world
    }

    /// A node that serves nobody yet: what it does for that.
    async fn prepared() -> (Self, impl Future<Output = ()> + Send + 'static) {
        let directory = tempfile::tempdir().unwrap();
        let workspace = Workspace::start(Config::default()).await.unwrap();
        let database = Arc::new(Database::open(&directory.path().join("gateway.db"), Hints::default()).await.unwrap());
        let approvals = Approvals::new(Arc::clone(&database) as _, Arc::new(SystemClock), Arc::new(SystemEntropy));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let store: Arc<dyn GatewayStore> = database;
        let parts = GatewayParts {
            approvals: approvals.clone(),
            store: Arc::clone(&store),
            entropy: Arc::new(SystemEntropy),
            vault: Vault::with_key(&KEY).unwrap(),
            audit_key: Arc::new(AuditKey::load_or_create(&directory.path().join("audit.key")).unwrap()),
        };
        let shutdown = CancellationToken::new();
        let settings = settings(&url, &workspace, directory.path());
        let gateway = Gateway::new(settings, parts, shutdown.clone());
        let serving = async move {
            let _ended = serve(gateway, listener, None).await;
        };
        // It chooses the process's TLS provider, which any other client needs too.
        let _slack_client = Client::new(workspace.ready().api_url.parse().unwrap()).unwrap();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let vault = Vault::with_key(&KEY).unwrap();
        let tasks = TaskTracker::new();
        let world = Self { workspace, approvals, store, url, http, vault, tasks, shutdown, _directory: directory };
        world.people().await;
        (world, serving)
    }

    /// A node whose app shows the connection `bash` in `#approvals` and `#general`.
    pub(crate) async fn start() -> Self {
        // What is there when it begins, it need not notice later.
        let (world, serving) = Self::prepared().await;
        world.install("approvals", &["general"]).await;
        world.tasks.spawn(serving);
        world.connected(|count| count > 0).await;
        world
    }

    /// A node whose app has these scopes only, and is in both channels.
    pub(crate) async fn with_scopes(scopes: &[&str]) -> Self {
        let (world, serving) = Self::prepared().await;
        let ready = world.workspace.ready();
        let url = format!("{}apps", ready.control_url);
        let wanted = serde_json::json!({ "name": "limited", "scopes": scopes });
        let made = world.http.post(url).bearer_auth(ready.control_token.expose_secret()).json(&wanted).send().await;
        let made: Value = made.unwrap().json().await.unwrap();
        let text = |name: &str| made["app"][name].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        let user = Token::new(&ready.user_token).unwrap();
        let client = Client::new(ready.api_url.parse().unwrap()).unwrap();
        for channel in ["approvals", "general"] {
            let channel = world.workspace.channel(channel).unwrap();
            let args = serde_json::json!({ "channel": channel, "users": text("bot_user_id") });
            // It may be there already.
            let _invited = client.call::<Value>(&user, "conversations.invite", &args).await;
        }
        let tokens = [text("bot_token"), text("app_token")].map(SecretString::from);
        world.install_app(&tokens, "approvals", &["general"]).await;
        world.tasks.spawn(serving);
        let app = AppId::from(text("app_id"));
        let look = |running: &Running| (running.workspace().connections(&app) > 0).then_some(());
        world.workspace.wait(look, SOON).await.expect("connections in time");
        world
    }

    /// Stores the slack plugin's settings, as the API does; a running node notices within seconds.
    pub(crate) async fn install(&self, channel: &str, own: &[&str]) {
        let ready = self.workspace.ready();
        let tokens = [ready.bot_token.clone(), ready.app_token.clone()];
        self.install_app(&tokens, channel, own).await;
    }

    async fn install_app(&self, [bot, app]: &[SecretString; 2], channel: &str, own: &[&str]) {
        let seal =
            |key, secret: &SecretString| self.vault.seal(Place::Plugin { plugin: "slack", key }, secret).unwrap();
        let channels: Vec<Channel> = own.iter().map(|name| Channel::try_from((*name).to_owned()).unwrap()).collect();
        let stored = StoredSlack {
            priority: -1,
            bot_token: seal("SLACK_BOT_TOKEN", bot),
            app_token: seal("SLACK_APP_TOKEN", app),
            channels: vec![Channel::try_from(channel.to_owned()).unwrap()],
            connections: BTreeMap::from([("bash".parse().unwrap(), channels)]),
        };
        let json = serde_json::to_string(&stored).unwrap();
        self.store.put_setting(SLACK_SETTING, Some(json), self.change()).await.unwrap();
    }

    /// Waits until so many connections of the app are open.
    pub(crate) async fn connected(&self, enough: impl Fn(usize) -> bool + Copy) {
        let app = self.workspace.ready().app_id.clone();
        let look = |running: &Running| enough(running.workspace().connections(&app)).then_some(());
        self.workspace.wait(look, SOON).await.expect("connections in time");
    }

    pub(crate) fn change(&self) -> Change {
        Change { actor: PersonId::new("root@example.org"), at: self.approvals.now() }
    }

    async fn people(&self) {
        for (name, groups, account) in [
            ("root", &["admin"][..], None),
            ("ada", &["sre"], None),
            ("alice", &["sre"], Some("alice")),
            ("bob", &["dba"], Some("bob")),
        ] {
            let identity = account.map(|account| self.identity(account));
            let person = person(name, groups);
            let put = self.store.put_account(person, identity, false, self.change()).await.unwrap();
            assert!(matches!(put, Put::Created(_)), "{put:?}");
        }
    }

    pub(crate) fn identity(&self, user: &str) -> SlackIdentity {
        let ready = self.workspace.ready();
        let user = self.workspace.user(user).unwrap().as_str().to_owned();
        SlackIdentity { org: ready.team_id.as_str().to_owned(), user }
    }

    /// Asks for a command on `bash`, that somebody of each group has to approve, as the hub would.
    pub(crate) async fn ask(&self, requester: &str, groups: &[&str]) -> Request {
        self.ask_for(requester, groups, command(requester, "ls")).await
    }

    pub(crate) async fn ask_for(&self, requester: &str, groups: &[&str], subject: Subject) -> Request {
        let channels = ["approvals", "general"].map(|name| self.workspace.channel(name).unwrap());
        let ask = Ask {
            key: self.approvals.fresh_key(),
            subject,
            requester: Requester::Person(id(requester)),
            policy: policy(groups, channels.iter().map(|channel| Destination::new(channel.as_str())).collect()),
            reason: Some("INC-7".to_owned()),
            patience: Duration::from_hours(1),
        };
        let Asked::New(request) = self.approvals.ask(ask).await.unwrap() else { panic!("asked twice") };
        request
    }

    /// The message in a channel that names the request, once it holds a text.
    pub(crate) async fn shown(&self, channel: &str, request: RequestId, text: &str) -> Ts {
        let channel = self.workspace.channel(channel).unwrap();
        let short = request.short();
        let holds = |message: &Value| {
            let whole = message.to_string();
            whole.contains(&short) && whole.contains(text) && message["thread_ts"].is_null_or_own(message)
        };
        let found = self.workspace.wait_for_message(&channel, holds, SOON).await;
        let found = found.unwrap_or_else(|_| {
            panic!("no message with {text:?} in #{channel}: {:#?}", self.workspace.messages(&channel))
        });
        Ts::parse(found["ts"].as_str().unwrap()).unwrap()
    }

    /// Presses a button of the request's message in `#approvals`.
    pub(crate) async fn click(&self, user: &str, ts: Ts, action: &str) -> Answer {
        let (user, channel) = (self.workspace.user(user).unwrap(), self.workspace.channel("approvals").unwrap());
        self.workspace.click(&user, &channel, ts, action).await.unwrap()
    }

    /// Waits for what one person alone is told in `#approvals`.
    pub(crate) async fn whispered(&self, user: &str, text: &str) -> Arc<Value> {
        let (user, channel) = (self.workspace.user(user).unwrap(), self.workspace.channel("approvals").unwrap());
        let holds = |message: &Value| message.to_string().contains(text);
        let found = self.workspace.wait_for_ephemeral(&channel, &user, holds, SOON).await;
        found.unwrap_or_else(|_| panic!("no {text:?} among {:#?}", self.workspace.ephemerals(&channel, &user)))
    }

    /// Waits for a direct message of the app.
    pub(crate) async fn told(&self, user: &str, text: &str) -> Arc<Value> {
        let user = self.workspace.user(user).unwrap();
        let look = |running: &Running| {
            let room = running.im(&user)?;
            running.messages(&room).into_iter().find(|message| message.to_string().contains(text))
        };
        let found = self.workspace.wait(look, SOON).await;
        found.unwrap_or_else(|| panic!("no direct message with {text:?}"))
    }

    /// Types `/countersign …` in `#approvals`.
    pub(crate) async fn slash(&self, user: &str, text: &str) -> Answer {
        let (user, channel) = (self.workspace.user(user).unwrap(), self.workspace.channel("approvals").unwrap());
        let invocation = Invocation { user, channel, command: "/countersign".to_owned(), text: text.to_owned() };
        self.workspace.workspace().command(invocation).await.unwrap()
    }

    /// A token of the API for somebody.
    pub(crate) async fn token(&self, name: &str) -> String {
        let token = format!("token-of-{name}");
        let kept = AccessToken {
            name: "test".to_owned(),
            hash: TokenHash::of(&token),
            owner: TokenOwner::Person(id(name)),
            created_at: self.approvals.now(),
            expires_at: None,
            used_at: None,
        };
        let _put = self.store.put_token(kept, self.change()).await.unwrap();
        token
    }

    /// Ends the node and waits for its end.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.tasks.close();
        tokio::time::timeout(SOON, self.tasks.wait()).await.unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Messages of a channel beside replies.
trait Thread {
    fn is_null_or_own(&self, message: &Value) -> bool;
}

impl Thread for Value {
    fn is_null_or_own(&self, message: &Value) -> bool {
        self.is_null() || *self == message["ts"]
    }
}

const KEY: [u8; 32] = [7; 32];

fn settings(url: &str, workspace: &Running, directory: &Path) -> GatewaySettings {
    GatewaySettings {
        version: "0.0.0".to_owned(),
        advertise: url.to_owned(),
        public_url: url.to_owned(),
        recordings: directory.join("recordings"),
        slack_api: workspace.ready().api_url.parse().unwrap(),
        keep_requests: None,
        allow_unreviewed: false,
        redactions: vec![regex::bytes::Regex::new("hunter[0-9]+").unwrap()],
        limits: GatewayLimits::default(),
    }
}

pub(crate) fn id(name: &str) -> PersonId {
    PersonId::new(format!("{name}@example.org"))
}

pub(crate) fn person(name: &str, groups: &[&str]) -> Person {
    let groups = groups.iter().map(|group| GroupName::new(*group)).collect();
    Person { id: id(name), name: name.to_owned(), email: Some(id(name).as_str().to_owned()), groups, active: true }
}

pub(crate) fn command(requester: &str, argument: &str) -> Subject {
    Subject::Command(Command {
        connection: "bash".into(),
        revision: 1,
        agent: "default".into(),
        argv: vec!["bash".into(), argument.into()],
        input: Blob::default(),
        env: vec![],
        requester: id(requester),
    })
}

pub(crate) fn access(requester: &str) -> Subject {
    Subject::Access(Access {
        connection: "bash".into(),
        revision: 1,
        requester: id(requester),
        duration: Duration::from_mins(30),
    })
}

fn policy(groups: &[&str], channels: Vec<Destination>) -> AskPolicy {
    let group = |name: &&str| Requirement { voters: Voters::Group(GroupName::new(*name)), min: 1 };
    AskPolicy {
        requirements: groups.iter().map(group).collect(),
        combine: Combine::AllOf,
        min_people: 1,
        self_approval: SelfApproval::Refused,
        ttl: Duration::from_hours(1),
        max_duration: None,
        channels,
        reason_required: false,
        claim_within: Some(Duration::from_hours(1)),
        break_glass: BTreeSet::new(),
    }
}
