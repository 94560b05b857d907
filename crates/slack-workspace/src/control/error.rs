//! Errors of the control API.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::model::ModelError;
use crate::person::PersonError;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ControlError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl ControlError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// 400: the request itself is wrong.
    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }
}

impl From<PersonError> for ControlError {
    fn from(error: PersonError) -> Self {
        let status = match error.code {
            code if code.ends_with("_not_found") || code == "unknown_command" => StatusCode::NOT_FOUND,
            "invalid_response" => StatusCode::BAD_GATEWAY,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.code, error.message)
    }
}

impl From<ModelError> for ControlError {
    fn from(error: ModelError) -> Self {
        PersonError::from(error).into()
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let body = json!({"error": {"code": self.code, "message": self.message}});
        (self.status, Json(body)).into_response()
    }
}
