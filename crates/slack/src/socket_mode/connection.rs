//! Opens one connection.

use futures_util::StreamExt;
use reqwest::Url;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use super::config::Config;
use super::frame::{Disconnect, Frame, Hello};
use super::status::StopReason;
use crate::client::{self, Client, Token};

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The largest frame that is read; Slack's own are below a megabyte.
const MAX_FRAME: usize = 8 * 1024 * 1024;
/// What a connection reads at once; the default of 128 KiB would be most of a small daemon's memory.
const READ_BUFFER: usize = 16 * 1024;

/// Answers of `apps.connections.open` after which trying again is no use.
const FATAL: [&str; 14] = [
    "account_inactive",
    "app_not_found",
    "forbidden_team",
    "invalid_auth",
    "invalid_token",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "not_authed",
    "team_access_not_granted",
    "team_disabled",
    "token_expired",
    "token_revoked",
    "user_removed_from_team",
];

/// Why a connection could not be opened.
#[derive(Debug, Error)]
pub(super) enum OpenError {
    #[error("apps.connections.open failed")]
    Api(#[from] client::Error),
    #[error("the WebSocket could not be opened")]
    Connect(#[source] Box<tungstenite::Error>),
    #[error("it took too long")]
    Timeout,
    #[error("the connection ended before Slack said hello")]
    NoHello,
    #[error("Slack closed the connection: {0:?}")]
    Closed(Disconnect),
}

impl OpenError {
    /// The reason to stop, where trying again is no use.
    pub(super) fn fatal(&self) -> Option<StopReason> {
        match self {
            Self::Api(error) => {
                let code = error.code().filter(|code| FATAL.contains(code))?;
                Some(StopReason::Refused { error: code.to_owned() })
            }
            Self::Closed(Disconnect::LinkDisabled) => Some(StopReason::LinkDisabled),
            _ => None,
        }
    }
}

/// Opens a connection and waits until Slack says hello.
pub(super) async fn open(client: &Client, token: &Token, config: &Config) -> Result<(Socket, Hello), OpenError> {
    let url = client.connections_open(token).await?;
    let opening = async {
        let mut socket = connect(&url).await?;
        let hello = hello(&mut socket).await?;
        Ok((socket, hello))
    };
    timeout(config.connect_timeout, opening).await.unwrap_or(Err(OpenError::Timeout))
}

async fn connect(url: &Url) -> Result<Socket, OpenError> {
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME))
        .read_buffer_size(READ_BUFFER);
    // Without a connector the system's root certificates are loaded, which a plain connection does not need.
    let connector = (url.scheme() == "ws").then_some(Connector::Plain);
    let connecting = connect_async_tls_with_config(url.as_str(), Some(limits), true, connector);
    let (socket, _) = Box::pin(connecting).await.map_err(|error| OpenError::Connect(Box::new(error)))?;
    Ok(socket)
}

async fn hello(socket: &mut Socket) -> Result<Hello, OpenError> {
    while let Some(message) = socket.next().await {
        let message = message.map_err(|error| OpenError::Connect(Box::new(error)))?;
        let Message::Text(text) = message else { continue };
        match Frame::parse(&text) {
            Frame::Hello(hello) => return Ok(hello),
            Frame::Disconnect(why) => return Err(OpenError::Closed(why)),
            Frame::Envelope(_) | Frame::Other(_) => tracing::warn!("Slack sent something before its hello; ignored"),
        }
    }
    Err(OpenError::NoHello)
}
