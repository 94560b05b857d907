//! The server's HTTP API.

use std::time::Duration;

use anyhow::Context as _;
use countersign_gateway::{
    client::Server,
    wire::api::{API_PATH, ErrorBody, ErrorDetail},
};
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use crate::output::Hinted;

/// How long an answer may take: administration is a matter of milliseconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// A server to make calls to.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: reqwest::Client,
    base: Url,
    token: Option<SecretString>,
}

impl Api {
    /// The API of a server that one is signed in to.
    pub(crate) fn of(server: &Server) -> anyhow::Result<Self> {
        Self::new(server.url().clone(), Some(server.token().clone()))
    }

    /// The API of a server, before signing in.
    pub(crate) fn new(base: Url, token: Option<SecretString>) -> anyhow::Result<Self> {
        crate::system::install_tls_provider();
        let http = reqwest::Client::builder()
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            // A redirect would take the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("could not set up HTTP")?;
        Ok(Self { http, base, token })
    }

    /// Reads.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> anyhow::Result<T> {
        self.answer(self.request(Method::GET, path, &[])?).await
    }

    /// Reads what fits a query.
    pub(crate) async fn find<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<T> {
        self.answer(self.request(Method::GET, path, query)?).await
    }

    /// Puts.
    pub(crate) async fn put<B: Serialize, T: DeserializeOwned>(&self, path: &[&str], body: &B) -> anyhow::Result<T> {
        self.answer(self.request(Method::PUT, path, &[])?.json(body)).await
    }

    /// Does.
    pub(crate) async fn post<B: Serialize, T: DeserializeOwned>(&self, path: &[&str], body: &B) -> anyhow::Result<T> {
        self.answer(self.request(Method::POST, path, &[])?.json(body)).await
    }

    /// Deletes.
    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &[&str]) -> anyhow::Result<T> {
        self.answer(self.request(Method::DELETE, path, &[])?).await
    }

    /// Reads bytes as they come.
    pub(crate) async fn stream(&self, path: &[&str]) -> anyhow::Result<reqwest::Response> {
        let answer = self.request(Method::GET, path, &[])?.send().await.with_context(|| self.unreachable())?;
        if answer.status().is_success() { Ok(answer) } else { Err(self.refusal(answer).await) }
    }

    fn request(&self, method: Method, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<RequestBuilder> {
        if let Some(part) = path.iter().find(|part| !is_segment(part)) {
            return Err(Hinted::new(format!("{:?} cannot be the name of anything", brief(part))).into());
        }
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| anyhow::anyhow!("{} cannot be a server's URL", self.base))?
            .pop_if_empty()
            .extend(API_PATH.split('/').filter(|part| !part.is_empty()))
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.request(method, url);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        })
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let answer = request.send().await.with_context(|| self.unreachable())?;
        if !answer.status().is_success() {
            return Err(self.refusal(answer).await);
        }
        let text = answer.text().await.with_context(|| self.unreachable())?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} answered something unknown: is it another version?", self.base))
    }

    fn unreachable(&self) -> String {
        format!("could not reach the server at {}", self.base)
    }

    async fn refusal(&self, answer: reqwest::Response) -> anyhow::Error {
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        let ErrorDetail { code, message, used_by, .. } =
            serde_json::from_str::<ErrorBody>(&text).map_or_else(|_| unknown(&self.base, status), |body| body.error);
        let mut error = Hinted::new(message);
        match code.as_str() {
            "unauthorized" => error = error.hint(format!("`countersign login {}` signs you in", self.base)),
            // Tokens are not replaced; what is said then says so.
            "exists" if !error.to_string().contains("delete it") => error = error.hint("--overwrite replaces it"),
            _ => {}
        }
        for user in used_by {
            error = error.hint(format!("used by {user}"));
        }
        error.coded(code).into()
    }
}

/// Whether a text stays what it is as a part of a URL's path: dots mean something else there, and line breaks are dropped.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.chars().any(char::is_control)
}

fn brief(text: &str) -> String {
    text.chars().take(80).collect()
}

fn unknown(base: &Url, status: StatusCode) -> ErrorDetail {
    ErrorDetail {
        message: format!("{base} answered {status}: is that a Countersign server?"),
        ..ErrorDetail::default()
    }
}
