//! As much of Slack as an app needs to connect: a few methods, and the WebSocket.

use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::SinkExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::derive_accept_key, protocol::Role},
};

/// A request's head has not more.
const MAX_HEAD: usize = 64 * 1024;

/// The greeting that comes first on a connection.
const HELLO: &str = r#"{"type":"hello","num_connections":1,"debug_info":{"host":"applink-bench","build_number":1,"approximate_connection_time":18060},"connection_info":{"app_id":"A0BENCH0001"}}"#;

/// An app's connection, and when its hello was handed over.
pub(crate) type Greeted = (WebSocketStream<TcpStream>, Instant);

/// Listens; dropping it ends every connection that was not handed out.
#[derive(Debug)]
pub(crate) struct Server {
    /// What apps are given as `SLACK_API_URL`.
    pub(crate) api_url: String,
    connections: mpsc::UnboundedReceiver<Greeted>,
    _tasks: JoinSet<Result<()>>,
}

impl Server {
    /// Begins to listen.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = listener.local_addr()?.to_string();
        let (greeted, connections) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        let api_url = format!("http://{base}/api/");
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await?;
                connections.spawn(serve(stream, base.clone(), greeted.clone()));
            }
        });
        Ok(Self { api_url, connections, _tasks: tasks })
    }

    /// The next connection that was greeted.
    pub(crate) async fn greeted(&mut self) -> Result<Greeted> {
        self.connections.recv().await.context("nobody listens any more")
    }
}

/// Answers calls until the connection ends or becomes a WebSocket.
async fn serve(mut stream: TcpStream, base: String, greeted: mpsc::UnboundedSender<Greeted>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut received = Vec::new();
    while let Some(head) = read_head(&mut stream, &mut received).await? {
        let path = head.split(' ').nth(1).unwrap_or_default();
        if let Some(key) = header(&head, "sec-websocket-key") {
            let accept = derive_accept_key(key.as_bytes());
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await?;
            let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
            let at = Instant::now();
            socket.send(Message::text(HELLO)).await?;
            // Nobody waits for it once the measurement is over.
            let _ = greeted.send((socket, at));
            return Ok(());
        }
        let body = answer(path.rsplit('/').next().unwrap_or_default(), &base);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// Reads a request's head and throws its body away; nothing at the connection's end.
async fn read_head(stream: &mut TcpStream, received: &mut Vec<u8>) -> Result<Option<String>> {
    let end = loop {
        if let Some(at) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at + 4;
        }
        ensure!(received.len() < MAX_HEAD, "a head has no end");
        if stream.read_buf(received).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(received.get(..end).unwrap_or_default()).into_owned();
    let length: usize = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    while received.len() < end + length {
        if stream.read_buf(received).await? == 0 {
            bail!("the connection ended within a request");
        }
    }
    received.drain(..end + length);
    Ok(Some(head))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// What a method answers.
fn answer(method: &str, base: &str) -> String {
    match method.split('?').next().unwrap_or_default() {
        "apps.connections.open" => {
            format!(r#"{{"ok":true,"url":"ws://{base}/link/?ticket=bench&app_id=A0BENCH0001"}}"#)
        }
        "auth.test" => r#"{"ok":true,"url":"https://bench.slack.com/","team":"Bench","user":"app","team_id":"T0BENCH0001","user_id":"U0BENCHAPP1","bot_id":"B0BENCH0001","is_enterprise_install":false}"#.to_owned(),
        "chat.postMessage" => r#"{"ok":true,"channel":"C0BENCH0001","ts":"1795172333.000001","message":{"type":"message","user":"U0BENCHAPP1","text":"pong","ts":"1795172333.000001"}}"#.to_owned(),
        _ => r#"{"ok":true}"#.to_owned(),
    }
}
