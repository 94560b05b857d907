//! A node with one administrator, and somebody who calls it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use countersign_approval::{Approvals, Clock, Entropy, Hints, Sleep, Timestamp};
use countersign_gateway::GatewayStore;
use countersign_server::{
    AuditKey,
    gateway::{Gateway, GatewayLimits, GatewayParts, GatewaySettings, Vault, bootstrap_token, serve},
};
use countersign_slack_workspace::{Config, Running, Workspace};
use countersign_store::Database;
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) const ROOT: &str = "root@example.com";

/// The system's time and what the test adds to it.
#[derive(Debug, Default)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    #[expect(clippy::disallowed_methods, reason = "the one place of these tests that asks the system for the time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(micros + self.0.load(Ordering::SeqCst))
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

/// A node, and its first administrator's token.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) workspace: Running,
    pub(crate) approvals: Approvals,
    pub(crate) store: Arc<dyn GatewayStore>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) root: String,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    _directory: tempfile::TempDir,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// The message of a failure with this status and code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> String {
        assert_eq!((self.status, self.body["error"]["code"].as_str()), (status, Some(code)), "{}", self.body);
        self.body["error"]["message"].as_str().unwrap().to_owned()
    }

    /// The field that a failure names.
    #[track_caller]
    pub(crate) fn field(&self) -> &str {
        self.body["error"]["field"].as_str().unwrap_or_else(|| panic!("names no field: {}", self.body))
    }
}

impl World {
    /// A node that nobody has signed in to.
    pub(crate) async fn bare() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let workspace = Workspace::start(Config::default()).await.unwrap();
        let path = directory.path().join("gateway.db");
        let database = Arc::new(Database::open(path.as_path(), Hints::default()).await.unwrap());
        let clock = Arc::new(TestClock::default());
        let approvals = Approvals::new(Arc::clone(&database) as _, Arc::clone(&clock) as _, Arc::new(SystemEntropy));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let store: Arc<dyn GatewayStore> = database;
        let parts = GatewayParts {
            approvals: approvals.clone(),
            store: Arc::clone(&store),
            entropy: Arc::new(SystemEntropy),
            vault: Vault::load_or_create(&directory.path().join("server.key")).unwrap(),
            audit_key: Arc::new(AuditKey::load_or_create(&directory.path().join("audit.key")).unwrap()),
        };
        let shutdown = CancellationToken::new();
        let settings = GatewaySettings {
            version: "1.2.3".to_owned(),
            advertise: url.clone(),
            public_url: url.clone(),
            recordings: directory.path().join("recordings"),
            slack_api: workspace.ready().api_url.parse().unwrap(),
            keep_requests: None,
            allow_unreviewed: false,
            redactions: Vec::new(),
            limits: GatewayLimits::default(),
        };
        let gateway = Gateway::new(settings, parts, shutdown.clone());
        let tasks = TaskTracker::new();
        tasks.spawn(serve(gateway.clone(), listener, None));
        // Any client of ours chooses the TLS provider for the process.
        countersign_slack::client::Client::new(workspace.ready().api_url.parse().unwrap()).unwrap();
        let http = reqwest::Client::builder().build().unwrap();
        let root = String::new();
        Self { gateway, workspace, approvals, store, clock, url, http, root, tasks, shutdown, _directory: directory }
    }

    /// A node whose administrator is `root@example.com`.
    pub(crate) async fn start() -> Self {
        let mut world = Self::bare().await;
        let token = bootstrap_token(&world.gateway).await.unwrap().unwrap();
        let body = json!({ "token": token.expose_secret(), "email": ROOT });
        let signed_in = world.send(Method::POST, "", "/api/v1/bootstrap", Some(body)).await.ok();
        world.root = signed_in["token"].as_str().unwrap().to_owned();
        world
    }

    pub(crate) fn request(&self, method: Method, token: &str, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    pub(crate) async fn send(&self, method: Method, token: &str, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, token, path);
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        answer(request).await
    }

    /// As the administrator.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, &self.root, &format!("/api/v1{path}"), None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, &self.root, &format!("/api/v1{path}"), Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, &self.root, &format!("/api/v1{path}"), Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, &self.root, &format!("/api/v1{path}"), None).await
    }

    /// As somebody else.
    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.send(Method::GET, token, &format!("/api/v1{path}"), None).await
    }

    pub(crate) async fn post_as(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send(Method::POST, token, &format!("/api/v1{path}"), Some(body)).await
    }

    /// A new person with these groups; answers a token of theirs.
    pub(crate) async fn person(&self, name: &str, groups: &[&str]) -> String {
        let email = format!("{name}@example.com");
        self.put(&format!("/users/{email}"), json!({ "groups": groups })).await.ok();
        let made = self.post(&format!("/users/{email}/tokens"), json!({ "name": "test" })).await.ok();
        made["token"].as_str().unwrap().to_owned()
    }

    /// A connection that runs `bash`.
    pub(crate) async fn connection(&self, name: &str) -> Value {
        let body = json!({ "agent": "default", "target": { "command": ["bash"] } });
        self.put(&format!("/connections/{name}"), body).await.ok()
    }

    /// Ends the node and waits for its end.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.tasks.close();
        tokio::time::timeout(Duration::from_secs(30), self.tasks.wait()).await.unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Sends, and reads JSON: whatever is answered under `/api` is.
pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: not JSON: {text:?}"));
    Answer { status, body }
}
