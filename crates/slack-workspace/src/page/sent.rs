//! A form as a browser sends it, with the files that were chosen in it.

use axum::Form;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::answers::Fields;

/// The largest form, its files included.
pub(super) const MAX_FORM: usize = 80 * 1024 * 1024;
/// The longest that everything entered may be together, in bytes.
const MAX_TEXT: usize = 2 * 1024 * 1024;
/// How many files one form can carry; docs.slack.dev, "File input element".
const MAX_FILES: usize = 10;

/// A form.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) fields: Fields,
    pub(super) files: Vec<Chosen>,
}

/// A file that was chosen in a form.
#[derive(Debug)]
pub(super) struct Chosen {
    /// The field it was chosen in.
    pub(super) field: String,
    pub(super) name: String,
    pub(super) content: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if content_type.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let form = Multipart::from_request(request, state).await.map_err(IntoResponse::into_response)?;
            return multipart(form).await;
        }
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, MAX_TEXT).await.map_err(|_| too_long())?;
        let request = Request::from_parts(parts, Body::from(body));
        let form = Form::<Vec<(String, String)>>::from_request(request, state).await;
        let Form(pairs) = form.map_err(IntoResponse::into_response)?;
        let pairs = pairs.into_iter().map(|(name, value)| (name, one_line_end(&value))).collect();
        Ok(Self { fields: Fields::new(pairs), files: Vec::new() })
    }
}

fn too_long() -> Response {
    (StatusCode::PAYLOAD_TOO_LARGE, format!("what was entered is longer than {MAX_TEXT} bytes\n")).into_response()
}

/// The name of a field: browsers write quotes and line ends in it as percent codes (HTML, "multipart form data").
fn unquoted(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D%0A", "\n").replace("%0A", "\n")
}

/// Browsers send every line end as two characters; what was typed has one.
fn one_line_end(text: &str) -> String {
    text.replace("\r\n", "\n")
}

async fn multipart(mut form: Multipart) -> Result<Sent, Response> {
    let mut sent = Sent::default();
    let mut left = MAX_TEXT;
    while let Some(part) = form.next_field().await.map_err(IntoResponse::into_response)? {
        let Some(field) = part.name().map(unquoted) else { continue };
        match part.file_name().map(str::to_owned) {
            None => {
                let text = part.text().await.map_err(IntoResponse::into_response)?;
                left = left.checked_sub(field.len() + text.len()).ok_or_else(too_long)?;
                sent.fields.push(field, one_line_end(&text));
            }
            Some(name) => {
                let content = part.bytes().await.map_err(IntoResponse::into_response)?;
                // A browser sends an empty one where none was chosen.
                if name.is_empty() && content.is_empty() {
                    continue;
                }
                if sent.files.len() >= MAX_FILES {
                    let why = format!("at most {MAX_FILES} files can be sent at once\n");
                    return Err((StatusCode::BAD_REQUEST, why).into_response());
                }
                sent.files.push(Chosen { field, name, content });
            }
        }
    }
    Ok(sent)
}
