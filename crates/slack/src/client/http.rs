//! The HTTP client below the Web API client.

use std::sync::Once;
use std::time::Duration;

use super::error::ClientError;
use super::{ApiBase, Error};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept: a warm one spares the next call the handshakes.
const KEEP_IDLE: Duration = Duration::from_mins(15);
/// How often an idle connection is shown to be alive.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// The largest answer that is read.
pub(super) const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// Sets ring as the process's TLS provider, once; a provider that is already set stays.
pub(crate) fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It fails only when another part of the program was first, and that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Builds the client for an API base.
pub(super) fn build(base: &ApiBase, timeout: Duration) -> Result<reqwest::Client, ClientError> {
    install_tls_provider();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("countersign-slack/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .pool_idle_timeout(KEEP_IDLE)
        .tcp_keepalive(KEEP_ALIVE)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .http2_keep_alive_while_idle(true)
        // Slack does not redirect; whoever does gets neither token nor payload.
        .redirect(reqwest::redirect::Policy::none());
    if base.is_plain() {
        // Nothing leaves this machine: no proxy, and no need to read the system's root certificates, which takes milliseconds.
        builder = builder.no_proxy().tls_certs_only(std::iter::empty());
    }
    Ok(builder.build()?)
}

/// Reads an answer, up to [`MAX_ANSWER`].
pub(super) async fn read(method: &str, mut response: reqwest::Response) -> Result<Vec<u8>, Error> {
    let too_large = || Error::TooLarge { method: method.to_owned(), limit: MAX_ANSWER };
    let announced = usize::try_from(response.content_length().unwrap_or(0)).map_err(|_| too_large())?;
    if announced > MAX_ANSWER {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(announced);
    while let Some(chunk) = response.chunk().await.map_err(|source| transport(method, source))? {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// A transport error without the address, which may be a secret.
pub(super) fn transport(method: &str, source: reqwest::Error) -> Error {
    Error::Transport { method: method.to_owned(), source: source.without_url() }
}

/// How long Slack asks to wait; a second where it does not say, an hour at most.
pub(super) fn retry_after(headers: &http::HeaderMap) -> Duration {
    let seconds = headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(1).min(3600))
}
