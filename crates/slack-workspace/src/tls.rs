//! Serving over TLS with a certificate made for this machine alone.
//!
//! The authority's key is thrown away once it has signed the server's certificate: whoever trusts `ca.pem` trusts
//! nothing that is made later.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use jiff::ToSpan as _;
use jiff::civil::Date;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::disk::replace;

/// The names and addresses the certificate is good for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// For how many days a certificate is good; it is made anew at every start. Apple's systems take no more than 825.
const DAYS: i64 = 397;
/// How long a client may take for its half of the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many handshakes are under way at once.
const MAX_HANDSHAKES: usize = 256;
/// How many connections may wait to be served.
const BACKLOG: usize = 64;

/// Why TLS cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificates could not be made.
    #[error("the certificates could not be made")]
    Make(#[source] rcgen::Error),
    /// A file could not be written.
    #[error("{path} could not be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The certificate and key are not accepted.
    #[error("the certificate is not accepted by the TLS library")]
    Accept(#[source] rustls::Error),
}

/// A certificate, its key, and the authority that clients are to trust.
#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<ServerConfig>,
    pub(crate) ca_file: PathBuf,
}

// The key is inside.
impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("ca_file", &self.ca_file).finish_non_exhaustive()
    }
}

struct Made {
    ca: String,
    server: String,
    key: KeyPair,
    der: rustls::pki_types::CertificateDer<'static>,
}

impl Tls {
    /// Makes certificates and writes `ca.pem`, `server.pem` and `server-key.pem` into a directory.
    pub(crate) fn make(directory: &Path, now_ms: u64) -> Result<Self, TlsError> {
        let made = made(today(now_ms)).map_err(TlsError::Make)?;
        fs::create_dir_all(directory).map_err(|source| TlsError::Write { path: directory.to_owned(), source })?;
        // A relative path would be of no use to another program.
        let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
        let write = |name: &str, text: &str, mode: u32| {
            let path = directory.join(name);
            replace(&path, text.as_bytes(), mode).map_err(|source| TlsError::Write { path, source })
        };
        write("ca.pem", &made.ca, 0o644)?;
        write("server.pem", &format!("{}{}", made.server, made.ca), 0o644)?;
        write("server-key.pem", &made.key.serialize_pem(), 0o600)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Accept)?
            .with_no_client_auth()
            .with_single_cert(vec![made.der], key)
            .map_err(TlsError::Accept)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), ca_file: directory.join("ca.pem") })
    }
}

fn made(today: Date) -> Result<Made, rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::<String>::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.distinguished_name.push(DnType::CommonName, "Countersign workspace, this machine only");
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut authority, today);
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut server = CertificateParams::new(NAMES.map(str::to_owned).to_vec())?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    valid(&mut server, today);
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &issuer)?;
    Ok(Made { ca: authority_certificate.pem(), server: certificate.pem(), key, der: certificate.der().clone() })
}

/// Good from yesterday, for clocks that are a little wrong.
fn valid(params: &mut CertificateParams, today: Date) {
    let at = |days: i64| {
        let date = today.saturating_add(days.days());
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        date_time_ymd(i32::from(date.year()), part(date.month()), part(date.day()))
    };
    params.not_before = at(-1);
    params.not_after = at(DAYS);
}

fn today(now_ms: u64) -> Date {
    let at = jiff::Timestamp::from_millisecond(i64::try_from(now_ms).unwrap_or_default()).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Accepts connections whose handshake is done; a slow one holds up nobody.
pub(crate) struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    /// Accepts on a listener, in tasks of the tracker, until stopped.
    pub(crate) fn new(
        listener: TcpListener,
        tls: &Tls,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(BACKLOG);
        let accepting =
            Accepting { listener, acceptor: TlsAcceptor::from(Arc::clone(&tls.config)), sender, tasks: tasks.clone() };
        let stop = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = accepting.run() => {}
            }
        });
        Ok(Self { ready, address })
    }
}

struct Accepting {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    sender: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
    tasks: TaskTracker,
}

impl Accepting {
    async fn run(mut self) {
        let slots = Arc::new(Semaphore::new(MAX_HANDSHAKES));
        loop {
            // axum's own accept waits and goes on when the system refuses.
            let (stream, address) = Listener::accept(&mut self.listener).await;
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
            // Slower answers are no reason to refuse a connection.
            let _ = stream.set_nodelay(true);
            let (acceptor, sender) = (self.acceptor.clone(), self.sender.clone());
            self.tasks.spawn(async move {
                let _slot = slot;
                let shaken = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
                match shaken {
                    // The server may have ended meanwhile.
                    Ok(Ok(stream)) => drop(sender.send((stream, address)).await),
                    Ok(Err(error)) => tracing::debug!(%error, "a client's TLS handshake failed"),
                    Err(_) => tracing::debug!("a client's TLS handshake took too long"),
                }
            });
        }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            // Stopped: nothing comes any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_good_from_yesterday_and_no_longer_than_any_system_takes() {
        let mut params = CertificateParams::default();
        valid(&mut params, today(1_735_689_600_000));
        assert_eq!(params.not_before, date_time_ymd(2024, 12, 31));
        assert_eq!((params.not_after - params.not_before).whole_days(), DAYS + 1);
        assert!((params.not_after - params.not_before).whole_days() <= 825);
    }
}
