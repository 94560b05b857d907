//! A server that does TLS itself, under an authority of one's own.

use std::path::Path;

use countersign_testkit::Program;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;
use tokio::process::Command;

use crate::BINARY;

/// Writes `ca.pem`, `server.pem` and `server-key.pem`, good for `localhost`.
fn certificates(directory: &Path) {
    let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let write = |name: &str, text: String| std::fs::write(directory.join(name), text).unwrap();
    write("ca.pem", authority_certificate.pem());
    write("server.pem", format!("{}{}", server.pem(), authority_certificate.pem()));
    write("server-key.pem", key.serialize_pem());
}

fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(args).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").current_dir(home);
    command
}

/// The same for somebody who trusts the authority.
fn trusting(home: &Path, args: &[&str]) -> Program {
    let mut command = command(home, args);
    command.env("SSL_CERT_FILE", home.join("ca.pem"));
    Program::start(command)
}

async fn does(home: &Path, args: &[&str]) -> String {
    let mut program = trusting(home, args);
    program.close_stdin();
    program.finish().await.well().text().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_and_agents_reach_a_server_over_tls() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    certificates(home);
    let server = Program::start(command(
        home,
        &[
            "serve",
            "--json",
            "--with-agent",
            "--listen",
            "127.0.0.1:0",
            "--advertise",
            "https://localhost:0",
            "--tls-cert",
            "server.pem",
            "--tls-key",
            "server-key.pem",
        ],
    ));
    let ready: Value = serde_json::from_str(server.prints("\n").await.trim()).unwrap();
    let (url, link) = (ready["public_url"].as_str().unwrap(), ready["login_link"].as_str().unwrap());
    assert!(url.starts_with("https://localhost:") && ready["url"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    does(home, &["login", link, "--email", "ada@example.com"]).await;
    does(home, &["admin", "create", "conn", "here", "--agent", "default", "--", "echo"]).await;
    assert_eq!(does(home, &["exec", "here", "--", "hello"]).await, "hello\n");

    let token = does(home, &["admin", "create", "agent", "far"]).await;
    std::fs::write(home.join("token"), token).unwrap();
    does(home, &["admin", "create", "conn", "there", "--agent", "far", "--", "echo"]).await;
    let args = ["agent", "--server", url, "--token-file", "token", "--ca-file", "ca.pem", "--state-dir", "far"];
    let agent = Program::start(command(home, &args));
    agent.says("connected to").await;
    assert_eq!(does(home, &["exec", "there", "--", "hello"]).await, "hello\n");

    // Who does not know the authority says so, and sends no token.
    let stranger = Program::start(command(home, &["exec", "here", "--", "hello"]));
    let ended = stranger.ended().await.with_code(125);
    assert!(ended.stderr.to_lowercase().contains("certificate"), "{}", ended.stderr);
}

#[tokio::test]
async fn what_cannot_be_used_for_tls_is_named() {
    let home = tempfile::tempdir().unwrap();
    certificates(home.path());
    std::fs::write(home.path().join("empty.pem"), "").unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    for (args, said) in [
        (["--tls-cert", "server.pem"].as_slice(), "--tls-key"),
        (&["--tls-cert", "empty.pem", "--tls-key", "server-key.pem"], "empty.pem"),
        (&["--tls-cert", "nowhere.pem", "--tls-key", "server-key.pem"], "nowhere.pem"),
        (&["--tls-cert", "ca.pem", "--tls-key", "server-key.pem"], "cannot be used together"),
    ] {
        let ended = trusting(home.path(), &[&serve, args].concat()).ended().await;
        assert!(ended.code != Some(0) && ended.stderr.contains(said), "{ended:?}");
    }
}
