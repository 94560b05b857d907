//! A node without Slack, its people, and both ends of the wire.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use countersign_approval::{
    Approvals, AskPolicy, Combine, Decision, Effect, GroupName, Hints, Policy, RequestId, Requirement, SelfApproval,
    Verdict, Voter, Voters,
    policy::{Door, Matches},
};
use countersign_gateway::{
    AccessToken, Agent, ConnectionDraft, GatewayStore, PolicySource, Session, SessionEnd, SessionId, SessionState,
    StoredPolicy, Target, TokenHash, TokenOwner,
    port::{Change, SessionFilter},
    wire::{VERSION, VERSION_HEADER},
};
use countersign_server::{
    AuditKey,
    gateway::{Gateway, GatewayLimits, GatewayParts, GatewaySettings, Vault, serve},
};
use countersign_store::Database;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Bytes, Error, Message, client::IntoClientRequest as _},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::fixture::{SystemClock, SystemEntropy, id, person};

pub(super) const SOON: Duration = Duration::from_mins(1);

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server, and the directory that outlives it.
pub(super) struct Node {
    pub(super) approvals: Approvals,
    pub(super) store: Arc<dyn GatewayStore>,
    pub(super) url: String,
    pub(super) directory: Arc<tempfile::TempDir>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    database: Arc<Database>,
}

impl Node {
    pub(super) async fn start() -> Self {
        Self::with(GatewayLimits::default()).await
    }

