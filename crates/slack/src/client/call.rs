//! One call of a Web API method.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::encode::{Body, encode};
use super::error::{ApiError, ClientError};
use super::http::{build, read, retry_after, transport};
use super::pacing::Pacer;
use super::retry::Attempts;
use super::{ApiBase, Error, RetryPolicy, Token};
use crate::ids::ChannelId;
use crate::method::Method;

/// How long one attempt may take, from connecting to the last byte.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A client of the Web API; clones share connections and pacing.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    base: ApiBase,
    http: reqwest::Client,
    retry: RetryPolicy,
    pacer: Pacer,
}

/// What a client is made of.
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientBuilder {
    base: ApiBase,
    retry: RetryPolicy,
    timeout: Duration,
}

/// A successful answer.
#[derive(Debug, Clone)]
pub struct Response<T> {
    /// What the method answers with.
    pub body: T,
    headers: HeaderMap,
}

impl ClientBuilder {
    /// When failed calls are tried again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How long one attempt may take; 15 s unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Builds it; nothing is connected yet.
    pub fn build(self) -> Result<Client, ClientError> {
        let http = build(&self.base, self.timeout)?;
        let (base, retry, pacer) = (self.base, self.retry, Pacer::default());
        Ok(Client { inner: Arc::new(Inner { base, http, retry, pacer }) })
    }
}

impl Client {
    /// A client with the usual policy and timeouts.
    pub fn new(base: ApiBase) -> Result<Self, ClientError> {
        Self::builder(base).build()
    }

    /// A client to be fitted.
    pub fn builder(base: ApiBase) -> ClientBuilder {
        ClientBuilder { base, retry: RetryPolicy::default(), timeout: TIMEOUT }
    }

    /// Where the API is.
    pub fn base(&self) -> &ApiBase {
        &self.inner.base
    }

    /// What calls go over.
    pub(super) fn transport(&self) -> &reqwest::Client {
        &self.inner.http
    }

    /// Calls a method, in the table or not, with anything that serialises to an object.
    pub async fn call<T: DeserializeOwned>(
        &self,
        token: &Token,
        method: &str,
        args: &impl Serialize,
    ) -> Result<Response<T>, Error> {
        let body = self.encode(method, args)?;
        self.run(Some(token), method, None, body).await.and_then(|answer| answer.parse(method))
    }

    /// Calls a method that wants no token; who calls is in the arguments.
    pub async fn call_without_token<T: DeserializeOwned>(
        &self,
        method: &str,
        args: &impl Serialize,
    ) -> Result<Response<T>, Error> {
        let body = self.encode(method, args)?;
        self.run(None, method, None, body).await.and_then(|answer| answer.parse(method))
    }

    /// Calls a method that posts to a channel, and waits for the channel's turn where Slack has asked for that.
    pub async fn call_in<T: DeserializeOwned>(
        &self,
        token: &Token,
        method: &str,
        channel: &ChannelId,
        args: &impl Serialize,
    ) -> Result<Response<T>, Error> {
        let body = self.encode(method, args)?;
        self.run(Some(token), method, Some(channel), body).await.and_then(|answer| answer.parse(method))
    }

    #[expect(clippy::unused_self, reason = "reads as what it is: the first step of a call")]
    fn encode(&self, method: &str, args: &impl Serialize) -> Result<Body, Error> {
        encode(Method::find(method), args).map_err(|source| Error::Encode { method: method.to_owned(), source })
    }

    /// Sends a body until it succeeds or the policy is at its end.
    async fn run(
        &self,
        token: Option<&Token>,
        method: &str,
        channel: Option<&ChannelId>,
        body: Body,
    ) -> Result<Answer, Error> {
        let repeatable = Method::find(method).is_some_and(Method::repeatable);
        let mut attempts = Attempts::new(&self.inner.retry);
        loop {
            self.wait_for_turn(method, channel).await?;
            let error = match self.send(token, method, self.inner.base.method_url(method), &body).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if let (Some(channel), Error::RateLimited { retry_after, .. }) = (channel, &error) {
                self.inner.pacer.slow_down(channel, *retry_after, Instant::now());
            }
            let Some(pause) = attempts.after(&error, repeatable) else { return Err(error) };
            tracing::debug!(slack.method = method, pause_ms = pause.as_millis(), %error, "calling {method} again");
            // With a channel the pacer keeps the pause, so that others in line keep their order.
            if channel.is_none() || !matches!(error, Error::RateLimited { .. }) {
                sleep(pause).await;
            }
        }
    }

