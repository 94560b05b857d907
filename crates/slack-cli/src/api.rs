//! The methods of the Web API that the life of an app consists of.

mod address;
mod refusal;

use std::time::Duration;

use countersign_slack::client::{ApiBase, Client, RawAnswer, RawCall, RetryPolicy, Token};
use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Code, Failure, Session};

/// So long one call may take: creating an app is slow at Slack.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Creating and updating apps may be done once a minute: somebody who waits for it does not want to be sent away.
const PATIENCE: RetryPolicy = RetryPolicy {
    attempts: 3,
    budget: Duration::from_secs(65),
    first_pause: Duration::from_millis(100),
    longest_pause: Duration::from_secs(5),
};

/// Slack, in somebody's name.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    token: Token,
}

impl Api {
    /// Slack at an address, in the name of whom the token is.
    pub fn new(client: Client, token: Token) -> Self {
        Self { client, token }
    }

    /// Slack where the session says it is, else where an account has it (`api_host`), in the name of whom a token is.
    pub fn connect(session: &Session, api_host: Option<&str>, token: &SecretString) -> Result<Self, Failure> {
        Ok(Self::new(client(session, api_host)?, usable(token)?))
    }

    /// The same Slack, in the name of whom another token is.
    pub fn with_token(&self, token: &SecretString) -> Result<Self, Failure> {
        Ok(Self::new(self.client.clone(), usable(token)?))
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The token.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Calls a method; a refusal is a [`Failure`] with Slack's own code, its pointers and messages as details.
    pub async fn call<T: DeserializeOwned>(&self, method: &str, arguments: &impl Serialize) -> Result<T, Failure> {
        let answered = self.client.call(&self.token, method, arguments).await;
        answered.map(|answer| answer.body).map_err(|error| refusal::told(self.client.base(), error))
    }

    /// Makes a call as somebody wrote it; whatever Slack answers is an answer.
    pub async fn raw(&self, method: &str, call: RawCall) -> Result<RawAnswer, Failure> {
        let answered = self.client.raw(Some(&self.token), method, call).await;
        answered.map_err(|error| refusal::told(self.client.base(), error))
    }
}

/// Makes a call as somebody wrote it, in nobody's name.
pub async fn raw_without_token(session: &Session, method: &str, call: RawCall) -> Result<RawAnswer, Failure> {
    let client = client(session, None)?;
    client.raw(None, method, call).await.map_err(|error| refusal::told(client.base(), error))
}

fn usable(token: &SecretString) -> Result<Token, Failure> {
    Token::new(token)
        .map_err(|error| Failure::new(Code::NotAuthed, "the token cannot be used").detail(error.to_string()))
}

/// Slack where the session says it is, in nobody's name.
pub(crate) fn client(session: &Session, api_host: Option<&str>) -> Result<Client, Failure> {
    let client = Client::builder(address::of(session, api_host)?).timeout(TIMEOUT).retry(PATIENCE).build();
    client.map_err(|error| {
        Failure::new(Code::HttpRequestFailed, "could not set up the client of Slack's API")
            .detail(refusal::chain(&error))
    })
}

/// Calls a method that wants no token.
pub(crate) async fn call_without_token<T: DeserializeOwned>(
    client: &Client,
    method: &str,
    arguments: &impl Serialize,
) -> Result<T, Failure> {
    let answered = client.call_without_token(method, arguments).await;
    answered.map(|answer| answer.body).map_err(|error| refusal::told(client.base(), error))
}

/// What an account's `api_host` is, where its API is there; Slack's own is not written down.
pub(crate) fn host_of(base: &ApiBase) -> Option<String> {
    address::host(base)
}
