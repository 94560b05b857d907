//! Opens WebSockets to nodes.

use std::{path::Path, sync::Arc, time::Duration};

use countersign_gateway::wire::{VERSION, VERSION_HEADER};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        self,
        client::IntoClientRequest as _,
        http::{HeaderValue, StatusCode, header::AUTHORIZATION},
        protocol::WebSocketConfig,
    },
};

use crate::{address::NodeUrl, error::AgentError};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long the way to an open WebSocket may take.
const DIAL_WITHIN: Duration = Duration::from_secs(15);
/// Of a refusal's text, for people.
const MAX_REFUSAL_CHARS: usize = 500;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error("HTTP {status}: {message}")]
    Refused { status: u16, message: String },
    #[error("{0}")]
    Unreachable(String),
    #[error("no answer within {} s", DIAL_WITHIN.as_secs())]
    Timeout,
    #[error("the token has characters that cannot be sent")]
    Token,
}

/// Opens connections; holds what TLS needs, so that certificates are read once.
pub(crate) struct Dialer {
    tls: Arc<ClientConfig>,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dialer")
    }
}

impl Dialer {
    /// A dialer that takes certificates of this authority only, or of the system's.
    pub(crate) fn new(ca_file: Option<&Path>) -> Result<Self, AgentError> {
        let roots = match ca_file {
            Some(path) => roots_in(path)?,
            None => system_roots(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| AgentError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: Arc::new(tls) })
    }

    /// Opens a WebSocket at `path` of the node, with `bearer` as authorisation.
    pub(crate) async fn dial(
        &self,
        node: &NodeUrl,
        path: &str,
        bearer: &SecretString,
        limits: WebSocketConfig,
    ) -> Result<Socket, DialError> {
        let mut request = node.at(path).into_client_request().map_err(|error| unreachable(&error))?;
        let mut authorisation =
            HeaderValue::try_from(format!("Bearer {}", bearer.expose_secret())).map_err(|_| DialError::Token)?;
        authorisation.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, authorisation);
        request.headers_mut().insert(VERSION_HEADER, HeaderValue::from(VERSION));
        let connector = if node.is_tls() { Connector::Rustls(Arc::clone(&self.tls)) } else { Connector::Plain };
        let dialling = Box::pin(connect_async_tls_with_config(request, Some(limits), true, Some(connector)));
        match tokio::time::timeout(DIAL_WITHIN, dialling).await {
            Err(_) => Err(DialError::Timeout),
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(tungstenite::Error::Http(response))) => {
                let body = response.body().as_deref().unwrap_or_default();
                Err(DialError::Refused {
                    status: response.status().as_u16(),
                    message: refusal(response.status(), body),
                })
            }
            Ok(Err(error)) => Err(unreachable(&error)),
        }
    }
}

fn unreachable(error: &tungstenite::Error) -> DialError {
    DialError::Unreachable(error.to_string())
}

/// What a server's refusal says: the message of its JSON, else its text, else the status.
fn refusal(status: StatusCode, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let message = json.as_ref().and_then(|json| {
        let error = json.get("error")?;
        error.get("message").or(Some(error))?.as_str()
    });
    let message = message.unwrap_or(text.trim());
    if message.is_empty() {
        return status.canonical_reason().unwrap_or("refused").to_owned();
    }
    message.chars().filter(|char| !char.is_control()).take(MAX_REFUSAL_CHARS).collect()
}

fn roots_in(path: &Path) -> Result<RootCertStore, AgentError> {
    let unusable = |why: String| AgentError::Authority { path: path.to_owned(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("there is no certificate in it".to_owned())) } else { Ok(roots) }
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (_, ignored) = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() || ignored > 0 {
        tracing::debug!(taken = roots.len(), ignored, "certificates of the system's authorities");
    }
    roots
}
