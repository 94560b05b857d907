//! What comes with a call: body, path and query, each refused in the API's own words.

use axum::{
    Json,
    extract::{
        FromRequest, FromRequestParts, Path, Query, Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::ApiError;
use crate::gateway::state::Gateway;

/// A JSON body.
#[derive(Clone, Debug)]
pub(super) struct Body<T>(pub(super) T);

/// What stands in the path.
#[derive(Clone, Debug)]
pub(super) struct In<T>(pub(super) T);

/// What stands after the `?`.
#[derive(Clone, Debug)]
pub(super) struct With<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Gateway> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<Self, ApiError> {
        match Json::<T>::from_request(request, gateway).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(of_json(&rejection)),
        }
    }
}

/// The words of the deserializer, which name the field; never what stood in it beyond one line.
fn of_json(rejection: &JsonRejection) -> ApiError {
    let text = rejection.body_text();
    let text = text
        .strip_prefix("Failed to deserialize the JSON body into the target type: ")
        .or_else(|| text.strip_prefix("Failed to parse the request body as JSON: "))
        .unwrap_or(&text);
    let message: String = text.chars().filter(|character| !character.is_control()).take(500).collect();
    let error = ApiError::unreadable(rejection.status(), message);
    match (rejection, text.split_once(": ")) {
        (JsonRejection::JsonDataError(_), Some((field, _))) if is_field(field) => error.about(field),
        _ => error,
    }
}

/// Whether a text reads like the path of a field, e.g. `env.PASSWORD` or `groups[1]`.
fn is_field(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-[]@".contains(&byte);
    !text.is_empty() && text.len() <= 200 && text.bytes().all(fits)
}

impl<T: DeserializeOwned + Send> FromRequestParts<Gateway> for In<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        match Path::<T>::from_request_parts(parts, gateway).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                Err(ApiError::unreadable(error.status(), "the address cannot be read: it is not UTF-8"))
            }
            Err(rejection) => Err(ApiError::unreadable(rejection.status(), "the address cannot be read")),
        }
    }
}

impl<T: DeserializeOwned> FromRequestParts<Gateway> for With<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, gateway).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(QueryRejection::FailedToDeserializeQueryString(error)) => {
                let text = error.body_text();
                let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
                let text: String = text.chars().filter(|character| !character.is_control()).take(300).collect();
                Err(ApiError::unreadable(error.status(), text))
            }
            Err(rejection) => Err(ApiError::unreadable(rejection.status(), "the query cannot be read")),
        }
    }
}
