//! The connection to the server.

use bytes::Bytes;
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use http::{HeaderValue, StatusCode, header::AUTHORIZATION};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{self, Message, client::IntoClientRequest as _, protocol::WebSocketConfig},
};
use url::{Host, Url};

use crate::wire::{
    MAX_FRAME_BYTES, MAX_TEXT_BYTES, RUN_PATH, VERSION, VERSION_HEADER,
    frame::{Channel, FrameError, split},
    run::{FromClient, FromServer},
};

/// Bytes that are gathered before they are written: a whole read of standard input with its header.
const WRITE_BUFFER_BYTES: usize = MAX_FRAME_BYTES;

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server, and the token to use there.
#[derive(Clone, Debug)]
pub struct Server {
    url: Url,
    token: SecretString,
}

/// Why a session could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Plain HTTP to another machine would show the token to the network.
    #[error("{0} is neither https nor on this machine: the token would cross the network in the clear")]
    Insecure(Url),
    /// The server could not be reached.
    #[error("could not reach the server at {url}")]
    Unreachable {
        /// Where.
        url: Url,
        /// Why.
        #[source]
        source: Box<tungstenite::Error>,
    },
    /// The token is not, or no longer, good.
    #[error("the server at {0} does not take this token: sign in again with `countersign login`")]
    SignedOut(Url),
    /// The server answered something else than a session.
    #[error("the server at {url} answered {status}")]
    Refused {
        /// Where.
        url: Url,
        /// The status.
        status: StatusCode,
    },
    /// The connection broke.
    #[error("the connection to the server broke")]
    Broken(#[source] Box<tungstenite::Error>),
    /// The server closed the connection without saying how the session ended.
    #[error("the server closed the connection before it said how the session ended")]
    Closed,
    /// The server said something that is not in the protocol.
    #[error("the server said something unknown: it may be newer than this program")]
    Unreadable(#[source] serde_json::Error),
    /// A frame that is none.
    #[error("the server sent a broken frame")]
    Frame(#[from] FrameError),
    /// Reading or writing on this side failed.
    #[error("could not {doing}")]
    Local {
        /// What.
        doing: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// What the server says.
#[derive(Debug)]
pub enum Heard {
    /// A message.
    Said(FromServer),
    /// Data.
    Frame(Channel, Bytes),
}

/// A session, or a request for one.
#[derive(Debug)]
pub struct Session {
    pub(super) sink: SplitSink<Socket, Message>,
    pub(super) stream: SplitStream<Socket>,
}

impl Server {
    /// A server by its URL. Plain HTTP is for this machine only.
    pub fn new(url: Url, token: SecretString) -> Result<Self, ClientError> {
        let on_this_machine = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() == "https" || (url.scheme() == "http" && on_this_machine) {
            return Ok(Self { url, token });
        }
        Err(ClientError::Insecure(url))
    }

    /// The URL.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The token.
    pub const fn token(&self) -> &SecretString {
        &self.token
    }

    fn request(&self) -> Result<tungstenite::handshake::client::Request, tungstenite::Error> {
        let base = self.url.as_str().trim_end_matches('/').replacen("http", "ws", 1);
        let mut request = format!("{base}{RUN_PATH}").into_client_request()?;
        let mut token = HeaderValue::try_from(format!("Bearer {}", self.token.expose_secret()))
            .map_err(|error| tungstenite::Error::HttpFormat(error.into()))?;
        token.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, token);
        request.headers_mut().insert(VERSION_HEADER, HeaderValue::from(VERSION));
        Ok(request)
    }
}

impl Session {
    /// Dials the server and says what is wanted.
    pub async fn open(server: &Server, first: &FromClient) -> Result<Self, ClientError> {
        let failed = |error| refused(server, error);
        let request = server.request().map_err(failed)?;
        let (socket, _) = connect_async_with_config(request, Some(config()), true).await.map_err(failed)?;
        let (sink, stream) = socket.split();
        let mut session = Self { sink, stream };
        session.say(first).await?;
        Ok(session)
    }

    /// Says something.
    pub async fn say(&mut self, message: &FromClient) -> Result<(), ClientError> {
        let text = serde_json::to_string(message).map_err(ClientError::Unreadable)?;
        self.sink.send(Message::text(text)).await.map_err(broken)
    }

    /// Sends data.
    pub async fn send(&mut self, channel: Channel, data: &[u8]) -> Result<(), ClientError> {
        self.sink.send(Message::Binary(channel.frame(data))).await.map_err(broken)
    }

    /// Says that a channel has ended.
    pub async fn close(&mut self, channel: Channel) -> Result<(), ClientError> {
        self.sink.send(Message::Binary(channel.close())).await.map_err(broken)
    }

    /// What the server says next.
    pub async fn next(&mut self) -> Result<Heard, ClientError> {
        next(&mut self.stream).await
    }
}

pub(super) async fn next(stream: &mut SplitStream<Socket>) -> Result<Heard, ClientError> {
    loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) => {
                return serde_json::from_str(text.as_str()).map(Heard::Said).map_err(ClientError::Unreadable);
            }
            Some(Ok(Message::Binary(frame))) => {
                let (channel, data) = split(&frame)?;
                return Ok(Heard::Frame(channel, data));
            }
            Some(Ok(Message::Close(_))) | None => return Err(ClientError::Closed),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(broken(error)),
        }
    }
}

pub(super) fn broken(error: tungstenite::Error) -> ClientError {
    match error {
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => ClientError::Closed,
        error => ClientError::Broken(Box::new(error)),
    }
}

fn refused(server: &Server, error: tungstenite::Error) -> ClientError {
    let url = server.url.clone();
    match error {
        tungstenite::Error::Http(answer) if answer.status() == StatusCode::UNAUTHORIZED => ClientError::SignedOut(url),
        tungstenite::Error::Http(answer) => ClientError::Refused { url, status: answer.status() },
        error => ClientError::Unreachable { url, source: Box::new(error) },
    }
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(8 * WRITE_BUFFER_BYTES)
        .read_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(Some(MAX_TEXT_BYTES))
        .max_frame_size(Some(MAX_TEXT_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Result<Server, ClientError> {
        Server::new(url.parse().unwrap(), SecretString::from("t"))
    }

    #[test]
    fn a_token_crosses_no_network_in_the_clear() {
        for url in ["https://cs.example", "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"] {
            assert!(server(url).is_ok(), "{url}");
        }
        for url in ["http://cs.example", "http://10.0.0.1", "ftp://127.0.0.1", "http://localhost.evil.example"] {
            assert!(matches!(server(url), Err(ClientError::Insecure(_))), "{url}");
        }
    }

    #[test]
    fn debug_never_shows_the_token() {
        let server = Server::new("https://cs.example".parse().unwrap(), SecretString::from("hunter2")).unwrap();
        assert!(!format!("{server:?}").contains("hunter2"));
    }
}
