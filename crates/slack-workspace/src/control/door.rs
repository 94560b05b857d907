//! Who may come in, and how requests are read.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request, State as Shared};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, request};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::ControlError;
use crate::Workspace;
use crate::api::bearer;
use crate::depth;
use crate::model::same_secret;

/// The largest request; a manifest is far smaller.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Refuses whoever does not have the control token.
pub(super) async fn with_token_only(Shared(workspace): Shared<Workspace>, request: Request, next: Next) -> Response {
    let token = bearer(request.headers()).unwrap_or_default();
    if same_secret(token, workspace.control_token().expose_secret()) {
        return next.run(request).await;
    }
    let message = "the control API needs the control token: Authorization: Bearer …";
    ControlError::new(StatusCode::UNAUTHORIZED, "unauthorized", message).into_response()
}

pub(super) async fn nothing_here(request: Request) -> ControlError {
    let message = format!("there is no /control{}", request.uri().path());
    ControlError::new(StatusCode::NOT_FOUND, "not_found", message)
}

pub(super) async fn wrong_verb(request: Request) -> ControlError {
    let message = format!("/control{} does not take {}", request.uri().path(), request.method());
    ControlError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}

/// The JSON body of a request. An empty body is `{}`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Workspace> for Wanted<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, _: &Workspace) -> Result<Self, ControlError> {
        let body = to_bytes(request.into_body(), MAX_BODY)
            .await
            .map_err(|_| ControlError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the request is too large"))?;
        let body = if body.is_empty() { &b"{}"[..] } else { &body };
        let invalid = |error: serde_json::Error| ControlError::bad("invalid_request", error.to_string());
        let value: Value = serde_json::from_slice(body).map_err(invalid)?;
        if !depth::is_fine(&value) {
            return Err(ControlError::bad("invalid_request", "the request is nested too deeply"));
        }
        // From the text and not from the value: its errors say where.
        serde_json::from_slice(body).map(Self).map_err(invalid)
    }
}

/// The query of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Workspace> for Asked<T> {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut request::Parts, _: &Workspace) -> Result<Self, ControlError> {
        let query = parts.uri.query().unwrap_or_default();
        let asked = serde_urlencoded::from_str(query)
            .map_err(|error| ControlError::bad("invalid_request", error.to_string()))?;
        Ok(Self(asked))
    }
}
