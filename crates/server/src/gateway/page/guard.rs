//! What every page comes with, and what is checked of whoever asks for one.

use axum::{
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use maud::Markup;

use super::{super::state::Gateway, view};

/// No script, nothing from elsewhere, in no frame; and no address of ours told to others.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// A page, with its headers.
pub(super) fn page(status: StatusCode, markup: Markup) -> Response {
    (status, HEADERS, Html(markup.into_string())).into_response()
}

/// Plain text, with the same headers.
pub(super) fn text(text: String) -> Response {
    (HEADERS, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// A page that says what is wrong and what to do.
pub(super) fn refusal(status: StatusCode, title: &str, what_to_do: &str) -> Response {
    page(status, view::notice(title, what_to_do))
}

/// Our own fault.
pub(super) fn fault(error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(error, "a page could not be shown");
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "Something is wrong here", "Nothing was decided. Try again in a moment.")
}

/// Whether a request is for us: by the host that it names. A page of somebody else whose name leads here gets nothing.
pub(super) fn check_host(gateway: &Gateway, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let settings = gateway.settings();
    if [&settings.public_url, &settings.advertise].iter().any(|url| authority(url).eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    let what = format!("This server is {}; it does not answer under another name.", settings.public_url);
    Err(Box::new(refusal(StatusCode::MISDIRECTED_REQUEST, "Not here", &what)))
}

/// Whether what changes something comes from our own pages.
pub(super) fn check_origin(gateway: &Gateway, headers: &HeaderMap) -> Result<(), Box<Response>> {
    check_host(gateway, headers)?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let site_is_ours = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let settings = gateway.settings();
    let origin_is_ours = match text("origin") {
        // Without a referrer the browser may withhold it; then the form's token decides alone.
        None | Some("null") => true,
        Some(origin) => [&settings.public_url, &settings.advertise].iter().any(|url| origin_of(url) == origin),
    };
    if site_is_ours && origin_is_ours {
        return Ok(());
    }
    let words = "This came from a page that is not ours. Nothing was decided.";
    Err(Box::new(refusal(StatusCode::FORBIDDEN, "Refused", words)))
}

/// Host and port of a URL.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// Scheme, host and port of a URL.
fn origin_of(url: &str) -> &str {
    let scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(scheme..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| scheme + at);
    url.get(..end).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_urls_parts_are_found() {
        assert_eq!(authority("https://cs.example:8443/a/b"), "cs.example:8443");
        assert_eq!(origin_of("https://cs.example:8443/a/b"), "https://cs.example:8443");
        assert_eq!(origin_of("http://127.0.0.1:80"), "http://127.0.0.1:80");
    }
}