    pub(super) async fn with(limits: GatewayLimits) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let node = Self::on(directory, listener, limits).await;
        for (name, groups) in [("root", &["admin"][..]), ("alice", &["sre"]), ("bob", &["dba"])] {
            let _put = node.store.put_account(person(name, groups), None, false, node.change()).await.unwrap();
            node.token(name, &format!("token-of-{name}")).await;
        }
        node.agent("default", "agent-token").await;
        node.connection("bash", Target::CommandLine { argv: vec!["bash".into()] }).await;
        node.connection("db", Target::Tcp { host: "127.0.0.1".into(), port: 5432 }).await;
        node
    }

    async fn on(directory: Arc<tempfile::TempDir>, listener: TcpListener, limits: GatewayLimits) -> Self {
        let database = Arc::new(Database::open(&directory.path().join("gateway.db"), Hints::default()).await.unwrap());
        let approvals = Approvals::new(Arc::clone(&database) as _, Arc::new(SystemClock), Arc::new(SystemEntropy));
        let url = format!("http://{}", listener.local_addr().unwrap());
        let store: Arc<dyn GatewayStore> = Arc::clone(&database) as _;
        let parts = GatewayParts {
            approvals: approvals.clone(),
            store: Arc::clone(&store),
            entropy: Arc::new(SystemEntropy),
            vault: Vault::with_key(&[7; 32]).unwrap(),
            audit_key: Arc::new(AuditKey::load_or_create(&directory.path().join("audit.key")).unwrap()),
        };
        let shutdown = CancellationToken::new();
        let gateway = Gateway::new(settings(&url, directory.path(), limits), parts, shutdown.clone());
        let tasks = TaskTracker::new();
        tasks.spawn(serve(gateway, listener, None));
        Self { approvals, store, url, directory, tasks, shutdown, database }
    }

    /// Another server on the same database and address.
    pub(super) async fn restart(self) -> Self {
        let (directory, url) = (Arc::clone(&self.directory), self.url.clone());
        self.stop().await;
        let listener = TcpListener::bind(url.trim_start_matches("http://")).await.unwrap();
        Self::on(directory, listener, GatewayLimits::default()).await
    }

    pub(super) async fn stop(&self) {
        self.shutdown.cancel();
        self.tasks.close();
        tokio::time::timeout(SOON, self.tasks.wait()).await.expect("the node ends");
        countersign_approval::Store::close(&*self.database).await;
    }

    pub(super) fn change(&self) -> Change {
        Change { actor: id("root"), at: self.approvals.now() }
    }

    async fn token(&self, name: &str, token: &str) {
        let kept = AccessToken {
            name: "test".to_owned(),
            hash: TokenHash::of(token),
            owner: TokenOwner::Person(id(name)),
            created_at: self.approvals.now(),
            expires_at: None,
            used_at: None,
        };
        let _put = self.store.put_token(kept, self.change()).await.unwrap();
    }

    pub(super) async fn agent(&self, name: &str, token: &str) {
        let agent = Agent {
            name: name.parse().unwrap(),
            token: TokenHash::of(token),
            created_at: self.approvals.now(),
            seen_at: None,
            version: None,
        };
        let _put = self.store.put_agent(agent, true, self.change()).await.unwrap();
    }

    pub(super) async fn connection(&self, name: &str, target: Target) {
        let draft =
            ConnectionDraft { name: name.parse().unwrap(), agent: "default".parse().unwrap(), target, env: vec![] };
        let _put = self.store.put_connection(draft, true, self.change()).await.unwrap();
    }

    /// Somebody of `sre` has to say yes to what comes through a door.
    pub(super) async fn review(&self, door: Door) {
        let ask = AskPolicy {
            requirements: vec![Requirement { voters: Voters::Group(GroupName::new("sre")), min: 1 }],
            combine: Combine::AllOf,
            min_people: 1,
            self_approval: SelfApproval::Refused,
            ttl: Duration::from_hours(1),
            max_duration: None,
            channels: Vec::new(),
            reason_required: false,
            claim_within: Some(Duration::from_hours(1)),
            break_glass: BTreeSet::from([GroupName::new("admin")]),
        };
        let policy = Policy {
            name: format!("review {door:?}"),
            matches: Matches { doors: vec![door], target: "*".into(), groups: BTreeSet::new() },
            effect: Effect::Ask(ask),
        };
        let stored = StoredPolicy { priority: 0, source: PolicySource::Policy, policy };
        let _put = self.store.put_policy(stored, true, self.change()).await.unwrap();
    }

    pub(super) async fn vote(&self, name: &str, request: RequestId, verdict: Verdict) {
        let request = self.approvals.store().request(request).await.unwrap().unwrap();
        let decision =
            Decision { token: request.token, voter: Voter::Person(id(name)), verdict, reason: Some("because".into()) };
        self.approvals.decide(decision).await.unwrap();
    }

    /// The session once it stands so.
    pub(super) async fn session(&self, id: SessionId, stands: impl Fn(&Session) -> bool) -> Session {
        let look = async {
            loop {
                let session = self.store.session(id).await.unwrap().unwrap();
                if stands(&session) {
                    return session;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, look).await.expect("the session stands so in time")
    }

    pub(super) async fn end_of(&self, id: SessionId) -> SessionEnd {
        let session = self.session(id, |session| matches!(session.state, SessionState::Ended { .. })).await;
        let SessionState::Ended { how, .. } = session.state else { unreachable!() };
        how
    }

    pub(super) async fn no_sessions(&self) -> bool {
        let filter = SessionFilter { limit: 10, ..SessionFilter::default() };
        self.store.sessions(filter).await.unwrap().is_empty()
    }

    /// Status and body of a plain request; of HTTP 1.0, so that the body is as it is.
    pub(super) async fn get(&self, path: &str, token: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nauthorization: Bearer {token}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// A WebSocket, or the HTTP status of its refusal.
    pub(super) async fn dial(&self, path: &str, token: &str) -> Result<End, u16> {
        self.dial_as(path, token, &VERSION.to_string()).await
    }

    pub(super) async fn dial_as(&self, path: &str, token: &str, version: &str) -> Result<End, u16> {
        let mut request = format!("{}{path}", self.url.replacen("http", "ws", 1)).into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request.headers_mut().insert(VERSION_HEADER, version.parse().unwrap());
        match connect_async(request).await {
            Ok((socket, _)) => Ok(End(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// One end of a WebSocket.
pub(super) struct End(Socket);

impl End {
    pub(super) async fn say<T: Serialize>(&mut self, message: &T) {
        self.send(Message::text(serde_json::to_string(message).unwrap())).await;
    }

    pub(super) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    pub(super) async fn frame(&mut self, frame: Bytes) {
        self.send(Message::Binary(frame)).await;
    }

    /// The next message that is no ping; `None` when it is closed.
    pub(super) async fn next(&mut self) -> Option<Message> {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(message)) => return Some(message),
                }
            }
        };
        tokio::time::timeout(SOON, next).await.expect("a message in time")
    }

    pub(super) async fn heard<T: DeserializeOwned>(&mut self) -> T {
        let Some(Message::Text(text)) = self.next().await else { panic!("no text") };
        serde_json::from_str(&text).unwrap()
    }

    pub(super) async fn heard_frame(&mut self) -> Bytes {
        match self.next().await {
            Some(Message::Binary(frame)) => frame,
            other => panic!("{other:?} where a frame is due"),
        }
    }

    /// Resolves when everything that was said has been read.
    pub(super) async fn is_heard(&mut self) {
        self.send(Message::Ping(Bytes::from_static(b"heard?"))).await;
        let answered =
            async { while !matches!(self.0.next().await.expect("a connection").unwrap(), Message::Pong(_)) {} };
        tokio::time::timeout(SOON, answered).await.expect("an answer in time");
    }

    pub(super) async fn close(mut self) {
        let _ = self.0.close(None).await;
    }
}

fn settings(url: &str, directory: &Path, limits: GatewayLimits) -> GatewaySettings {
    GatewaySettings {
        version: "0.0.0".to_owned(),
        advertise: url.to_owned(),
        public_url: url.to_owned(),
        recordings: directory.join("recordings"),
        slack_api: "http://127.0.0.1:9/api/".parse().unwrap(),
        keep_requests: None,
        allow_unreviewed: true,
        redactions: vec![regex::bytes::Regex::new("hunter[0-9]{1,9}").unwrap()],
        limits,
    }
}
