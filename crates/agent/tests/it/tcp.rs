//! Ports.

use countersign_gateway::{SessionEnd, wire::control::Action};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::peer::{Output, connected};

#[tokio::test]
async fn bytes_go_both_ways_and_each_direction_ends_by_itself() {
    let (mut node, mut control, agent) = connected().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let start = node.order(Action::Tcp { host: "127.0.0.1".to_owned(), port });
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    let (mut server, _) = listener.accept().await.unwrap();
    control.started(session).await;
    data.send(b"question").await;
    data.close_stdin().await;
    let mut question = String::new();
    server.read_to_string(&mut question).await.unwrap();
    assert_eq!(question, "question");
    server.write_all(b"answer").await.unwrap();
    drop(server);
    let output = data.rest().await;
    assert_eq!((output.text().as_str(), output.end), ("answer", Output::exited(0)));
    assert_eq!(control.ended(session).await, SessionEnd::Exited { code: 0 });
    agent.stop().await;
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_said() {
    let (mut node, mut control, agent) = connected().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let start = node.order(Action::Tcp { host: "127.0.0.1".to_owned(), port });
    let mut data = node.start(&mut control, start).await;
    let Some(SessionEnd::Failed { why }) = data.rest().await.end else { panic!() };
    assert!(why.contains(&format!("127.0.0.1:{port}")), "{why}");
    agent.stop().await;
}

#[tokio::test]
async fn stop_ends_a_port_at_once() {
    let (mut node, mut control, agent) = connected().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let start = node.order(Action::Tcp { host: "127.0.0.1".to_owned(), port });
    let session = start.session;
    let mut data = node.start(&mut control, start).await;
    let (mut server, _) = listener.accept().await.unwrap();
    control.started(session).await;
    control.stop(session, "revoked").await;
    assert_eq!(data.rest().await.end, Some(SessionEnd::Stopped { why: "revoked".to_owned() }));
    assert_eq!(server.read(&mut [0; 8]).await.unwrap_or(0), 0);
    agent.stop().await;
}
