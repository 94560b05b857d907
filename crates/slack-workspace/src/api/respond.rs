//! Response URLs.

use axum::extract::{Path, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use super::args::{Args, Format, Raw, format};
use super::body::ApiError;
use super::content::checked_reply;
use super::intake::{content_type, whole};
use crate::Workspace;
use crate::depth;
use crate::journal::Field;

/// Takes what an app sends to a response URL.
pub(crate) async fn respond(
    Shared(workspace): Shared<Workspace>,
    Path((_team, _number, secret)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let (body, result) = match read(request).await {
        Err(error) => (Value::Null, Err(error)),
        Ok(body) => {
            let result = answer(&workspace, &secret, body.clone());
            (body, result)
        }
    };
    let outcome = result.as_ref().map_or_else(ApiError::code, |()| "ok");
    let fields =
        [("request", Field::Text("response_url")), ("body", Field::Json(&body)), ("outcome", Field::Text(outcome))];
    workspace.recorder().write("http", &fields);
    match result {
        Ok(()) => "ok".into_response(),
        Err(error) => refuse(error),
    }
}

fn answer(workspace: &Workspace, secret: &str, body: Value) -> Result<(), ApiError> {
    workspace.where_is(|state| state.response_urls.contains_key(secret)).update(|state, now| {
        let app = state.response_urls.get(secret).map(|url| &url.app);
        if let (Some(app), Some(limits)) = (app, workspace.limits())
            && let Some(seconds) = limits.count_response((&state.team.id, app), secret, now)
        {
            return Err(ApiError::rate_limited(seconds));
        }
        let reply = checked_reply(state, body)?;
        Ok(state.respond(secret, reply, now)?)
    })
}

async fn read(request: Request) -> Result<Value, ApiError> {
    let (parts, body) = request.into_parts();
    let body = whole(body).await?;
    let content_type = content_type(&parts.headers);
    match format(content_type) {
        Format::Json => {
            let value: Option<Value> = serde_json::from_slice(&body).ok().filter(depth::is_fine);
            value.ok_or(ApiError::new("invalid_payload"))
        }
        Format::Form => {
            let args = Args::decode(Raw { query: None, content_type, body: &body })?;
            // Webhooks take the JSON as a form field too.
            let payload = args.nested("payload").ok_or(ApiError::new("invalid_payload"))?;
            payload.map(std::borrow::Cow::into_owned).map_err(|()| ApiError::new("invalid_payload"))
        }
        Format::Multipart | Format::Other => Err(ApiError::new("invalid_payload")),
    }
}

fn refuse(error: ApiError) -> Response {
    let status = match error.code() {
        "used_url" | "expired_url" | "invalid_url" | "message_not_found" => StatusCode::NOT_FOUND,
        "ratelimited" => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    };
    let retry_after = error.retry_after();
    let body = error.into_body().to_bytes();
    let mut response = (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
