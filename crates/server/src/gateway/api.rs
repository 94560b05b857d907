//! The HTTP API: administration, requests, sessions. JSON in and out, a token with every call.
//!
//! Its types are [`countersign_gateway::wire::api`]. A handler says who may call it by the extractor it takes ([`Caller`],
//! [`Admin`]); everything that changes something carries the caller's name into the audit trail.

mod agents;
mod apply;
mod body;
mod caller;
mod connections;
mod error;
mod health;
mod people;
mod plugins;
mod policies;
mod requests;
mod sessions;
mod sign_in;
mod tokens;

use std::time::Duration;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderValue, header::CACHE_CONTROL},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{any, delete, get, post},
};

use self::{
    caller::{Admin, Caller},
    error::ApiError,
};
use super::state::Gateway;

/// Longest body of a call. Nothing that people write is longer; a declarative file has its own limit.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Longest body that carries a declarative file: the file's own limit, as JSON text at its worst.
const MAX_FILE_BODY_BYTES: usize = 2 * countersign_gateway::apply::MAX_FILE_BYTES + 4096;

/// Longest head of a request: names and values of headers and the address, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Most headers of a request.
const MAX_HEADERS: usize = 64;

/// Longest time that a call may take, its body's arrival included. Applying a long file is the longest.
const MAX_TIME: Duration = Duration::from_mins(2);

/// The API's addresses.
pub(crate) fn router() -> Router<Gateway> {
    Router::new()
        .merge(server())
        .merge(people())
        .merge(resources())
        .merge(rules())
        .merge(work())
        .route("/api/{*rest}", any(nowhere))
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(bounded))
}

fn server() -> Router<Gateway> {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/api/v1/version", get(health::version))
        .route("/api/v1/settings", get(health::settings))
        .route("/api/v1/bootstrap", post(sign_in::bootstrap))
        .route("/api/v1/whoami", get(sign_in::whoami))
}

fn people() -> Router<Gateway> {
    Router::new()
        .route("/api/v1/users", get(people::list))
        .route("/api/v1/users/{email}", get(people::show).put(people::put).delete(people::remove))
        .route("/api/v1/users/{email}/tokens", get(tokens::list).post(tokens::create))
        .route("/api/v1/users/{email}/tokens/{name}", delete(tokens::remove))
}

fn resources() -> Router<Gateway> {
    Router::new()
        .route("/api/v1/agents", get(agents::list))
        .route("/api/v1/agents/{name}", get(agents::show).put(agents::put).delete(agents::remove))
        .route("/api/v1/connections", get(connections::list))
        .route("/api/v1/connections/{name}", get(connections::show).put(connections::put).delete(connections::remove))
}

fn rules() -> Router<Gateway> {
    let apply =
        Router::new().route("/api/v1/apply", post(apply::apply)).layer(DefaultBodyLimit::max(MAX_FILE_BODY_BYTES));
    Router::new()
        .route("/api/v1/policies", get(policies::list))
        .route("/api/v1/policies/{*name}", get(policies::show).put(policies::put).delete(policies::remove))
        .route("/api/v1/plugins", get(plugins::list))
        .route("/api/v1/plugins/{name}", get(plugins::show).put(plugins::put).delete(plugins::remove))
        .merge(apply)
}

fn work() -> Router<Gateway> {
    Router::new()
        .route("/api/v1/requests", get(requests::list))
        .route("/api/v1/requests/{id}", get(requests::show))
        .route("/api/v1/requests/{id}/input", get(requests::input))
        .route("/api/v1/requests/{id}/approve", post(requests::approve))
        .route("/api/v1/requests/{id}/deny", post(requests::deny))
        .route("/api/v1/requests/{id}/cancel", post(requests::cancel))
        .route("/api/v1/requests/{id}/revoke", post(requests::revoke))
        .route("/api/v1/sessions", get(sessions::list))
        .route("/api/v1/sessions/{id}", get(sessions::show))
}

async fn nowhere() -> ApiError {
    ApiError::not_found("there is nothing at this address; the API begins at /api/v1")
}

async fn wrong_method() -> ApiError {
    ApiError::wrong_method()
}

/// Bounds a call's head and time; a body has its own bound.
async fn bounded(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let in_headers: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let in_address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if headers.len() > MAX_HEADERS || in_headers + in_address > MAX_HEAD_BYTES {
        return ApiError::long_head().into_response();
    }
    let ran = tokio::time::timeout(MAX_TIME, next.run(request)).await;
    let mut response = ran.unwrap_or_else(|_| ApiError::too_slow().into_response());
    // Answers hold tokens, and what only the caller may see.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
