//! TLS under an authority of the operator's own.

use std::{path::PathBuf, sync::Arc};

use countersign_agent::{AgentError, NodeUrl, Plaintext};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{net::TcpListener, time::timeout};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_async;

use crate::peer::{Dir, LONG, Node, config, run};

/// A server's side of TLS, and the file with its authority.
fn authority(dir: &Dir) -> (TlsAcceptor, PathBuf) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let file = dir.path().join("ca.pem");
    std::fs::write(&file, issuer.pem()).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    (TlsAcceptor::from(Arc::new(tls)), file)
}

#[tokio::test]
async fn only_the_named_authority_is_taken() {
    let unused = Node::listen().await;
    let dir = Dir::new();
    let (acceptor, file) = authority(&dir);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let mut with = config(&unused, &dir);
    with.server = NodeUrl::parse(&url, Plaintext::LoopbackOnly).unwrap();
    let without = with.clone();
    with.ca_file = Some(file);

    let agent = run(with, dir);
    let (stream, _) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
    let stream = acceptor.accept(stream).await.unwrap();
    // Kept while the agent is there: it would come again, and be taken for the other.
    let socket = accept_async(stream).await.unwrap();
    let dir = agent.stop().await;
    drop(socket);

    let agent = run(without, dir);
    let (stream, _) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
    assert!(acceptor.accept(stream).await.is_err(), "an unknown authority is not taken");
    agent.stop().await;
}

#[tokio::test]
async fn an_authority_that_cannot_be_read_is_said() {
    let node = Node::listen().await;
    for content in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let dir = Dir::new();
        let file = dir.path().join("ca.pem");
        std::fs::write(&file, content).unwrap();
        let mut config = config(&node, &dir);
        config.ca_file = Some(file.clone());
        let left = timeout(LONG, run(config, dir).task).await.unwrap().unwrap();
        let Err(AgentError::Authority { path, .. }) = left else { panic!("{left:?}") };
        assert_eq!(path, file);
    }
}
