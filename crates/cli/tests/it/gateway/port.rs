//! Ports: psql through `connect`, to a real PostgreSQL.

use countersign_testkit::{GatewayApp, Program};
use nix::sys::signal::Signal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    process::Command,
};

use super::{approve, team};

/// Where a `postgres://` address leads.
fn address(url: &str) -> String {
    let url: url::Url = url.parse().unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
}

async fn listening(program: &Program) -> u16 {
    let printed = program.prints("\n").await;
    printed.trim().rsplit_once(':').unwrap().1.parse().unwrap()
}

async fn psql(url: &str, port: u16, statement: &str) -> std::process::Output {
    let mut url: url::Url = url.parse().unwrap();
    url.set_port(Some(port)).unwrap();
    Command::new("psql")
        .args(["--no-psqlrc", "--tuples-only", "--no-align", "--dbname", url.as_str(), "-c", statement])
        .env("PGCONNECT_TIMEOUT", "20")
        .output()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn psql_goes_through_a_port_for_as_long_as_access_lasts() {
    let Some(url) = countersign_postgres_cluster::database().await else { return };
    let app = team().await;
    let address = address(&url);
    app.apply(&format!("connections:\n  pg: {{ agent: default, tcp: '{address}' }}\n")).await;
    app.ada()
        .does(&[
            "admin",
            "create",
            "plugin",
            "jit",
            "--overwrite",
            "--connection",
            "pg:admin;sre",
            "--connection",
            "bash-jit:admin;sre",
        ])
        .await;
    app.ada()
        .does(&[
            "admin",
            "create",
            "policy",
            "pg-in-slack",
            "--door",
            "connect",
            "--connection",
            "pg",
            "--approvers",
            "admin,sre",
            "--priority",
            "-9",
            "--channels",
            "approvals",
        ])
        .await;
    let program = app.ada().begin(&["connect", "pg", "-d", "30m"]);
    approve(&app, "pg").await;
    let port = listening(&program).await;
    for _ in 0..2 {
        let output = psql(&url, port, "select 6 * 7").await;
        let log = || format!("{}\n{}\n{}", program.stderr(), app.node().log(), app.agent().log());
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "42", "{output:?}\n{}", log());
    }
    let many = psql(&url, port, "select repeat('x', 1000) from generate_series(1, 20000)").await;
    let said = String::from_utf8_lossy(&many.stderr);
    assert_eq!(many.stdout.len(), 1001 * 20_000, "{said}\n{}", program.stderr());
    let bob = app.person("bob").await;
    let request = program.request().await;
    bob.does(&["requests", "revoke", &request]).await;
    let output = psql(&url, port, "select 1").await;
    assert!(!output.status.success(), "{output:?}");
    program.says("taken back").await;
    let waiting = app.ada().does(&["requests", "list"]).await;
    assert_eq!(waiting, "", "nobody is asked anew by a client of the port");
    program.signal(Signal::SIGINT);
    program.finish().await.well();
}

/// A server that sends everything back, once.
async fn echo() -> (u16, tokio::task::JoinSet<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let mut clients = tokio::task::JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            clients.spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
                let _ = writer.shutdown().await;
            });
        }
    });
    (port, tasks)
}

async fn forwarded(app: &GatewayApp, port: u16) -> (Program, u16) {
    app.apply(&format!("connections:\n  echo: {{ agent: default, tcp: '127.0.0.1:{port}' }}\n")).await;
    let program = app.ada().begin(&["connect", "echo"]);
    let local = listening(&program).await;
    (program, local)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_end_may_close_before_the_other() {
    let app = team().await;
    let (port, _tasks) = echo().await;
    let (program, local) = forwarded(&app, port).await;
    let mut stream = TcpStream::connect(("127.0.0.1", local)).await.unwrap();
    let sent: Vec<u8> = (0..3_000_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let (mut reader, mut writer) = stream.split();
    let mut back = Vec::new();
    let write = async {
        writer.write_all(&sent).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let read = tokio::time::timeout(countersign_testkit::WITHIN, reader.read_to_end(&mut back));
    let ((), read) = tokio::join!(write, read);
    read.unwrap().unwrap();
    assert!(back == sent, "{} of {} bytes came back", back.len(), sent.len());
    program.signal(Signal::SIGINT);
    program.finish().await.well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_at_the_address_closes_the_local_connection() {
    let app = team().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    app.apply(&format!("connections:\n  nobody: {{ agent: default, tcp: '127.0.0.1:{port}' }}\n")).await;
    let ended = app.ada().begin(&["connect", "nobody"]);
    let said = ended.says("could not").await;
    assert!(said.contains(&port.to_string()), "{said}");
}