    async fn wait_for_turn(&self, method: &str, channel: Option<&ChannelId>) -> Result<(), Error> {
        let Some(channel) = channel else { return Ok(()) };
        // A paced call waits its turn even where failed calls are not tried again, but no longer than an attempt takes.
        let patience = self.inner.retry.budget.max(TIMEOUT);
        match self.inner.pacer.reserve(channel, patience, Instant::now()) {
            Ok(Duration::ZERO) => Ok(()),
            Ok(wait) => {
                sleep(wait).await;
                Ok(())
            }
            Err(retry_after) => Err(Error::RateLimited { method: method.to_owned(), retry_after }),
        }
    }

    /// Sends a body once. Without a token nothing but the body goes out.
    async fn send(&self, token: Option<&Token>, method: &str, url: Url, body: &Body) -> Result<Answer, Error> {
        let mut request =
            self.inner.http.post(url).header(header::CONTENT_TYPE, body.content_type).body(body.bytes.clone());
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, token.header());
        }
        let mut response = request.send().await.map_err(|source| transport(method, source))?;
        match response.status() {
            StatusCode::TOO_MANY_REQUESTS => {
                let retry_after = retry_after(response.headers());
                Err(Error::RateLimited { method: method.to_owned(), retry_after })
            }
            status if status.is_success() => {
                let headers = std::mem::take(response.headers_mut());
                // Taken out first: the length that was announced is still known to the body.
                Ok(Answer { bytes: read(method, response).await?, headers })
            }
            status => Err(Error::Http { method: method.to_owned(), status: status.as_u16() }),
        }
    }

    /// Posts bytes to an address that Slack handed out; no token goes with them.
    pub(super) async fn post_plain(
        &self,
        what: &str,
        url: Url,
        content_type: &'static str,
        bytes: bytes::Bytes,
    ) -> Result<(), Error> {
        self.send(None, what, url, &Body { content_type, bytes }).await.map(drop)
    }
}

/// An answer with status 200.
struct Answer {
    bytes: Vec<u8>,
    headers: HeaderMap,
}

impl Answer {
    fn parse<T: DeserializeOwned>(self, method: &str) -> Result<Response<T>, Error> {
        let bad = |source| Error::BadJson { method: method.to_owned(), source };
        let verdict: Verdict = serde_json::from_slice(&self.bytes).map_err(bad)?;
        if !verdict.ok {
            let answer: Value = serde_json::from_slice(&self.bytes).map_err(bad)?;
            return Err(refusal(method, &answer, &self.headers));
        }
        let body = serde_json::from_slice(&self.bytes).map_err(bad)?;
        Ok(Response { body, headers: self.headers })
    }
}

#[derive(Deserialize)]
struct Verdict {
    ok: bool,
}

fn refusal(method: &str, answer: &Value, headers: &HeaderMap) -> Error {
    let error = ApiError::read(method, answer);
    if error.error == "ratelimited" {
        return Error::RateLimited { method: method.to_owned(), retry_after: retry_after(headers) };
    }
    Error::Api(Box::new(error))
}

impl<T> Response<T> {
    /// The scopes that the token has (`X-OAuth-Scopes`); empty when Slack did not say.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        list(&self.headers, "x-oauth-scopes")
    }

    /// The scopes any one of which the method takes (`X-Accepted-OAuth-Scopes`).
    pub fn accepted_scopes(&self) -> impl Iterator<Item = &str> {
        list(&self.headers, "x-accepted-oauth-scopes")
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

fn list<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(',').map(str::trim).filter(|scope| !scope.is_empty())
}

#[cfg(test)]
mod tests;
