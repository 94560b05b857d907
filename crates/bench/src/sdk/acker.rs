//! An app that only acknowledges: the most that the load server can send to.

use anyhow::{Context as _, Result};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config, tungstenite::Message};

use crate::load::{Connection, Endpoint, request};

/// A Socket Mode connection.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a connection as apps do.
pub(crate) async fn connect(endpoint: &Endpoint, app_token: &str) -> Result<Socket> {
    let open = request(endpoint, "apps.connections.open", app_token, "");
    let opened = Connection::open(endpoint.address).await?.fetch(&open).await?;
    let opened: Value = serde_json::from_str(&opened)?;
    let url = opened.get("url").and_then(Value::as_str).context("apps.connections.open was refused")?;
    let (socket, _) = connect_async_with_config(url, None, true).await?;
    Ok(socket)
}

/// The acknowledgement of an envelope; nothing for what is none.
pub(crate) fn ack_of(envelope: &str) -> Option<String> {
    const KEY: &str = "\"envelope_id\":\"";
    let id = envelope.get(envelope.find(KEY)? + KEY.len()..)?;
    let id = id.get(..id.find('"')?)?;
    Some(format!("{{\"envelope_id\":\"{id}\"}}"))
}

/// Acknowledges until the connection ends.
pub(crate) fn acknowledge_only(api_url: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let endpoint = Endpoint::parse(api_url)?;
        let mut socket = connect(&endpoint, "xapp-1-A1-1-bench").await?;
        while let Some(message) = socket.next().await {
            let mut next = Some(message);
            // Everything that is there is acknowledged with one write.
            while let Some(message) = next {
                if let Message::Text(text) = message?
                    && let Some(ack) = ack_of(&text)
                {
                    socket.feed(Message::text(ack)).await?;
                }
                next = socket.next().now_or_never().flatten();
            }
            socket.flush().await?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_envelopes_are_acknowledged() {
        let envelope = r#"{"envelope_id":"e-1","payload":{},"type":"events_api"}"#;
        assert_eq!(ack_of(envelope).as_deref(), Some(r#"{"envelope_id":"e-1"}"#));
        assert_eq!(ack_of(r#"{"type":"hello"}"#), None);
    }
}
