//! One signed request.

use std::time::Duration;

use bytes::Bytes;
use countersign_slack::signature::{SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER};
use http::{HeaderMap, StatusCode, header};
use reqwest::Url;
use secrecy::SecretString;
use serde_json::Value;

use super::target::is_loopback_host;
use crate::clock::Clock;
use crate::journal::Field;
use crate::model::AppId;
use crate::recorder::Recorder;
use crate::socket::ACK_MS;

/// How many redirects are followed; docs.slack.dev, "Events API".
const MAX_REDIRECTS: usize = 2;
/// The largest answer that is read; a view has 250 kB at most.
const MAX_ANSWER: usize = 1024 * 1024;
/// The virtual clock decides on deadlines; this only keeps a stopped clock from holding a connection for ever.
const REAL_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) const JSON: &str = "application/json";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// What is sent, to whom and where.
#[derive(Clone)]
pub(super) struct Post {
    /// What it is, as the journal calls it.
    pub(super) what: &'static str,
    pub(super) app: AppId,
    pub(super) url: String,
    pub(super) secret: SecretString,
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
    /// What the body says, for the journal.
    pub(super) payload: std::sync::Arc<Value>,
}

/// An answer in time.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) ms: u64,
    pub(super) body: Bytes,
}

/// Why a request failed; the word is what `x-slack-retry-reason` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error("http_timeout")]
    Timeout,
    /// Not a 2xx; `is_final` when the app asked not to be tried again.
    #[error("http_error")]
    Http { status: u16, is_final: bool },
    #[error("connection_failed")]
    Connection,
    #[error("ssl_error")]
    Ssl,
    #[error("too_many_redirects")]
    TooManyRedirects,
    #[error("unknown_error")]
    Unknown,
}

/// Which attempt this is, and why there was more than one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempt {
    pub(super) number: u32,
    pub(super) reason: Option<Failure>,
}

impl Post {
    /// Sends it within the deadline and writes down what came of it.
    pub(super) async fn send(
        &self,
        client: &reqwest::Client,
        recorder: &Recorder,
        attempt: Attempt,
    ) -> Result<Taken, Failure> {
        let begun = recorder.now_ms();
        let result = tokio::select! {
            answered = self.follow(client, &recorder.clock, attempt) => answered,
            () = recorder.clock.sleep_until(begun.saturating_add(ACK_MS)) => Err(Failure::Timeout),
        };
        let ms = recorder.now_ms().saturating_sub(begun);
        let status = match &result {
            Ok((status, _)) => status.as_u16(),
            Err(Failure::Http { status, .. }) => *status,
            Err(_) => 0,
        };
        let outcome = result.as_ref().map_or_else(ToString::to_string, |_| "ok".to_owned());
        let fields = [
            ("request", Field::Text(self.what)),
            ("app_id", Field::Text(self.app.as_str())),
            ("url", Field::Text(&self.url)),
            ("retry_attempt", Field::Number(u64::from(attempt.number))),
            ("payload", Field::Json(&self.payload)),
            ("status", Field::Number(u64::from(status))),
            ("ms", Field::Number(ms)),
            ("outcome", Field::Text(&outcome)),
        ];
        recorder.write("http", &fields);
        result.map(|(_, body)| Taken { ms, body })
    }

    async fn follow(
        &self,
        client: &reqwest::Client,
        clock: &Clock,
        attempt: Attempt,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let mut url = Url::parse(&self.url).map_err(|_| Failure::Unknown)?;
        for _ in 0..=MAX_REDIRECTS {
            if !is_loopback_host(&url) {
                return Err(Failure::Connection);
            }
            let answer = self.once(client, clock, &url, attempt).await?;
            let status = answer.status();
            // A status of that family without an address is an answer as any other that is no success.
            let target = text(answer.headers(), header::LOCATION.as_str()).filter(|_| status.is_redirection());
            if let Some(target) = target {
                url = url.join(target).map_err(|_| Failure::Unknown)?;
                continue;
            }
            if !status.is_success() {
                let is_final = text(answer.headers(), "x-slack-no-retry") == Some("1");
                return Err(Failure::Http { status: status.as_u16(), is_final });
            }
            return Ok((status, read(answer).await?));
        }
        Err(Failure::TooManyRedirects)
    }

    async fn once(
        &self,
        client: &reqwest::Client,
        clock: &Clock,
        url: &Url,
        attempt: Attempt,
    ) -> Result<reqwest::Response, Failure> {
        // The real time, also when the workspace's clock was moved: the receiver compares it with its own.
        let timestamp = clock.real_s();
        let signature = SigningKey::new(&self.secret).sign(timestamp, &self.body);
        let mut request = client
            .post(url.clone())
            .timeout(REAL_TIMEOUT)
            .header(header::CONTENT_TYPE, self.content_type)
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, signature);
        if let Some(reason) = attempt.reason {
            request =
                request.header("x-slack-retry-num", attempt.number).header("x-slack-retry-reason", reason.to_string());
        }
        let is_tls = url.scheme() == "https";
        request.body(self.body.clone()).send().await.map_err(|error| match () {
            () if error.is_timeout() => Failure::Timeout,
            () if is_tls => Failure::Ssl,
            () if error.is_connect() => Failure::Connection,
            () => Failure::Unknown,
        })
    }
}

async fn read(mut answer: reqwest::Response) -> Result<Bytes, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| Failure::Unknown)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Failure::Unknown);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
