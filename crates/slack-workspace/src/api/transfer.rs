//! The bytes of files, in and out.

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Path, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::args::{Format, format};
use super::call::bearer;
use super::intake::{content_type, up_to};
use crate::Workspace;
use crate::guard;
use crate::journal::Field;
use crate::model::State;

/// The largest file that can be uploaded.
pub(super) const MAX_FILE: usize = 64 * 1024 * 1024;
/// What a multipart body may add to the file.
const MULTIPART_EXTRA: usize = 64 * 1024;

/// Takes the bytes of a file at the address that `files.getUploadURLExternal` gave: raw or multipart.
pub(crate) async fn upload(
    Shared(workspace): Shared<Workspace>,
    Path(secret): Path<String>,
    request: Request,
) -> Response {
    let workspace = workspace.where_is(|state| state.uploads.contains_key(&secret));
    let length = workspace.read(|state| state.uploads.get(&secret).map(|upload| upload.length));
    let length = match (length, guard::foreign_origin(&workspace, request.headers())) {
        (_, Some(refusal)) => return refusal,
        (None, None) => return (StatusCode::NOT_FOUND, "file_not_found").into_response(),
        (Some(length), None) => usize::try_from(length).unwrap_or(MAX_FILE),
    };
    let content = match content(request, length).await {
        Ok(content) => content,
        Err(status) => return status.into_response(),
    };
    let size = content.len();
    let received = workspace.update(|state, _| state.receive_file(&secret, content));
    let fields = [("request", Field::Text("upload")), ("bytes", Field::Number(size as u64))];
    workspace.recorder().write("http", &fields);
    match received {
        Ok(()) => format!("OK - {size}").into_response(),
        Err(error) => (StatusCode::NOT_FOUND, error.code).into_response(),
    }
}

/// The bytes of a file that was announced to have so many.
async fn content(request: Request, length: usize) -> Result<Bytes, StatusCode> {
    let (parts, body) = request.into_parts();
    let is_multipart = format(content_type(&parts.headers)) == Format::Multipart;
    let limit = if is_multipart { length.saturating_add(MULTIPART_EXTRA) } else { length };
    let body = up_to(limit, body).await.map_err(|error| match error.code() {
        "request_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::REQUEST_TIMEOUT,
    })?;
    if !is_multipart {
        return Ok(body);
    }
    let request = Request::from_parts(parts, Body::from(body));
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| StatusCode::BAD_REQUEST)?;
    let field = form.next_field().await.map_err(|_| StatusCode::BAD_REQUEST)?;
    let field = field.ok_or(StatusCode::BAD_REQUEST)?;
    let bytes = field.bytes().await.map_err(|_| StatusCode::BAD_REQUEST)?;
    if bytes.len() > length { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(bytes) }
}

/// `url_private` of a file.
pub(crate) async fn download(
    Shared(workspace): Shared<Workspace>,
    Path((file, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    give(&workspace, &file, &headers)
}

/// `url_private_download` of a file.
pub(crate) async fn download_named(
    workspace: Shared<Workspace>,
    path: Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    download(workspace, path, headers).await
}

fn give(workspace: &Workspace, file: &str, headers: &HeaderMap) -> Response {
    let token = bearer(headers);
    let workspace = workspace.where_is(|state| token.is_some_and(|token| state.grant(token).is_some()));
    let found = workspace.read(|state| found(state, file, token));
    match found {
        Err(status) => status.into_response(),
        Ok((content, mimetype)) => {
            let mut response = Response::new(Body::from(content));
            let headers = response.headers_mut();
            // Never shown as a page of this address.
            headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mimetype));
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            response
        }
    }
}

/// The file `T…-F…`, for a token that may read it.
fn found(state: &State, file: &str, token: Option<&str>) -> Result<(Bytes, &'static str), StatusCode> {
    let grant = token.and_then(|token| state.grant(token)).ok_or(StatusCode::UNAUTHORIZED)?;
    let user = grant.user().ok_or(StatusCode::FORBIDDEN)?;
    if !grant.scopes.contains("files:read") {
        return Err(StatusCode::FORBIDDEN);
    }
    let (team, id) = file.split_once('-').ok_or(StatusCode::NOT_FOUND)?;
    let file = state.file(id).filter(|file| team == state.team().id.as_str() && file.is_complete);
    let file = file.filter(|file| state.can_see_file(user, file)).ok_or(StatusCode::NOT_FOUND)?;
    let content = file.content.clone().ok_or(StatusCode::NOT_FOUND)?;
    Ok((content, file.mimetype))
}
