//! Uploading, sharing and downloading files.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::client::{App, SOON, channel, start, user};

async fn announce(app: &App<'_>) -> (String, String) {
    let announced = app.ok("files.getUploadURLExternal", json!({"filename": "log.txt", "length": 5})).await;
    let text = |name: &str| announced[name].as_str().unwrap().to_owned();
    (text("upload_url"), text("file_id"))
}

#[tokio::test]
async fn an_uploaded_file_is_shared_in_a_message_and_downloaded() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let (url, id) = announce(&app).await;
    let sent = app.http.post(&url).body("hello").send().await.unwrap();
    assert_eq!((sent.status().as_u16(), sent.text().await.unwrap()), (200, "OK - 5".to_owned()));
    let args = json!({"files": [{"id": id, "title": "Log"}], "channel_id": general, "initial_comment": "see"});
    let done = app.ok("files.completeUploadExternal", args.clone()).await;
    assert_eq!(done["files"][0]["title"], "Log");
    let message = running.messages(&general).pop().unwrap();
    assert_eq!((message["text"].as_str(), message["files"][0]["id"].as_str()), (Some("see"), Some(id.as_str())));
    let info = app.ok("files.info", json!({"file": id})).await;
    assert_eq!(info["file"]["shares"]["public"][general.as_str()][0]["ts"], message["ts"]);
    let private = info["file"]["url_private"].as_str().unwrap();
    let get = async |token: &str| app.http.get(private).bearer_auth(token).send().await.unwrap();
    assert_eq!(get("nobody").await.status(), 401);
    assert_eq!(get(app.token.expose_secret()).await.text().await.unwrap(), "hello");
    assert_eq!(app.error("files.completeUploadExternal", args).await, "file_not_found", "completed once");
    assert_eq!(app.http.post(&url).body("again").send().await.unwrap().status(), 404, "uploaded once");
}

#[tokio::test]
async fn a_multipart_upload_works_too() {
    let running = start().await;
    let app = App::new(&running);
    let (url, id) = announce(&app).await;
    let body = "--b\r\ncontent-disposition: form-data; name=\"body\"; filename=\"x\"\r\n\r\nhello\r\n--b--\r\n";
    let request = app.http.post(&url).header("content-type", "multipart/form-data; boundary=b").body(body);
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "OK - 5");
    let done = app.ok("files.completeUploadExternal", json!({"files": [{"id": id}]})).await;
    assert_eq!(done["files"][0]["size"], 5);
}

#[tokio::test]
async fn files_that_are_not_ready_or_not_visible_are_not_found() {
    let running = start().await;
    let app = App::new(&running);
    let (_, id) = announce(&app).await;
    assert_eq!(app.error("files.completeUploadExternal", json!({"files": [{"id": id}]})).await, "file_not_found");
    assert_eq!(app.error("files.info", json!({"file": id})).await, "file_not_found");
    assert_eq!(app.error("files.completeUploadExternal", json!({"files": "x"})).await, "invalid_arguments");
    let huge: Value = json!({"filename": "x", "length": u64::MAX});
    assert_eq!(app.error("files.getUploadURLExternal", huge).await, "file_upload_size_restricted");
    let bob = user(&running, "bob");
    let (url, id) = announce(&app).await;
    app.http.post(&url).body("hello").send().await.unwrap();
    let im = app.ok("conversations.open", json!({"users": bob})).await["channel"]["id"].clone();
    app.ok("files.completeUploadExternal", json!({"files": [{"id": id}], "channel_id": im})).await;
    let alice = app.with_token(&running.ready().user_token);
    assert_eq!(alice.error("files.info", json!({"file": id})).await, "file_not_found");
}

#[tokio::test]
async fn a_completion_that_fails_completes_nothing() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let (url, full) = announce(&app).await;
    let (_, empty) = announce(&app).await;
    app.http.post(&url).body("hello").send().await.unwrap();
    let both = json!({"files": [{"id": full}, {"id": empty}], "channel_id": general});
    assert_eq!(app.error("files.completeUploadExternal", both).await, "file_not_found");
    let twice = json!({"files": [{"id": full}, {"id": full}]});
    assert_eq!(app.error("files.completeUploadExternal", twice).await, "invalid_arguments");
    let nowhere = json!({"files": [{"id": full}], "channel_id": general, "thread_ts": "1.000000"});
    assert_eq!(app.error("files.completeUploadExternal", nowhere).await, "thread_not_found");
    let channels = json!({"files": [{"id": full}], "channels": format!("{general},C0")});
    assert_eq!(app.error("files.completeUploadExternal", channels).await, "channel_not_found");
    assert_eq!(app.error("files.info", json!({"file": full})).await, "file_not_found");
    assert!(running.messages(&general).is_empty());
    app.ok("files.completeUploadExternal", json!({"files": [{"id": full}], "channel_id": general})).await;
}

/// The first line of the answer to an upload whose body never comes.
async fn begun(url: &str, headers: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = BufReader::new(TcpStream::connect(host).await.unwrap());
    let head = format!("POST /{path} HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: 60000000\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = String::new();
    tokio::time::timeout(SOON, stream.read_line(&mut line)).await.expect("the body is awaited").unwrap();
    line.trim_end().to_owned()
}

#[tokio::test]
async fn an_upload_takes_what_was_announced_from_whom_it_was_announced_to() {
    let running = start().await;
    let app = App::new(&running);
    let (url, id) = announce(&app).await;
    let forged = format!("{}/nosuchsecret", url.rsplit_once('/').unwrap().0);
    assert_eq!(begun(&forged, "").await, "HTTP/1.1 404 Not Found");
    assert_eq!(begun(&url, "origin: http://evil.example\r\n").await, "HTTP/1.1 403 Forbidden");
    let long = app.http.post(&url).body("x".repeat(100_000)).send().await.unwrap();
    assert_eq!(long.status(), 413, "five bytes were announced");
    assert_eq!(app.http.post(&url).body("hello").send().await.unwrap().status(), 200);
    app.ok("files.completeUploadExternal", json!({"files": [{"id": id}]})).await;
}

#[tokio::test]
async fn a_large_file_may_come_as_a_form() {
    let running = start().await;
    let app = App::new(&running);
    let size = 3 * 1024 * 1024;
    let announced = app.ok("files.getUploadURLExternal", json!({"filename": "log.txt", "length": size})).await;
    let content = "x".repeat(size);
    let body =
        format!("--b\r\ncontent-disposition: form-data; name=\"body\"; filename=\"x\"\r\n\r\n{content}\r\n--b--\r\n");
    let request = app.http.post(announced["upload_url"].as_str().unwrap());
    let request = request.header("content-type", "multipart/form-data; boundary=b").body(body);
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), format!("OK - {size}"));
}
