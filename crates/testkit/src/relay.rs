//! Between the daemon and the workspace: cuts the line, or changes what is said on it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// More than any message of a test: what is changed is looked for in what one read brings.
const CHUNK_BYTES: usize = 1 << 20;

/// A relay on a port of its own. What it leads to is said once that is known.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    line: Arc<Line>,
    closing: CancellationToken,
}

#[derive(Debug)]
struct Line {
    address: SocketAddr,
    /// Locked for a look only.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    target: Option<SocketAddr>,
    /// Ends the connections that are open now; `None` while the line is cut.
    open: Option<CancellationToken>,
    /// What the workspace says, and what the daemon hears in its place.
    disguises: Vec<(String, String)>,
}

impl Relay {
    /// Listens.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("its number");
        let line = Arc::new(Line { address, state: Mutex::default() });
        let closing = CancellationToken::new();
        TaskTracker::new().spawn(accept(listener, Arc::clone(&line), closing.clone()));
        Self { address, line, closing }
    }

    /// The Web API's base as seen through the relay.
    pub fn api_url(&self) -> String {
        format!("http://{}/api/", self.address)
    }

    /// Leads to the Web API at this base.
    pub fn lead_to(&self, api_url: &str) {
        let target = api_url.trim_start_matches("http://").trim_end_matches("/api/");
        let target: SocketAddr = target.parse().expect("an address on loopback");
        self.line.with(|state| {
            state.target = Some(target);
            state.open = Some(CancellationToken::new());
        });
    }

    /// Cuts every connection, and takes no other.
    pub fn cut(&self) {
        if let Some(open) = self.line.with(|state| state.open.take()) {
            open.cancel();
        }
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.line.with(|state| state.open = Some(CancellationToken::new()));
    }

    /// From now on the daemon hears `other` where the workspace says `text`. Both are as long, so that no length changes.
    pub fn disguise(&self, text: &str, other: &str) {
        assert_eq!(text.len(), other.len(), "a disguise has to be as long");
        self.line.with(|state| state.disguises.push((text.to_owned(), other.to_owned())));
    }

    /// The daemon hears what the workspace says.
    pub fn undisguise(&self) {
        self.line.with(|state| state.disguises.clear());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.closing.cancel();
        self.cut();
    }
}

impl Line {
    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the daemon hears in place of `bytes`: the relay's address for the workspace's, and every disguise.
    fn to_daemon(&self, bytes: Vec<u8>) -> Vec<u8> {
        let (target, disguises) = self.with(|state| (state.target, state.disguises.clone()));
        let bytes = match target {
            Some(target) => replaced(bytes, &target.to_string(), &self.address.to_string()),
            None => bytes,
        };
        disguises.iter().fold(bytes, |bytes, (text, other)| replaced(bytes, text, other))
    }

    /// The reverse, so that the workspace knows its own addresses and names again.
    fn to_workspace(&self, bytes: Vec<u8>) -> Vec<u8> {
        match self.with(|state| state.target) {
            Some(target) => replaced(bytes, &self.address.to_string(), &target.to_string()),
            None => bytes,
        }
    }
}

fn replaced(mut bytes: Vec<u8>, text: &str, other: &str) -> Vec<u8> {
    if text.len() != other.len() || text.is_empty() {
        return bytes;
    }
    let mut at = 0;
    while let Some(rest) = bytes.get_mut(at..) {
        let Some(found) = rest.windows(text.len()).position(|window| window == text.as_bytes()) else { break };
        if let Some(place) = rest.get_mut(found..found + text.len()) {
            place.copy_from_slice(other.as_bytes());
        }
        at += found + text.len();
    }
    bytes
}

async fn accept(listener: TcpListener, line: Arc<Line>, closing: CancellationToken) {
    let tasks = TaskTracker::new();
    loop {
        let stream = tokio::select! {
            () = closing.cancelled() => return,
            accepted = listener.accept() => accepted.map(|(stream, _)| stream),
        };
        let open = line.with(|state| state.target.zip(state.open.clone()));
        // While the line is cut whoever dials is hung up on.
        if let (Ok(stream), Some((target, open))) = (stream, open) {
            let line = Arc::clone(&line);
            tasks.spawn(async move {
                tokio::select! {
                    () = open.cancelled() => {}
                    () = join(stream, target, line) => {}
                }
            });
        }
    }
}

async fn join(daemon: TcpStream, target: SocketAddr, line: Arc<Line>) {
    let Ok(workspace) = TcpStream::connect(target).await else { return };
    let ((from_daemon, to_daemon), (from_workspace, to_workspace)) = (daemon.into_split(), workspace.into_split());
    tokio::join!(
        pass(from_daemon, to_workspace, |bytes| line.to_workspace(bytes)),
        pass(from_workspace, to_daemon, |bytes| line.to_daemon(bytes)),
    );
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, change: impl Fn(Vec<u8>) -> Vec<u8>) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        let bytes = chunk.get(..read).unwrap_or_default().to_vec();
        if to.write_all(&change(bytes)).await.is_err() {
            return;
        }
    }
}
