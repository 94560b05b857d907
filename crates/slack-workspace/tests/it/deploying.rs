//! Deploying apps that Slack runs: a signed place, an archive, a deployment.

use std::io::{Cursor, Write as _};

use countersign_slack_workspace::{Config, Running, Workspace};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::client::{App, SOON, http, start, user};
use crate::control::Control;

fn developer(running: &Running) -> App<'_> {
    App::new(running).with_token(&running.ready().cli_token)
}

/// An app that Slack runs, or another.
async fn app(cli: &App<'_>, runtime: &str) -> Value {
    let manifest = json!({"display_information": {"name": "Hosted"}, "settings": {"function_runtime": runtime}});
    cli.ok("apps.manifest.create", json!({"manifest": manifest})).await["app_id"].clone()
}

fn packed(names: &[&str]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(b"{}").unwrap();
    }
    archive.finish().unwrap().into_inner()
}

async fn sign(cli: &App<'_>, app: &Value) -> Value {
    cli.ok("apps.hosted.generatePresignedPost", json!({"app_id": app})).await
}

fn fields(signed: &Value) -> Vec<(String, String)> {
    let fields = signed["fields"].as_object().unwrap().iter();
    fields.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

/// A form with the file last, as the command line makes it.
fn form(fields: &[(String, String)], file: Option<&[u8]>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        write!(body, "--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").unwrap();
    }
    if let Some(file) = file {
        body.extend(b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n");
        body.extend(b"content-type: application/zip\r\n\r\n");
        body.extend(file);
        body.extend(b"\r\n");
    }
    body.extend(b"--b--\r\n");
    body
}

/// The status, and S3's code where there is one.
async fn post(url: &Value, body: Vec<u8>) -> (u16, String) {
    let request = http().post(url.as_str().unwrap()).header("content-type", "multipart/form-data; boundary=b");
    let answer = request.body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    (status, code.unwrap_or_default().to_owned())
}

/// Sends an archive to a fresh place; what `apps.hosted.upload` is given.
async fn sent(cli: &App<'_>, app: &Value, archive: &[u8]) -> Value {
    let signed = sign(cli, app).await;
    assert_eq!(post(&signed["url"], form(&fields(&signed), Some(archive))).await.0, 204);
    json!({"app_id": app, "s3_key": signed["file_name"], "runtime": "deno"})
}

async fn deployments(running: &Running) -> Vec<Value> {
    Control::new(running).get("deployments").await["deployments"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_archive_is_sent_deployed_and_read_back() {
    let running = start().await;
    let cli = developer(&running);
    let app = app(&cli, "slack").await;
    let signed = sign(&cli, &app).await;
    let mut names: Vec<String> = fields(&signed).into_iter().map(|(name, _)| name).collect();
    names.sort();
    let expected = "Policy X-Amz-Algorithm X-Amz-Credential X-Amz-Date X-Amz-Security-Token X-Amz-Signature key";
    assert_eq!(names.join(" "), expected);
    assert_ne!(signed["fields"]["key"], signed["file_name"], "whoever takes the one for the other is told");
    let archive = packed(&["manifest.json", "functions/greet.js"]);
    let answer = post(&signed["url"], form(&fields(&signed), Some(&archive))).await;
    assert_eq!(answer, (204, String::new()));
    assert!(deployments(&running).await.is_empty(), "what was sent is not deployed yet");
    let upload = json!({"app_id": app, "s3_key": signed["file_name"], "runtime": "deno"});
    cli.ok("apps.hosted.upload", upload.clone()).await;

    let deployed = deployments(&running).await;
    let [deployed] = deployed.as_slice() else { panic!("{deployed:?}") };
    assert_eq!((&deployed["app_id"], &deployed["runtime"]), (&app, &json!("deno")));
    assert_eq!(deployed["user_id"], user(&running, "alice").as_str());
    assert_eq!(deployed["files"], json!(["functions/greet.js", "manifest.json"]));
    assert_eq!((&deployed["bytes"], &deployed["s3_key"]), (&json!(archive.len()), &signed["file_name"]));
    let logged = cli.ok("apps.activities.list", json!({"app_id": app})).await["activities"].clone();
    assert_eq!(logged[0]["event_type"], "function_deployment");
    let team = &running.ready().team_id;
    assert_eq!(logged[0]["payload"], json!({"action": "deploy", "user_id": user(&running, "alice"), "team_id": team}));
    let status = cli.ok("apps.status", json!({"app_ids": [app]})).await;
    assert_eq!(status["apps"][0]["is_hosted"], true);

    assert_eq!(cli.error("apps.hosted.upload", upload).await, "invalid_s3_key", "deployed once");
    let again = sent(&cli, &app, &archive).await;
    cli.ok("apps.hosted.upload", again).await;
    assert_eq!(deployments(&running).await.len(), 2);
    cli.ok("apps.delete", json!({"app_id": app})).await;
    assert!(deployments(&running).await.is_empty());
}

#[tokio::test]
async fn a_form_that_is_not_the_signed_one_is_refused() {
    let running = start().await;
    let cli = developer(&running);
    let app = app(&cli, "slack").await;
    let (signed, other) = (sign(&cli, &app).await, sign(&cli, &app).await);
    let (url, archive) = (&signed["url"], packed(&["manifest.json"]));
    let send = async |fields: Vec<(String, String)>| post(url, form(&fields, Some(&archive))).await;
    let with = |changed: &str, value: &str| -> Vec<(String, String)> {
        let change =
            |(name, old): (String, String)| if name == changed { (name, value.to_owned()) } else { (name, old) };
        fields(&signed).into_iter().map(change).collect()
    };
    let denied = (403, "AccessDenied".to_owned());
    for (name, value) in fields(&signed) {
        let refusal = if name == "X-Amz-Signature" { "SignatureDoesNotMatch" } else { "AccessDenied" };
        assert_eq!(send(with(&name, &format!("{value}0"))).await, (403, refusal.to_owned()), "{name}");
        let foreign = other["fields"][&name].as_str().unwrap();
        if foreign != value {
            assert_eq!(send(with(&name, foreign)).await.0, 403, "{name} of another place");
        }
        let without = fields(&signed).into_iter().filter(|(of, _)| *of != name).collect();
        assert_eq!(send(without).await, denied, "without {name}");
    }
    let more = |name: &str, value: String| [fields(&signed), vec![(name.to_owned(), value)]].concat();
    assert_eq!(send(more("acl", "public-read".to_owned())).await, denied, "a field that was not signed");
    assert_eq!(send(more("key", "x".to_owned())).await.0, 400, "two of a field");
    let long = send(more("acl", "x".repeat(30_000))).await;
    assert_eq!(long, (400, "MaxPostPreDataLengthExceeded".to_owned()));
    // A fresh try with what was signed goes through: none of these has used it up.
    let (one, other) = tokio::join!(send(fields(&signed)), send(fields(&signed)));
    let mut both = [one.0, other.0];
    both.sort_unstable();
    assert_eq!(both, [204, 403], "sent once, also at the same time");
    assert_eq!(send(fields(&signed)).await, denied, "sent once");
}

#[tokio::test]
async fn a_signature_ends() {
    let running = start().await;
    let cli = developer(&running);
    let app = app(&cli, "slack").await;
    let signed = sign(&cli, &app).await;
    let upload = sent(&cli, &app, &packed(&["manifest.json"])).await;
    let control = Control::new(&running);
    control.post("clock", json!({"advance_ms": 16 * 60 * 1000})).await;
    let late = post(&signed["url"], form(&fields(&signed), Some(b"PK"))).await;
    assert_eq!(late, (403, "AccessDenied".to_owned()));
    control.post("clock", json!({"advance_ms": 2 * 3_600_000})).await;
    assert_eq!(cli.error("apps.hosted.upload", upload).await, "invalid_s3_key", "sent, and not deployed for hours");
}

#[tokio::test]
async fn what_is_no_form_with_a_file_is_refused() {
    let running = start().await;
    let cli = developer(&running);
    let app = app(&cli, "slack").await;
    let signed = sign(&cli, &app).await;
    let (url, signed_fields) = (&signed["url"], fields(&signed));
    assert_eq!(post(url, form(&signed_fields, None)).await, (400, "InvalidArgument".to_owned()));
    assert_eq!(post(url, form(&signed_fields, Some(b""))).await, (400, "EntityTooSmall".to_owned()));
    let mut cut = form(&signed_fields, Some(b"PK, and what follows"));
    cut.truncate(cut.len() - 12);
    assert_eq!(post(url, cut).await, (400, "MalformedPOSTRequest".to_owned()));
    assert_eq!(post(url, Vec::new()).await.0, 400);
    let plain = http().post(url.as_str().unwrap()).json(&signed["fields"]).send().await.unwrap();
    assert_eq!(plain.status(), 412);
    let foreign = http().post(url.as_str().unwrap()).header("origin", "http://evil.example");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    let nothing = json!({"app_id": app, "s3_key": signed["file_name"], "runtime": "deno"});
    assert_eq!(cli.error("apps.hosted.upload", nothing).await, "no_file");
    assert_eq!(post(url, form(&signed_fields, Some(b"PK"))).await.0, 204, "none of these has used it up");
}

/// The first lines of the answer to a form of so many bytes that does not come whole.
async fn begun(url: &Value, length: usize, body: &[u8]) -> String {
    let (host, path) = url.as_str().unwrap().strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = BufReader::new(TcpStream::connect(host).await.unwrap());
    let head = format!(
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut line = String::new();
    tokio::time::timeout(SOON, stream.read_line(&mut line)).await.expect("the body is awaited").unwrap();
    line.trim_end().to_owned()
}

#[tokio::test]
async fn what_is_too_large_or_forged_is_not_waited_for() {
    let running = start().await;
    let cli = developer(&running);
    let app = app(&cli, "slack").await;
    let signed = sign(&cli, &app).await;
    assert_eq!(begun(&signed["url"], 100_000_000, b"").await, "HTTP/1.1 400 Bad Request");
    let mut forged = fields(&signed);
    forged.iter_mut().filter(|(name, _)| name == "X-Amz-Signature").for_each(|(_, value)| *value = "0".repeat(64));
    let begin = |fields: &[(String, String)]| {
        let mut body = form(fields, Some(b"PK"));
        body.truncate(body.len() - b"\r\n--b--\r\n".len());
        body
    };
    assert_eq!(begun(&signed["url"], 60_000_000, &begin(&forged)).await, "HTTP/1.1 403 Forbidden");
}

#[tokio::test]
async fn an_archive_that_is_no_app_is_refused_with_the_reason() {
    let running = start().await;
    let cli = developer(&running);
    let app = app(&cli, "slack").await;
    for (archive, reason) in [
        (packed(&["functions/manifest.json"]), "the archive has no manifest.json at its top"),
        (b"#!/bin/sh".to_vec(), "the file is no zip archive"),
    ] {
        let upload = sent(&cli, &app, &archive).await;
        let refused = cli.call("apps.hosted.upload", upload.clone()).await;
        assert_eq!((&refused["ok"], &refused["error"]), (&json!(false), &json!("file_rejected")));
        assert_eq!(refused["errors"][0]["message"], reason);
        assert_eq!(cli.error("apps.hosted.upload", upload).await, "invalid_s3_key");
    }
    assert!(deployments(&running).await.is_empty());
}

#[tokio::test]
async fn an_app_is_deployed_by_its_own_people_from_its_own_place() {
    let running = start().await;
    let cli = developer(&running);
    let (app, second) = (app(&cli, "slack").await, app(&cli, "slack").await);
    let other = crate::deploying::app(&cli, "local").await;
    for method in ["apps.hosted.generatePresignedPost", "apps.hosted.upload"] {
        let args = |app: &Value| json!({"app_id": app, "s3_key": "x", "runtime": "deno"});
        assert_eq!(cli.error(method, args(&other)).await, "app_not_hosted", "{method}");
        assert_eq!(cli.error(method, args(&json!("A0NOSUCH"))).await, "app_not_found", "{method}");
        assert_eq!(cli.error(method, json!({})).await, "invalid_arguments", "{method}");
        let bot = App::new(&running);
        assert_eq!(bot.error(method, args(&app)).await, "not_allowed_token_type", "{method}");
    }
    let mut upload = sent(&cli, &app, &packed(&["manifest.json"])).await;
    let with = |name: &str, value: &Value| {
        let mut changed = upload.clone();
        changed[name] = value.clone();
        changed
    };
    let file_name = upload["s3_key"].as_str().unwrap();
    let team = running.ready().team_id.to_string();
    let whole = json!(format!("{team}/{}/{file_name}", app.as_str().unwrap()));
    let up = json!(format!("../{}/{file_name}", app.as_str().unwrap()));
    for wrong in [with("app_id", &second), with("s3_key", &whole), with("s3_key", &up), with("s3_key", &json!("a.zip"))]
    {
        assert_eq!(cli.error("apps.hosted.upload", wrong.clone()).await, "invalid_s3_key", "{wrong}");
    }
    assert_eq!(cli.error("apps.hosted.upload", with("runtime", &json!("node"))).await, "runtime_not_supported");
    cli.ok("apps.hosted.upload", upload.take()).await;
}

#[tokio::test]
async fn deployments_are_kept_and_no_signature_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let (state, record) = (folder.path().join("state.json"), folder.path().join("run.jsonl"));
    start().await.stop().await;
    let config = Config { state: Some(state.clone()), record: Some(record.clone()), ..Config::default() };
    let running = Workspace::start(config).await.unwrap();
    let cli = developer(&running);
    let app = app(&cli, "slack").await;
    let signed = sign(&cli, &app).await;
    let archive = packed(&["manifest.json"]);
    assert_eq!(post(&signed["url"], form(&fields(&signed), Some(&archive))).await.0, 204);
    let upload = json!({"app_id": app, "s3_key": signed["file_name"], "runtime": "deno"});
    cli.ok("apps.hosted.upload", upload).await;
    let before = deployments(&running).await;
    let journal = Control::new(&running).get("journal").await.to_string();
    running.stop().await;
    let recorded = std::fs::read_to_string(&record).unwrap();
    for name in ["X-Amz-Signature", "X-Amz-Security-Token"] {
        let secret = signed["fields"][name].as_str().unwrap();
        assert!(!journal.contains(secret) && !recorded.contains(secret), "{name}");
    }
    assert!(recorded.contains("\"request\":\"bundle\""), "{recorded}");
    // A file of an earlier version says nothing of deployments.
    let running = Workspace::start(Config { state: Some(state.clone()), ..Config::default() }).await.unwrap();
    assert_eq!(deployments(&running).await, before);
    running.stop().await;
    let mut kept: Value = serde_json::from_str(&std::fs::read_to_string(&state).unwrap()).unwrap();
    kept["state"]["platform"].as_object_mut().unwrap().remove("deployments").unwrap();
    std::fs::write(&state, kept.to_string()).unwrap();
    let running = Workspace::start(Config { state: Some(state), ..Config::default() }).await.unwrap();
    assert!(deployments(&running).await.is_empty());
}
