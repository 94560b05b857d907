//! The stylesheet and the scripts, embedded and addressed by what is in them.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::text::fingerprint;

/// Every file, by name. The scripts are modules that import each other by name.
const FILES: [(&str, &str); 13] = [
    ("workspace.css", include_str!("../../assets/workspace.css")),
    ("blocks.css", include_str!("../../assets/blocks.css")),
    ("main.js", include_str!("../../assets/main.js")),
    ("dom.js", include_str!("../../assets/dom.js")),
    ("time.js", include_str!("../../assets/time.js")),
    ("scroll.js", include_str!("../../assets/scroll.js")),
    ("fragments.js", include_str!("../../assets/fragments.js")),
    ("forms.js", include_str!("../../assets/forms.js")),
    ("dialogs.js", include_str!("../../assets/dialogs.js")),
    ("combo.js", include_str!("../../assets/combo.js")),
    ("complete.js", include_str!("../../assets/complete.js")),
    ("keys.js", include_str!("../../assets/keys.js")),
    ("composer.js", include_str!("../../assets/composer.js")),
];

/// Changes with every change of any file, for they belong together.
static VERSION: LazyLock<String> = LazyLock::new(|| fingerprint(&FILES.map(|(_, content)| content)));

/// A file's address.
pub(super) fn path(name: &str) -> String {
    format!("/page/{}/{name}", *VERSION)
}

/// `GET /page/{version}/{file}`; the version is for the browser's cache alone.
pub(super) async fn asset(Path((_, name)): Path<(String, String)>) -> Response {
    let Some((_, content)) = FILES.into_iter().find(|(known, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let is_style = std::path::Path::new(&name).extension().is_some_and(|extension| extension == "css");
    let kind = if is_style { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}
