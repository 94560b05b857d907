//! `functions.complete*`: an app says what came of a custom step.

use serde_json::Value;

use super::body::{ApiError, Body};
use super::call::Call;
use crate::model::{State, Status};

/// `functions.completeSuccess`.
pub(super) fn complete_success(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let outputs = match call.args.nested("outputs") {
        Some(Ok(outputs)) => outputs.as_object().cloned().ok_or(ApiError::new("parameter_validation_failed"))?,
        Some(Err(())) => return Err(ApiError::new("parameter_validation_failed")),
        None => serde_json::Map::new(),
    };
    complete(state, call, Status::Completed { outputs }, now)
}

/// `functions.completeError`.
pub(super) fn complete_error(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let error = call.args.text("error").unwrap_or_default().into_owned();
    complete(state, call, Status::Failed { error }, now)
}

fn complete(state: &mut State, call: &Call<'_>, status: Status, now: u64) -> Result<Body, ApiError> {
    let id = call.args.get("function_execution_id").and_then(Value::as_str).unwrap_or_default();
    state.complete_function(&call.grant.app, id, status, now)?;
    Ok(Body::ok())
}
