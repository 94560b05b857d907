//! A registry of packages: what SDKs ask for newer versions, through their clients' own settings.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What is answered to a path; `None` is 404.
type Answers = fn(&str) -> Option<serde_json::Value>;

/// A registry on a port of its own: a site, and a proxy that is every site.
#[derive(Debug)]
pub(super) struct Registry {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    closing: CancellationToken,
}

/// One connection's share.
#[derive(Clone)]
struct Counter {
    answers: Answers,
    asked: Arc<Mutex<Vec<String>>>,
    authority: Arc<Issuer<'static, KeyPair>>,
}

impl Registry {
    /// Answers; whoever is to take it for any other site as well has to trust the authority that it writes into a file.
    pub(super) async fn start(authority: &Path, answers: Answers) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (asked, closing) = (Arc::default(), CancellationToken::new());
        let counter = Counter { answers, asked: Arc::clone(&asked), authority: Arc::new(authority_in(authority)) };
        let (tasks, end) = (TaskTracker::new(), closing.clone());
        tasks.clone().spawn(end.run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away early has what it wanted.
                let counter = counter.clone();
                tasks.spawn(async move { drop(counter.serve(stream).await) });
            }
        }));
        Self { url, asked, closing }
    }

    /// Its address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What it was asked for, each once.
    pub(super) fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked.dedup();
        asked
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

impl Counter {
    async fn serve(self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let Some((verb, what)) = request(&mut stream).await? else { return Ok(()) };
        if verb != "CONNECT" {
            return self.answer(&mut stream, &what).await;
        }
        let host = what.split(':').next().unwrap_or_default();
        stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
        let mut stream = BufReader::new(tls(host, &self.authority).accept(stream).await?);
        let Some((_, path)) = request(&mut stream).await? else { return Ok(()) };
        self.answer(&mut stream, &path).await
    }

    async fn answer(&self, stream: &mut (impl AsyncWrite + Unpin), path: &str) -> std::io::Result<()> {
        self.asked.lock().unwrap().push(path.to_owned());
        let (status, body) = match (self.answers)(path) {
            Some(body) => ("200 OK", body.to_string()),
            None => ("404 Not Found", "{}".to_owned()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.shutdown().await
    }
}

/// The method and the path of a request without a body; `None` when there is none.
async fn request(stream: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<(String, String)>> {
    let mut first = String::new();
    stream.read_line(&mut first).await?;
    let mut line = first.clone();
    while !line.trim_end().is_empty() {
        line.clear();
        stream.read_line(&mut line).await?;
    }
    let mut words = first.split_ascii_whitespace().map(str::to_owned);
    Ok(words.next().zip(words.next()))
}

/// An authority that is good for nothing else, written into a file for those who are to trust it.
fn authority_in(file: &Path) -> Issuer<'static, KeyPair> {
    let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.distinguished_name.push(DnType::CommonName, "the tests' registry");
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    std::fs::write(file, authority.self_signed(&key).unwrap().pem()).unwrap();
    Issuer::new(authority, key)
}

/// A certificate for whichever site a client believes to reach.
fn tls(host: &str, issuer: &Issuer<'static, KeyPair>) -> TlsAcceptor {
    let mut server = CertificateParams::new(vec![host.to_owned()]).unwrap();
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().unwrap();
    let certificate = server.signed_by(&key, issuer).unwrap().der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
