//! Files as browsers get them: downloads, and pictures that are shown.

use axum::extract::{Path, State as Shared};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::place::find_person;
use super::visit::{gone, of_person, theme};
use crate::Workspace;

/// The type of a picture that every browser shows and that cannot carry a script, told by its first bytes.
pub(super) fn picture_type(content: &[u8]) -> Option<&'static str> {
    let begins = |with: &[u8]| content.starts_with(with);
    match () {
        () if begins(b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        () if begins(b"\xff\xd8\xff") => Some("image/jpeg"),
        () if begins(b"GIF87a") || begins(b"GIF89a") => Some("image/gif"),
        () if begins(b"RIFF") && content.get(8..12) == Some(b"WEBP") => Some("image/webp"),
        () => None,
    }
}

/// `GET /u/{user}/file/{file}`: always a download, never a page of this origin.
pub(super) async fn download(
    Shared(workspace): Shared<Workspace>,
    Path((user, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some((name, content)) = found(&workspace, &user, &file) else {
        return gone(theme(&headers));
    };
    let mut response = (StatusCode::OK, content).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_DISPOSITION, disposition(&name));
    response
}

/// `GET /u/{user}/file/{file}/image`: a picture, if that is what the bytes are.
pub(super) async fn image(
    Shared(workspace): Shared<Workspace>,
    Path((user, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let picture = found(&workspace, &user, &file).and_then(|(_, content)| Some((picture_type(&content)?, content)));
    let Some((kind, content)) = picture else {
        return gone(theme(&headers));
    };
    let mut response = (StatusCode::OK, content).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    response
}

/// The name and the bytes of a file that the person may see.
fn found(workspace: &Workspace, user: &str, file: &str) -> Option<(String, Bytes)> {
    let workspace = of_person(workspace, user)?;
    workspace.read(|state| {
        let person = find_person(state, user)?;
        let file = state.file(file)?;
        let content = file.content.clone().filter(|_| state.can_see_file(&person.id, file))?;
        Some((file.name.clone(), content))
    })
}

/// The file's name as a header can carry it.
fn disposition(name: &str) -> HeaderValue {
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_ ".contains(c) { c } else { '_' };
    let name: String = name.chars().take(120).map(plain).collect();
    HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_picture_is_shown_as_one() {
        assert_eq!(picture_type(b"\x89PNG\r\n\x1a\nrest"), Some("image/png"));
        assert_eq!(picture_type(b"GIF89a"), Some("image/gif"));
        for other in [&b"<svg onload=x>"[..], b"<html>", b"", b"RIFFxxxxWAVE", b"\x89PN"] {
            assert_eq!(picture_type(other), None);
        }
    }
}
