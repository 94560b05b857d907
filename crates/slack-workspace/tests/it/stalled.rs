//! Bodies that stop half-way, and what calls say of themselves that is not so.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{App, SOON, channel, http, start};

const FORM: &str = "application/x-www-form-urlencoded";

/// Sends a request as it stands, says that nothing more will come, and returns what is answered.
async fn send(app: &App<'_>, head: &str, body: &[u8]) -> String {
    let address = app.running.ready().api_url.trim_start_matches("http://").trim_end_matches("/api/").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let token = app.token.expose_secret();
    let head = format!("{head}Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(method: &str, content_type: &str, length: &str) -> String {
    format!("POST /api/{method} HTTP/1.1\r\nContent-Type: {content_type}\r\n{length}\r\n")
}

#[tokio::test]
async fn a_body_that_is_cut_short_does_nothing_and_is_called_so() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let body = format!("channel={general}&text=rm");
    for length in ["Content-Length: 500", "Transfer-Encoding: chunked"] {
        let body = if length.starts_with("Content") { body.clone() } else { format!("ff\r\n{body}") };
        let answer = send(&app, &head("chat.postMessage", FORM, length), body.as_bytes()).await;
        assert!(answer.ends_with(r#"{"ok":false,"error":"request_timeout"}"#), "{length}: {answer}");
    }
    let no_chunks = head("chat.postMessage", FORM, "Transfer-Encoding: chunked");
    let answer = send(&app, &no_chunks, b"zz\r\nchannel=C\r\n0\r\n\r\n").await;
    assert!(answer.contains("request_timeout"), "{answer}");
    let url = "POST /actions/T1/1/forged HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 50\r\n";
    let answer = send(&app, url, b"{\"te").await;
    assert!(answer.contains("request_timeout"), "{answer}");
    assert!(running.messages(&general).is_empty());
}

#[tokio::test]
async fn a_body_in_chunks_is_as_good_as_any() {
    let running = start().await;
    let app = App::new(&running);
    let body = json!({"channel": channel(&running, "general"), "text": "in pieces"}).to_string();
    let (first, second) = body.split_at(9);
    let chunks = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let head = head("chat.postMessage", "application/json", "Transfer-Encoding: chunked");
    let answer = send(&app, &head, chunks.as_bytes()).await;
    assert!(answer.contains(r#""text":"in pieces""#), "{answer}");
    assert!(answer.contains(r#""warning":"missing_charset""#), "{answer}");
}

#[tokio::test]
async fn a_content_type_that_cannot_be_read_is_no_form() {
    let running = start().await;
    let app = App::new(&running);
    let body = format!("channel={}&text=x", channel(&running, "general"));
    for (content_type, wanted) in [("text/xml", false), ("\u{ff}", false), (FORM, true)] {
        let length = format!("Content-Length: {}", body.len());
        let answer = send(&app, &head("chat.postMessage", content_type, &length), body.as_bytes()).await;
        assert_eq!(answer.contains(r#""ok":true"#), wanted, "{content_type}: {answer}");
        assert_eq!(answer.contains("invalid_post_type"), !wanted, "{content_type}: {answer}");
    }
}

#[tokio::test]
async fn of_parameters_that_come_twice_the_last_counts() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    let post = async |query: &str, body: String| -> Value {
        let url = format!("{}{query}", app.url("chat.postMessage"));
        let request = http().post(url).header("content-type", FORM).body(body);
        request.send().await.unwrap().json().await.unwrap()
    };
    let token = app.token.expose_secret();
    let answer = post("?text=query", format!("channel=C0&channel={general}&text=a&text=b&token={token}")).await;
    assert_eq!(answer["message"]["text"], "b", "{answer}");
    let answer = post("", format!("channel={general}&text=a&token={token}&token=xoxb-forged")).await;
    assert_eq!(answer["error"], "invalid_auth");
    let request = http().post(app.url("chat.postMessage")).bearer_auth(token).header("content-type", FORM);
    let raw = [format!("channel={general}&text=").as_bytes(), b"%ff\xfe!"].concat();
    let answer: Value = request.body(raw).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["message"]["text"], "\u{fffd}\u{fffd}!", "what is not UTF-8 is replaced");
}

#[tokio::test]
async fn numbers_beyond_all_bounds_are_refused_by_their_own_names() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general");
    for limit in
        [json!(-1), json!(1001), json!(0.5), json!(1e300), json!("99999999999999999999"), json!("0x10"), json!([1])]
    {
        let answer = app.error("conversations.history", json!({"channel": general, "limit": limit})).await;
        assert_eq!(answer, "invalid_limit", "{limit}");
    }
    // Of -1, of a number with forty digits, of another method's, of nothing; and what is no base64.
    for cursor in
        ["bmV4dF90czotMQ==", "bmV4dF90czo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk=", "dXNlcjpVMQ==", "AAAA", "%00"]
    {
        let answer = app.error("conversations.history", json!({"channel": general, "cursor": cursor})).await;
        assert_eq!(answer, "invalid_cursor", "{cursor}");
    }
    for ts in ["-1.000000", "1e9", "NaN", "99999999999.000000", "\u{661}.000000"] {
        let args = json!({
            "channel": general, "ts": ts, "timestamp": ts, "message_ts": ts, "thread_ts": ts, "oldest": ts,
            "name": "eyes", "text": "x",
        });
        for (method, wanted) in [
            ("chat.update", "message_not_found"),
            ("chat.delete", "message_not_found"),
            ("chat.getPermalink", "message_not_found"),
            ("chat.postMessage", "invalid_thread_ts"),
            ("conversations.replies", "invalid_ts_oldest"),
            ("conversations.mark", "invalid_timestamp"),
            ("reactions.add", "bad_timestamp"),
        ] {
            assert_eq!(app.error(method, args.clone()).await, wanted, "{method} {ts}");
        }
    }
}
