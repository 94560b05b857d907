//! The stylesheet and the script, embedded and addressed by what is in them.

use std::sync::LazyLock;

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::text::fingerprint;

const STYLE: &str = include_str!("../../assets/workspace.css");
const SCRIPT: &str = include_str!("../../assets/workspace.js");

static STYLE_PATH: LazyLock<String> = LazyLock::new(|| format!("/page/workspace.css?v={}", fingerprint(&[STYLE])));
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| format!("/page/workspace.js?v={}", fingerprint(&[SCRIPT])));

/// The stylesheet's address, which changes with its content.
pub(super) fn style_path() -> &'static str {
    &STYLE_PATH
}

/// The script's address, which changes with its content.
pub(super) fn script_path() -> &'static str {
    &SCRIPT_PATH
}

/// `GET /page/workspace.css`.
pub(super) async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

/// `GET /page/workspace.js`.
pub(super) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

fn asset(kind: &'static str, content: &'static str) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}
