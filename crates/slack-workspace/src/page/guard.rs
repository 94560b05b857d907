//! What every answer of the page carries, and whom its forms are taken from.

use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    // Not `no-referrer`: it would make browsers send `Origin: null` with forms.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Refuses forms of other origins; adds the headers that keep scripts and frames out.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let mut response = if is_own(request.method(), request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "this form was not sent by the workspace's own page\n").into_response()
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Reading is free; whatever changes something must come from a page of this very address.
///
/// Browsers send `Origin` with every POST, so a missing one is not a person's.
fn is_own(method: &Method, headers: &HeaderMap) -> bool {
    if matches!(*method, Method::GET | Method::HEAD) {
        return true;
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else {
        return false;
    };
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority == Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(method: &Method, pairs: &[(HeaderName, &str)]) -> bool {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect();
        is_own(method, &headers)
    }

    #[test]
    fn only_the_pages_own_forms_are_taken() {
        let host = (HOST, "127.0.0.1:4100");
        assert!(allowed(&Method::POST, &[host.clone(), (ORIGIN, "http://127.0.0.1:4100")]));
        for origin in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:4101",
            "127.0.0.1:4100",
            "http://127.0.0.1:4100.evil.example",
        ] {
            assert!(!allowed(&Method::POST, &[host.clone(), (ORIGIN, origin)]), "{origin}");
        }
        assert!(!allowed(&Method::POST, &[(HOST, "127.0.0.1:4100")]));
        assert!(allowed(&Method::GET, &[host]));
    }
}
