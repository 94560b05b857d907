//! What is answered when something is not a success.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_approval::{CancelError, DecideError, StoreError};
use countersign_gateway::{
    Invalid,
    plugin::PluginError,
    wire::api::{ErrorBody, ErrorDetail},
};

use crate::{chain, gateway::vault::VaultError};

/// A call that failed: a status, a stable word, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    detail: ErrorDetail,
}

impl ApiError {
    fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let detail = ErrorDetail { code: code.to_owned(), message: message.into(), ..ErrorDetail::default() };
        Self { status, detail }
    }

    /// The field that it is about.
    pub(super) fn about(mut self, field: impl Into<String>) -> Self {
        self.detail.field = Some(field.into());
        self
    }

    /// Nobody, or nobody known.
    pub(super) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    /// Somebody known who may not.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// There is no such thing.
    pub(super) fn no_such(kind: &str, name: &str) -> Self {
        Self::not_found(format!("there is no {kind} {}", shown(name)))
    }

    /// Something else has the name.
    pub(super) fn exists(kind: &str, name: &str) -> Self {
        let message = format!("{kind} {} exists already: change it with --overwrite", shown(name));
        Self::new(StatusCode::CONFLICT, "exists", message)
    }

    /// Something uses it.
    pub(super) fn in_use(kind: &str, name: &str, used_by: Vec<String>) -> Self {
        let message = format!("{kind} {} is in use by {}", shown(name), used_by.join(", "));
        let mut error = Self::new(StatusCode::CONFLICT, "in_use", message);
        error.detail.used_by = used_by;
        error
    }

    /// It cannot be done as things are.
    pub(super) fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// What was sent cannot be read.
    pub(super) fn unreadable(status: StatusCode, message: impl Into<String>) -> Self {
        let code = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            _ => "invalid",
        };
        Self::new(status, code, message)
    }

    pub(super) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message).about(field)
    }

    pub(super) fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "this address does not take that method")
    }

    pub(super) fn long_head() -> Self {
        let message = "the request's head is too long: at most 64 headers and 16 KiB are taken";
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", message)
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the call took too long; what it did is not known")
    }

    /// The server itself failed: the log has the reason, the caller is only told that.
    pub(super) fn fault(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!("a call of the API failed: {}", chain(error));
        let message = "the server failed to do this; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", message)
    }

    /// What is wrong and what to do.
    pub(super) fn message(&self) -> &str {
        &self.detail.message
    }
}

/// A name that somebody gave, fit for a message.
pub(super) fn shown(name: &str) -> String {
    let mut shown: String = crate::render::visible(name).chars().take(100).collect();
    shown.retain(|character| !matches!(character, '\n' | '\t'));
    shown
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let is_unauthorized = self.status == StatusCode::UNAUTHORIZED;
        let mut response = (self.status, Json(ErrorBody { error: self.detail })).into_response();
        if is_unauthorized {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::fault(&error)
    }
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        Self::fault(&error)
    }
}

impl From<Invalid> for ApiError {
    fn from(error: Invalid) -> Self {
        Self::invalid(error.field.clone(), error.to_string())
    }
}

impl From<PluginError> for ApiError {
    fn from(error: PluginError) -> Self {
        let field = match &error {
            PluginError::Unknown { .. } => "name",
            PluginError::UnknownKey { .. } | PluginError::MissingKey { .. } | PluginError::Value { .. } => "config",
            _ => "connections",
        };
        Self::invalid(field, error.to_string())
    }
}

impl From<DecideError> for ApiError {
    fn from(error: DecideError) -> Self {
        match &error {
            DecideError::UnknownToken => Self::not_found("there is no such request any more"),
            DecideError::AlreadyEnded(_) => Self::conflict("already_ended", error.to_string()),
            DecideError::Late(_) => Self::conflict("expired", error.to_string()),
            DecideError::Ineligible { .. } => Self::forbidden(error.to_string()),
            DecideError::ReasonRequired => Self::invalid("reason", error.to_string()),
            DecideError::Store(_) => Self::fault(&error),
        }
    }
}

impl From<CancelError> for ApiError {
    fn from(error: CancelError) -> Self {
        match &error {
            CancelError::Missing(_) => Self::not_found(error.to_string()),
            CancelError::AlreadyEnded(_) => Self::conflict("already_ended", error.to_string()),
            CancelError::Store(_) => Self::fault(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_is_visible_and_short_in_a_message() {
        let error = ApiError::no_such("connection", &format!("a\u{202e}\n{}", "x".repeat(1000)));
        assert!(error.message().starts_with("there is no connection a⟦U+202E⟧xxx"), "{}", error.message());
        assert!(error.message().len() < 200);
    }
}
