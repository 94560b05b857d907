use axum::http::StatusCode;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::super::*;
use super::*;
use crate::blocks::{Block, Divider};
use crate::ids::Ts;
use crate::testing::Server;

fn token() -> Token {
    "xoxb-secret".parse().unwrap()
}

fn channel() -> ChannelId {
    ChannelId::from("C0000000001")
}

#[tokio::test]
async fn a_message_goes_out_as_json_and_never_unfurls() {
    let server = Server::start().await;
    server.next_json(&json!({"ok": true, "channel": "C0000000001", "ts": "1700000000.000100", "message": {}}));
    let blocks: Vec<Block> = vec![Divider::new().into()];
    let posted = server.client().post_message(&token(), &channel(), &Message::new("hi", blocks)).await.unwrap();
    assert_eq!(posted.ts, "1700000000.000100");
    let call = server.calls().remove(0);
    assert_eq!(call.path, "/api/chat.postMessage");
    assert_eq!(call.header("authorization"), "Bearer xoxb-secret");
    assert_eq!(call.header("content-type"), "application/json; charset=utf-8");
    let body: Value = serde_json::from_str(&call.body).unwrap();
    let expected = json!({"channel": "C0000000001", "text": "hi", "blocks": [{"type": "divider"}], "unfurl_links": false, "unfurl_media": false});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn an_update_names_its_message() {
    let server = Server::start().await;
    server.next_json(&json!({"ok": true, "channel": "C0000000001", "ts": "1.1"}));
    let ts = Ts::from("1.1");
    server.client().update_message(&token(), &channel(), &ts, &Message::text("done")).await.unwrap();
    let body: Value = serde_json::from_str(&server.calls().remove(0).body).unwrap();
    assert_eq!(body, json!({"channel": "C0000000001", "ts": "1.1", "text": "done"}));
}

#[tokio::test]
async fn scopes_are_read_from_the_headers() {
    let server = Server::start().await;
    let body =
        json!({"ok": true, "url": "u", "team": "t", "user": "b", "team_id": "T1", "user_id": "U1", "bot_id": "B1"});
    server.next((StatusCode::OK, vec![("x-oauth-scopes", "chat:write, im:write".to_owned())], body.to_string()));
    let answer = server.client().auth_test(&token()).await.unwrap();
    assert_eq!(answer.scopes().collect::<Vec<_>>(), ["chat:write", "im:write"]);
    assert_eq!(answer.body.team_id, "T1");
}

#[tokio::test]
async fn a_refusal_says_what_slack_said() {
    let server = Server::start().await;
    server.next_json(&json!({"ok": false, "error": "missing_scope", "needed": "users:read", "provided": "chat:write"}));
    server.next_json(&json!({"ok": false, "error": "invalid_blocks", "response_metadata": {"messages": ["[ERROR] x [json-pointer:/blocks]"], "warnings": ["w"]}}));
    let client = server.client();
    let error = client.user(&token(), &"U1".into()).await.unwrap_err();
    assert_eq!(error.to_string(), "users.info: missing_scope (needs users:read)");
    let error = client.post_message(&token(), &channel(), &Message::text("x")).await.unwrap_err();
    assert_eq!(error.code(), Some("invalid_blocks"));
    let Error::Api(error) = error else { panic!("not a refusal") };
    assert_eq!((error.messages.len(), error.warnings.len()), (1, 1));
}

#[tokio::test]
async fn a_rate_limited_call_is_repeated_after_retry_after() {
    let server = Server::start().await;
    server.next((StatusCode::TOO_MANY_REQUESTS, vec![("retry-after", "0".to_owned())], String::new()));
    server.next_json(&json!({"ok": true, "channel": "C0000000001", "ts": "1.1"}));
    server.client().post_message(&token(), &channel(), &Message::text("x")).await.unwrap();
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_wait_beyond_the_budget_is_the_callers() {
    let server = Server::start().await;
    server.next((StatusCode::TOO_MANY_REQUESTS, vec![("retry-after", "600".to_owned())], String::new()));
    let client = server.client();
    for _ in 0..2 {
        let error = client.post_message(&token(), &channel(), &Message::text("x")).await.unwrap_err();
        assert!(matches!(error, Error::RateLimited { retry_after, .. } if retry_after.as_secs() > 590), "{error:?}");
    }
    // The second was not even sent: the channel is paced.
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn answers_that_cannot_be_read_are_errors() {
    let server = Server::start().await;
    server.next((StatusCode::OK, Vec::new(), "<html>".to_owned()));
    server.next_json(&json!({"ok": true}));
    server.next((StatusCode::NOT_FOUND, Vec::new(), String::new()));
    let client = server.client();
    assert!(matches!(client.auth_test(&token()).await, Err(Error::BadJson { .. })));
    assert!(matches!(client.auth_test(&token()).await, Err(Error::BadJson { .. })));
    assert!(matches!(client.auth_test(&token()).await, Err(Error::Http { status: 404, .. })));
}

/// A server that takes every request and hangs up; it counts them.
async fn rude() -> (ApiBase, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/api/", listener.local_addr().unwrap()).parse().unwrap();
    let (count, counted) = mpsc::unbounded_channel();
    TaskTracker::new().spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            if socket.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) && count.send(()).is_err() {
                break;
            }
        }
    });
    (base, counted)
}

