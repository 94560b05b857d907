//! Apps that Slack runs: built, packed and sent.

use std::time::Duration;

use countersign_slack::hooks::{Boundary, HookName};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::{archive, form::Form};
use crate::{
    Code, Failure, Session,
    account::Account,
    app::{App, AppKind},
    manifest,
    project::{ManifestSource, Project},
};

/// So long sending the archive may take.
const TIMEOUT: Duration = Duration::from_mins(10);

/// Where the archive goes, and with which fields.
#[derive(Deserialize)]
struct Place {
    url: String,
    file_name: String,
    #[serde(default)]
    fields: Map<String, Value>,
}

/// Builds the app in a directory that nobody else sees, packs it and hands it to Slack.
pub(super) async fn deploy(session: &Session, project: &Project, account: &Account, app: &App) -> Result<(), Failure> {
    let output = tempfile::Builder::new().prefix("slack-app-").tempdir();
    let output = output.map_err(|error| {
        Failure::new(Code::FileSystem, "could not make a directory to build in").detail(error.to_string())
    })?;
    session.talk.say("building the app");
    let call = project.hook(session, HookName::Build)?;
    call.argument("source", project.root()).argument("output", output.path()).answer().await?;
    let directory = output.path().to_owned();
    let packed = tokio::task::spawn_blocking(move || archive::pack(&directory)).await;
    let packed =
        packed.map_err(|error| Failure::new(Code::FileSystem, "packing was dropped").detail(error.to_string()))??;
    session.talk.say(&format!("sending {} bytes to Slack", packed.len()));
    let place: Place = account.api.call("apps.hosted.generatePresignedPost", &json!({"app_id": app.id})).await?;
    send(&place, &packed).await?;
    let arguments = json!({"app_id": app.id, "s3_key": place.file_name, "runtime": runtime(project)});
    let taken: Result<Value, Failure> = account.api.call("apps.hosted.upload", &arguments).await;
    taken.map(drop).map_err(|failure| match failure.code().as_str() {
        "file_rejected" => failure.remedy(
            "the build hook writes what Slack is to run, manifest.json among it, into the directory that --output names",
        ),
        _ => failure,
    })
}

/// Whether Slack is to run the app, as its manifest says; where the project has no say, Slack itself knows it.
pub(super) async fn check(session: &Session, project: &Project, account: &Account) -> Result<(), Failure> {
    if project.manifest_source() == ManifestSource::Remote {
        return Ok(());
    }
    let manifest = manifest::of_project_for(session, project, Some(account), Some(AppKind::Deployed)).await?;
    if manifest::is_hosted(&manifest) {
        return Ok(());
    }
    Err(Failure::new(Code::AppNotHosted, "the manifest does not say that Slack runs the app")
        .detail("settings.function_runtime is not \"slack\"")
        .remedy("an app that runs elsewhere is deployed by a command of its own: {\"hooks\": {\"deploy\": \"./deploy.sh\"}}"))
}

/// What the app runs on, in Slack's word: without a version, which hooks may name too (`deno1.x`).
fn runtime(project: &Project) -> String {
    let runtime = project.runtime().unwrap_or("deno").to_lowercase();
    let known = ["deno", "node", "python"].into_iter().find(|known| runtime.starts_with(known));
    known.map_or(runtime, str::to_owned)
}

async fn send(place: &Place, packed: &[u8]) -> Result<(), Failure> {
    // The address and the fields are signed, and as good as a password: they are in no message.
    let failed =
        |what: String| Failure::new(Code::HttpRequestFailed, format!("the app could not be sent to Slack: {what}"));
    let url =
        Url::parse(&place.url).ok().filter(is_safe).ok_or_else(|| failed("Slack named no https address".to_owned()))?;
    let boundary = Boundary::random().map_err(|error| failed(error.to_string()))?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields: Vec<(String, String)> = place.fields.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let form = Form::new(&boundary, &fields, &place.file_name, packed);
    let client = client(&url).map_err(|error| failed(error.to_string()))?;
    let request = client.post(url).header("content-type", form.content_type).body(form.body);
    let answer = request.send().await.map_err(|error| failed(error.without_url().to_string()))?;
    match answer.status().as_u16() {
        204 => Ok(()),
        status => Err(failed(format!("HTTP status {status} where 204 was expected"))),
    }
}

/// A client for an address that Slack handed out: it follows nowhere else, and takes no token along.
///
/// The TLS provider is set by then: the client of the Web API, which told the address, has done that.
fn client(url: &Url) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
    if url.scheme() == "http" { builder.no_proxy().build() } else { builder.build() }
}

/// Whether nobody but this machine and the receiver sees what is sent.
fn is_safe(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use countersign_slack::client::Client;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// A store like that of the addresses which Slack signs: it takes one form, and says this.
    async fn sent_to_store(status: &'static str) -> (Result<(), Failure>, String) {
        // Whoever has an address from Slack has made a client before.
        Client::new("http://127.0.0.1:1/api/".parse().unwrap()).unwrap();
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let url = format!("http://{}/bucket?secret=1", listener.local_addr().unwrap());
        let fields = json!({"key": "apps/A1.zip", "X-Amz-Signature": "0abc", "Policy": "eyJ9"});
        let fields = fields.as_object().unwrap().clone();
        let place = Place { url, file_name: "A1.zip".to_owned(), fields };
        tokio::join!(send(&place, b"PK packed"), taken(&listener, status))
    }

    async fn taken(listener: &TcpListener, status: &str) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        // A form ends with its boundary and two hyphens.
        while !request.ends_with(b"--\r\n") {
            assert!(stream.read_buf(&mut request).await.unwrap() > 0, "{}", String::from_utf8_lossy(&request));
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    }

    #[tokio::test]
    async fn the_archive_is_sent_with_every_signed_field_and_without_a_token() {
        let (sent, request) = sent_to_store("204 No Content").await;
        sent.unwrap();
        assert!(request.starts_with("POST /bucket?secret=1 HTTP/1.1\r\n"), "{request}");
        assert!(!request.to_lowercase().contains("authorization"), "{request}");
        let places = ["name=\"key\"", "name=\"X-Amz-Signature\"", "name=\"Policy\"", "name=\"file\"", "PK packed"];
        let places = places.map(|part| request.find(part).unwrap_or_else(|| panic!("no {part}: {request}")));
        let [signed @ .., file, _] = places;
        assert!(signed.iter().all(|place| *place < file), "the file comes last: {request}");
    }

    #[tokio::test]
    async fn anything_but_204_is_a_failure_that_keeps_the_address_to_itself() {
        for status in ["200 OK", "403 Forbidden", "307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/"] {
            let failure = sent_to_store(status).await.0.unwrap_err();
            assert_eq!(*failure.code(), Code::HttpRequestFailed);
            let told = format!("{failure:?}");
            assert!(told.contains(status.get(..3).unwrap()) && !told.contains("secret"), "{told}");
        }
    }

    #[test]
    fn an_app_is_sent_over_https_or_to_this_machine() {
        for (url, is_fine) in [
            ("https://bucket.s3.amazonaws.com/", true),
            ("http://127.0.0.1:80/", true),
            ("http://localhost:80/", true),
            ("http://bucket.s3.amazonaws.com/", false),
            ("http://10.0.0.1/", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_safe(&Url::parse(url).unwrap()), is_fine, "{url}");
        }
    }
}
