//! Calls that are made as somebody wrote them, and answers as they come.

use std::str::FromStr as _;

use http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, header};
use thiserror::Error;

use super::http::{read, transport};
use super::{Client, Error, Token};

/// A call of a method, as somebody wrote it.
#[derive(Debug, Clone, Default)]
pub struct RawCall {
    verb: Verb,
    query: Option<String>,
    body: Option<(&'static str, bytes::Bytes)>,
    headers: HeaderMap,
}

/// An answer, as it came, whatever its status.
#[derive(Debug, Clone)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a call cannot be made as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RawCallError {
    /// There is no such HTTP method.
    #[error("{0:?} is no HTTP method")]
    Verb(String),
    /// A header has characters that none has.
    #[error("{0:?} is no HTTP header")]
    Header(String),
}

impl RawCall {
    /// A call with an HTTP method, such as `POST`.
    pub fn new(verb: &str) -> Result<Self, RawCallError> {
        let unknown = |_| RawCallError::Verb(verb.chars().take(64).collect());
        Ok(Self { verb: Verb::from_str(&verb.to_ascii_uppercase()).map_err(unknown)?, ..Self::default() })
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(mut self, text: impl Into<bytes::Bytes>) -> Self {
        self.body = Some((super::encode::JSON, text.into()));
        self
    }

    /// Sends a form; where the HTTP method has no body, in the address.
    #[must_use]
    pub fn form(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if matches!(self.verb, Verb::GET | Verb::HEAD) {
            self.query = Some(text).filter(|text| !text.is_empty());
        } else {
            self.body = Some((super::encode::FORM, text.into()));
        }
        self
    }

    /// Sends a header; `Authorization` in place of the token's.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, RawCallError> {
        let unknown = || RawCallError::Header(name.chars().take(64).collect());
        let known = HeaderName::from_str(name).map_err(|_| unknown())?;
        self.headers.insert(known, HeaderValue::from_str(value).map_err(|_| unknown())?);
        Ok(self)
    }
}

impl Client {
    /// Makes a call as it was written: once, with whatever answer.
    ///
    /// # Errors
    /// Only where Slack was not reached, or the answer is larger than any should be.
    pub async fn raw(&self, token: Option<&Token>, method: &str, call: RawCall) -> Result<RawAnswer, Error> {
        let mut url = self.base().method_url(method);
        url.set_query(call.query.as_deref());
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            headers.insert(header::AUTHORIZATION, token.header());
        }
        if let Some((kind, _)) = &call.body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        headers.extend(call.headers);
        let mut request = self.transport().request(call.verb, url).headers(headers);
        if let Some((_, body)) = call.body {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(|source| transport(method, source))?;
        let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
        Ok(RawAnswer { status, headers, body: read(method, response).await? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Server;

    #[tokio::test]
    async fn a_call_goes_out_as_it_was_written_and_its_answer_comes_as_it_is() {
        let server = Server::start().await;
        server.next((http::StatusCode::IM_A_TEAPOT, vec![("x-a", "b".to_owned())], "no json".to_owned()));
        let call = RawCall::new("post").unwrap().form("a=b%20c").header("X-Own", "1").unwrap();
        let token: Token = "xoxb-1".parse().unwrap();
        let answer = server.client().raw(Some(&token), "x.y", call).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (418, b"no json".as_slice()));
        assert_eq!(answer.headers["x-a"], "b");
        let sent = server.calls().remove(0);
        assert_eq!((sent.path.as_str(), sent.body.as_str()), ("/api/x.y", "a=b%20c"));
        assert_eq!((sent.header("authorization"), sent.header("x-own")), ("Bearer xoxb-1", "1"));
    }

    #[test]
    fn what_http_does_not_have_is_refused() {
        assert!(RawCall::new("no such").is_err());
        assert!(RawCall::new("GET").unwrap().header("a b", "c").is_err());
        assert!(RawCall::new("GET").unwrap().header("a", "b\n").is_err());
    }
}