#[tokio::test]
async fn a_post_that_may_have_arrived_is_not_repeated_but_a_read_is() {
    let (base, mut counted) = rude().await;
    let retry = RetryPolicy { attempts: 3, first_pause: Duration::from_millis(1), ..RetryPolicy::default() };
    let client = Client::builder(base).retry(retry).build().unwrap();
    let error = client.post_message(&token(), &channel(), &Message::text("x")).await.unwrap_err();
    assert!(error.is_temporary(), "{error:?}");
    assert_eq!(std::iter::from_fn(|| counted.try_recv().ok()).count(), 1);
    client.user(&token(), &"U1".into()).await.unwrap_err();
    assert_eq!(std::iter::from_fn(|| counted.try_recv().ok()).count(), 3);
}

#[tokio::test]
async fn errors_show_neither_token_nor_address() {
    let (base, _counted) = rude().await;
    let client = Client::builder(base).retry(RetryPolicy::NEVER).build().unwrap();
    let error = client.auth_test(&token()).await.unwrap_err();
    let text = format!("{error:?} {error} {client:?}");
    assert!(!text.contains("secret") && !error_chain(&error).contains("/api/auth.test"), "{text}");
}

fn error_chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .fold(String::new(), |chain, error| chain + &error.to_string())
}

#[tokio::test]
async fn a_file_is_uploaded_without_the_token() {
    let server = Server::start().await;
    server.next_json(&json!({"ok": true, "upload_url": format!("{}/upload/v1/x", server.origin), "file_id": "F1"}));
    server.next((StatusCode::OK, Vec::new(), "OK - 5".to_owned()));
    server.next_json(&json!({"ok": true, "files": [{"id": "F1", "permalink": "p"}]}));
    let upload = Upload {
        filename: "a.txt",
        title: "A",
        bytes: "hello".into(),
        channel: None,
        thread_ts: None,
        initial_comment: None,
    };
    let file = server.client().upload_file(&token(), upload).await.unwrap();
    assert_eq!(file.permalink.as_deref(), Some("p"));
    let calls = server.calls();
    assert_eq!(calls[0].body, "filename=a.txt&length=5");
    assert_eq!((calls[1].header("authorization"), calls[1].body.as_str()), ("", "hello"));
    assert_eq!(calls[2].body, r#"{"files":[{"id":"F1","title":"A"}]}"#);
}

#[tokio::test]
async fn bytes_do_not_go_to_a_foreign_plain_address() {
    let server = Server::start().await;
    server.next_json(&json!({"ok": true, "upload_url": "http://10.0.0.1/upload", "file_id": "F1"}));
    let upload =
        Upload { filename: "a", title: "A", bytes: "x".into(), channel: None, thread_ts: None, initial_comment: None };
    assert!(matches!(server.client().upload_file(&token(), upload).await, Err(Error::ForeignUrl { .. })));
}

#[tokio::test]
async fn a_reply_carries_no_token() {
    let server = Server::start().await;
    let url = crate::payload::ResponseUrl::from(format!("{}/actions/T1/x", server.origin).as_str());
    server.client().respond(&url, &Reply::ephemeral("no")).await.unwrap();
    assert_eq!(server.calls()[0].header("authorization"), "");
    let foreign = crate::payload::ResponseUrl::from("http://169.254.169.254/x");
    assert!(matches!(server.client().respond(&foreign, &Reply::ephemeral("no")).await, Err(Error::ForeignUrl { .. })));
}

#[tokio::test]
async fn pages_end_at_an_empty_cursor() {
    let server = Server::start().await;
    server.next_json(&json!({"ok": true, "members": ["U1"], "response_metadata": {"next_cursor": "n"}}));
    server.next_json(&json!({"ok": true, "members": ["U2"], "response_metadata": {"next_cursor": ""}}));
    let client = server.client();
    let page = client.members(&token(), &channel(), None).await.unwrap();
    assert_eq!(page.next.as_deref(), Some("n"));
    assert_eq!(client.members(&token(), &channel(), page.next.as_deref()).await.unwrap().next, None);
    assert_eq!(server.calls()[1].body, "channel=C0000000001&cursor=n&limit=200");
}
