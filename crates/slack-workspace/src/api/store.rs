//! Where the archives of apps that Slack runs are sent: a form, answered as Amazon S3 does.
//!
//! docs.aws.amazon.com, "POST Object" and "Error responses".

use std::collections::BTreeMap;

use axum::extract::multipart::{Field as Part, MultipartError};
use axum::extract::{FromRequest, Multipart, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::args::{Format, format};
use super::intake::content_type;
use crate::Workspace;
use crate::guard;
use crate::journal::Field;
use crate::model::{Bundle, Forged, MAX_BUNDLE};

/// What all of a form may have: the fields are far shorter than this.
pub(crate) const MAX_FORM: usize = MAX_BUNDLE + 64 * 1024;
/// What the fields before the file may have, as at S3.
const MAX_FIELDS: usize = 20_000;

/// The fields of a form, by name.
type Fields = BTreeMap<String, String>;

/// Why a form is refused.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn malformed() -> Self {
        let message = "The body of your POST request is not well-formed multipart/form-data.";
        Self::new(StatusCode::BAD_REQUEST, "MalformedPOSTRequest", message)
    }

    fn too_large() -> Self {
        let message = "Your proposed upload exceeds the maximum allowed size";
        Self::new(StatusCode::BAD_REQUEST, "EntityTooLarge", message)
    }
}

impl From<MultipartError> for Refusal {
    fn from(error: MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Self::too_large() } else { Self::malformed() }
    }
}

impl From<Forged> for Refusal {
    fn from(forged: Forged) -> Self {
        let code = if forged == Forged::Signature { "SignatureDoesNotMatch" } else { "AccessDenied" };
        Self::new(StatusCode::FORBIDDEN, code, forged.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        // Code and message are texts of this program: they have nothing in them that XML would want escaped.
        let Self { status, code, message } = self;
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
    }
}

/// Takes an archive at the address that `apps.hosted.generatePresignedPost` gave.
pub(crate) async fn store(Shared(workspace): Shared<Workspace>, request: Request) -> Response {
    if let Some(refusal) = guard::foreign_origin(&workspace, request.headers()) {
        return refusal;
    }
    let stored = take(&workspace, request).await;
    let (status, outcome, bytes) = match &stored {
        Ok(bytes) => (StatusCode::NO_CONTENT, "ok", Some(*bytes)),
        Err(refusal) => (refusal.status, refusal.code, None),
    };
    let fields = [
        ("request", Field::Text("bundle")),
        ("status", Field::Number(status.as_u16().into())),
        ("outcome", Field::Text(outcome)),
        ("bytes", bytes.map_or(Field::Null, |bytes| Field::Number(bytes as u64))),
    ];
    workspace.recorder().write("http", &fields);
    stored.map_or_else(IntoResponse::into_response, |_| StatusCode::NO_CONTENT.into_response())
}

/// The number of bytes that were taken.
async fn take(workspace: &Workspace, request: Request) -> Result<usize, Refusal> {
    if format(content_type(request.headers())) != Format::Multipart {
        let message = "Bucket POST must be of the enclosure-type multipart/form-data";
        return Err(Refusal::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message));
    }
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > MAX_FORM as u64) {
        return Err(Refusal::too_large());
    }
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| Refusal::malformed())?;
    let mut fields = BTreeMap::new();
    let mut left = MAX_FIELDS;
    while let Some(part) = form.next_field().await? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" {
            // What comes after it is not looked at.
            return fill(workspace, &fields, part).await;
        }
        left = left.saturating_sub(name.len());
        let value = all_of(part, left).await?.ok_or_else(|| {
            let message = "Your POST request fields preceding the upload file were too large.";
            Refusal::new(StatusCode::BAD_REQUEST, "MaxPostPreDataLengthExceeded", message)
        })?;
        left = left.saturating_sub(value.len());
        let value = String::from_utf8(value).map_err(|_| Refusal::malformed())?;
        if fields.insert(name, value).is_some() {
            return Err(Refusal::malformed());
        }
    }
    let message = "POST requires exactly one file upload per request.";
    Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidArgument", message))
}

/// Takes the file of a form whose fields came before it.
async fn fill(workspace: &Workspace, fields: &Fields, file: Part<'_>) -> Result<usize, Refusal> {
    let workspace = workspace.where_is(|state| fields.get("key").is_some_and(|key| state.places.contains_key(key)));
    // Before the file is read: whoever has nothing signed is not listened to for long.
    workspace.read(|state| state.admits(fields, workspace.clock().now_ms()))?;
    let content = all_of(file, MAX_BUNDLE).await?.ok_or_else(Refusal::too_large)?;
    if content.is_empty() {
        let message = "Your proposed upload is smaller than the minimum allowed size";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "EntityTooSmall", message));
    }
    let bytes = content.len();
    let bundle = tokio::task::spawn_blocking(move || Bundle::read(&content)).await;
    let bundle = bundle.map_err(|_| {
        let message = "We encountered an internal error. Please try again.";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    })?;
    // Somebody else may have filled the place meanwhile.
    workspace.update(|state, now| state.take_bundle(fields, bundle, now))?;
    Ok(bytes)
}

/// All of a part, or nothing when it has more than so many bytes.
async fn all_of(mut part: Part<'_>, limit: usize) -> Result<Option<Vec<u8>>, Refusal> {
    let mut all = Vec::new();
    while let Some(chunk) = part.chunk().await? {
        if all.len().saturating_add(chunk.len()) > limit {
            return Ok(None);
        }
        all.extend_from_slice(&chunk);
    }
    Ok(Some(all))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[tokio::test]
    async fn a_part_is_read_up_to_its_limit_and_told_when_it_is_longer() {
        let read = async |limit: usize| {
            let body = "--b\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nfour\r\n--b--\r\n";
            let chunks = body.as_bytes().chunks(3).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()));
            let body = Body::from_stream(futures_util::stream::iter(chunks.collect::<Vec<_>>()));
            let request = Request::builder().header("content-type", "multipart/form-data; boundary=b").body(body);
            let mut form = Multipart::from_request(request.unwrap(), &()).await.unwrap();
            all_of(form.next_field().await.unwrap().unwrap(), limit).await.unwrap()
        };
        assert_eq!(read(4).await.unwrap(), b"four");
        assert!(read(3).await.is_none());
    }
}
