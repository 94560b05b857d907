//! The other end of the wire: takes an agent's connections, says what a test wants said, and reads what comes back.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use countersign_agent::{
    Agent, AgentConfig, AgentError, AgentLimits, NodeUrl, Plaintext, SupervisorProgram, Surroundings,
};
use countersign_gateway::{
    SessionEnd, SessionId,
    wire::{
        CONTROL_PATH, DATA_PATH,
        control::{Action, EnvEntry, FromAgent, Input, Memory, Start, ToAgent, WindowSize},
        frame::{self, Channel, Status},
    },
};
use futures_util::{SinkExt as _, StreamExt as _};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
    },
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Generous: what never comes must not hang the suite, and nothing else.
pub(crate) const LONG: Duration = Duration::from_mins(1);
pub(crate) const TOKEN: &str = "agent-token";
pub(crate) const NAME: &str = "near";

type Socket = WebSocketStream<TcpStream>;

/// A listening node.
pub(crate) struct Node {
    listener: TcpListener,
    pub(crate) url: String,
    /// Data connections that came while a control connection was awaited, and the other way round.
    data: VecDeque<(String, Socket)>,
    controls: VecDeque<Control>,
}

/// A control connection after its hello.
pub(crate) struct Control {
    pub(crate) socket: Socket,
    pub(crate) hello: FromAgent,
    early: VecDeque<FromAgent>,
}

/// A data connection.
pub(crate) struct Data {
    pub(crate) socket: Socket,
}

/// All that came over a data connection.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) closed: Vec<Channel>,
    pub(crate) end: Option<SessionEnd>,
}

impl Node {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { listener, url, data: VecDeque::new(), controls: VecDeque::new() }
    }

    /// A node where another one was.
    pub(crate) async fn listen_again(url: &str) -> Self {
        let address = url.strip_prefix("http://").unwrap();
        let listener = TcpListener::bind(address).await.unwrap();
        Self { listener, url: url.to_owned(), data: VecDeque::new(), controls: VecDeque::new() }
    }

    /// Takes one connection of whatever kind.
    async fn accept(&mut self) {
        let (stream, _) = timeout(LONG, self.listener.accept()).await.expect("a connection").unwrap();
        let (mut path, mut bearer) = (String::new(), String::new());
        #[expect(clippy::result_large_err, reason = "the library's type")]
        let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            request.uri().path().clone_into(&mut path);
            let header = request.headers().get("authorization").unwrap().to_str().unwrap();
            header.strip_prefix("Bearer ").unwrap().clone_into(&mut bearer);
            Ok(response)
        };
        // Who needs a connection no more may hang up in the middle of the handshake.
        let Ok(mut socket) = accept_hdr_async(stream, look).await else { return };
        match path.as_str() {
            CONTROL_PATH => {
                assert_eq!(bearer, TOKEN);
                let hello = socket.next().await.unwrap().unwrap();
                let hello = serde_json::from_str(hello.to_text().unwrap()).unwrap();
                self.controls.push_back(Control { socket, hello, early: VecDeque::new() });
            }
            DATA_PATH => {
                assert_ne!(bearer, TOKEN, "data connections have a ticket, never the token");
                self.data.push_back((bearer, socket));
            }
            other => panic!("a connection to {other}"),
        }
    }

    /// The next control connection, not welcomed yet.
    pub(crate) async fn hello(&mut self) -> Control {
        loop {
            if let Some(control) = self.controls.pop_front() {
                return control;
            }
            self.accept().await;
        }
    }

    /// The next control connection, welcomed.
    pub(crate) async fn control(&mut self) -> Control {
        let mut control = self.hello().await;
        control.welcome(std::slice::from_ref(&self.url)).await;
        control
    }

    /// The data connection with this ticket.
    pub(crate) async fn data(&mut self, ticket: &str) -> Data {
        loop {
            if let Some(index) = self.data.iter().position(|(bearer, _)| bearer == ticket) {
                return Data { socket: self.data.remove(index).unwrap().1 };
            }
            self.accept().await;
        }
    }

    /// Answers the next request with an HTTP status.
    pub(crate) async fn refuse(&mut self, status: u16, message: &str) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let (mut stream, _) = timeout(LONG, self.listener.accept()).await.expect("a connection").unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let body = serde_json::json!({ "error": { "code": "refused", "message": message } }).to_string();
        let head = format!("HTTP/1.1 {status} No\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    }

    /// Starts a session, and takes its data connection.
    pub(crate) async fn start(&mut self, control: &mut Control, start: Start) -> Data {
        let ticket = start.ticket.clone();
        control.say(&ToAgent::Start(Box::new(start))).await;
        self.data(&ticket).await
    }

    /// A start with nothing approved.
    pub(crate) fn order(&self, action: Action) -> Start {
        let session = new_session();
        Start {
            session,
            node: self.url.clone(),
            ticket: format!("ticket-{session}"),
            connection: "bash".parse().unwrap(),
            action,
            env: Vec::<EnvEntry>::new(),
            approved: None,
            lifetime_ms: None,
            person: "alice@example.com".to_owned(),
        }
    }

    /// A shell script with live input.
    pub(crate) fn script(&self, script: &str) -> Start {
        self.order(exec(&["sh", "-c", script]))
    }

    /// A shell script on a terminal.
    pub(crate) fn on_terminal(&self, script: &str) -> Start {
        self.order(Action::Terminal {
            argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
            term: "xterm".to_owned(),
            size: WindowSize { rows: 24, cols: 80 },
        })
    }
}

