//! The addresses for linking a Slack account.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
    routing::post,
};
use countersign_approval::{StoreError, Timestamp};
use countersign_gateway::{
    TokenHash, TokenOwner,
    port::Account,
    wire::api::{ErrorBody, ErrorDetail, SlackAccount},
};
use serde::{Deserialize, Serialize};

use super::{
    super::state::Gateway,
    link::{self, LinkError},
};
use crate::chain;

/// Whose account is to be linked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkInput {
    /// The Slack user's id.
    slack_user: String,
}

/// A code was sent.
#[derive(Debug, Serialize)]
struct CodeSent {
    /// From then on it is worth nothing.
    expires_at: Timestamp,
}

/// The code that was sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeInput {
    /// As it stands in Slack.
    code: String,
}

pub(super) fn router() -> Router<Gateway> {
    Router::new().route("/api/v1/link", post(ask)).route("/api/v1/link/code", post(enter))
}

async fn ask(State(gateway): State<Gateway>, headers: HeaderMap, Json(input): Json<LinkInput>) -> Response {
    let account = match caller(&gateway, &headers).await {
        Ok(account) => account,
        Err(refused) => return refused,
    };
    match link::send_code(&gateway, &account, &input.slack_user).await {
        Ok(expires_at) => Json(CodeSent { expires_at }).into_response(),
        Err(error) => refused(&error),
    }
}

async fn enter(State(gateway): State<Gateway>, headers: HeaderMap, Json(input): Json<CodeInput>) -> Response {
    let account = match caller(&gateway, &headers).await {
        Ok(account) => account,
        Err(refused) => return refused,
    };
    match link::try_code(&gateway, &account, &input.code).await {
        Ok(identity) => Json(SlackAccount { org: identity.org, user: identity.user }).into_response(),
        Err(error) => refused(&error),
    }
}

/// The person whose token it is.
pub(crate) async fn caller(gateway: &Gateway, headers: &HeaderMap) -> Result<Account, Response> {
    let account = async {
        let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some((_, token)) = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
            return Ok(None);
        };
        let known = gateway.store().token(TokenHash::of(token.trim()), gateway.now()).await?;
        let Some(TokenOwner::Person(person)) = known.map(|token| token.owner) else { return Ok(None) };
        Ok::<_, StoreError>(gateway.store().account(&person).await?.filter(|account| account.person.active))
    };
    match account.await {
        Ok(Some(account)) => Ok(account),
        Ok(None) => Err(error(StatusCode::UNAUTHORIZED, "unauthorized", "a token that is known here is needed")),
        Err(error) => Err(refused(&LinkError::Store(error))),
    }
}

fn refused(failure: &LinkError) -> Response {
    let (status, code) = match failure {
        LinkError::NoSlack(_) | LinkError::NotSent(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        LinkError::NoUser | LinkError::Wrong(_) => (StatusCode::BAD_REQUEST, "invalid"),
        LinkError::NoCode => (StatusCode::NOT_FOUND, "not_found"),
        LinkError::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
        LinkError::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "fault"),
    };
    error(status, code, &chain(failure))
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let detail = ErrorDetail { code: code.to_owned(), message: message.to_owned(), ..ErrorDetail::default() };
    (status, Json(ErrorBody { error: detail })).into_response()
}