pub(crate) fn exec(argv: &[&str]) -> Action {
    Action::Exec { argv: argv.iter().map(|&arg| arg.to_owned()).collect(), input: Input::Live }
}

/// Ids that grow, as real ones do.
pub(crate) fn new_session() -> SessionId {
    use std::sync::atomic::{AtomicU64, Ordering};

    static LAST: AtomicU64 = AtomicU64::new(1);
    let low = u64::from(std::process::id());
    format!("{:016x}{low:016x}", LAST.fetch_add(1, Ordering::Relaxed)).parse().unwrap()
}

impl Control {
    pub(crate) async fn welcome(&mut self, nodes: &[String]) {
        self.say(&ToAgent::Welcome { agent: NAME.to_owned(), server: "0".to_owned(), nodes: nodes.to_vec() }).await;
    }

    pub(crate) async fn say(&mut self, message: &ToAgent) {
        self.say_text(&serde_json::to_string(message).unwrap()).await;
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next message; `None` when the connection ended.
    pub(crate) async fn next(&mut self) -> Option<FromAgent> {
        if let Some(message) = self.early.pop_front() {
            return Some(message);
        }
        self.read().await
    }

    async fn read(&mut self) -> Option<FromAgent> {
        loop {
            match timeout(LONG, self.socket.next()).await.expect("a message")? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    async fn find<T>(&mut self, mut wanted: impl FnMut(&FromAgent) -> Option<T>) -> T {
        if let Some(index) = self.early.iter().position(|message| wanted(message).is_some()) {
            return wanted(&self.early.remove(index).unwrap()).unwrap();
        }
        loop {
            let message = self.read().await.expect("the control connection");
            if let Some(found) = wanted(&message) {
                return found;
            }
            self.early.push_back(message);
        }
    }

    pub(crate) async fn started(&mut self, session: SessionId) {
        self.find(|message| (*message == FromAgent::Started { session }).then_some(())).await;
    }

    pub(crate) async fn ended(&mut self, wanted: SessionId) -> SessionEnd {
        self.find(|message| match message {
            FromAgent::Ended { session, end } if *session == wanted => Some(end.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn recall(&mut self, wanted: SessionId) -> Memory {
        self.say(&ToAgent::Recall { sessions: vec![wanted] }).await;
        self.recalled(wanted).await
    }

    pub(crate) async fn recalled(&mut self, wanted: SessionId) -> Memory {
        self.find(|message| match message {
            FromAgent::Recalled { session, memory } if *session == wanted => Some(memory.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn stop(&mut self, session: SessionId, why: &str) {
        self.say(&ToAgent::Stop { session, why: why.to_owned() }).await;
    }
}

impl Data {
    pub(crate) async fn send(&mut self, data: &[u8]) {
        self.socket.send(Message::Binary(Channel::Stdin.frame(data))).await.unwrap();
    }

    pub(crate) async fn send_raw(&mut self, message: Bytes) {
        self.socket.send(Message::Binary(message)).await.unwrap();
    }

    pub(crate) async fn close_stdin(&mut self) {
        self.send_raw(Channel::Stdin.close()).await;
    }

    /// Reads until standard output holds `text`.
    pub(crate) async fn until(&mut self, text: &str) -> Output {
        let mut output = Output::default();
        while !String::from_utf8_lossy(&output.stdout).contains(text) {
            assert!(self.take(&mut output).await, "{text:?} never came: {output:?}");
        }
        output
    }

    /// Reads to the end.
    pub(crate) async fn rest(&mut self) -> Output {
        let mut output = Output::default();
        while self.take(&mut output).await {}
        output
    }

    /// Takes one message; `false` at the end.
    pub(crate) async fn take(&mut self, output: &mut Output) -> bool {
        let Some(Ok(message)) = timeout(LONG, self.socket.next()).await.expect("a frame") else { return false };
        if message.is_close() {
            // The answer to a close goes out with the next call.
            let _ = timeout(LONG, self.socket.flush()).await;
        }
        let Message::Binary(message) = message else { return !message.is_close() };
        assert_eq!(output.end, None, "nothing comes after the status");
        let (channel, data) = frame::split(&message).unwrap();
        match channel {
            Channel::Stdout => output.stdout.extend_from_slice(&data),
            Channel::Stderr => output.stderr.extend_from_slice(&data),
            Channel::Close => output.closed.push(frame::closed(&data).unwrap()),
            Channel::Status => output.end = Some(serde_json::from_slice::<Status>(&data).unwrap().end),
            Channel::Stdin => panic!("stdin from the agent"),
        }
        true
    }
}

impl Output {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }

    /// An end as it stands in an output.
    #[expect(clippy::unnecessary_wraps, reason = "it is compared with what may be missing")]
    pub(crate) fn exited(code: u8) -> Option<SessionEnd> {
        Some(SessionEnd::Exited { code })
    }
}

/// A running agent of this process.
pub(crate) struct Running {
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), AgentError>>,
    pub(crate) dir: Dir,
}

/// Where an agent's state is.
pub(crate) struct Dir(TempDir);

impl Dir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The example beside this test: `target/<profile>/examples`.
pub(crate) fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples/agent_process");
    assert!(path.exists(), "{} is missing; `cargo test` builds it", path.display());
    path
}

pub(crate) fn config(node: &Node, dir: &Dir) -> AgentConfig {
    AgentConfig {
        server: NodeUrl::parse(&node.url, Plaintext::LoopbackOnly).unwrap(),
        plaintext: Plaintext::LoopbackOnly,
        token: SecretString::from(TOKEN),
        name: None,
        version: "0".to_owned(),
        state_dir: dir.path().to_owned(),
        ca_file: None,
        cgroup: None,
        supervisor: SupervisorProgram { program: program(), args: vec!["agent".into(), "supervise".into()] },
        surroundings: surroundings(),
        limits: AgentLimits::default(),
    }
}

fn surroundings() -> Surroundings {
    [("PATH", "/usr/bin:/bin"), ("HOME", "/tmp"), ("LANG", "C.UTF-8"), ("PGPASS_REF", "by-reference"), ("STRAY", "no")]
        .into_iter()
        .collect()
}

pub(crate) fn run(config: AgentConfig, dir: Dir) -> Running {
    let shutdown = CancellationToken::new();
    let task = TaskTracker::new().spawn(Agent::run(config, shutdown.clone()));
    Running { shutdown, task, dir }
}

/// A node with a connected agent.
pub(crate) async fn connected() -> (Node, Control, Running) {
    connected_with(|_| {}).await
}

pub(crate) async fn connected_with(change: impl FnOnce(&mut AgentConfig)) -> (Node, Control, Running) {
    let mut node = Node::listen().await;
    let dir = Dir::new();
    let mut config = config(&node, &dir);
    change(&mut config);
    let running = run(config, dir);
    let control = node.control().await;
    (node, control, running)
}

impl Running {
    /// Stops the agent, and gives back where its state is.
    pub(crate) async fn stop(self) -> Dir {
        self.shutdown.cancel();
        timeout(LONG, self.task).await.expect("the agent's end").unwrap().unwrap();
        self.dir
    }
}
