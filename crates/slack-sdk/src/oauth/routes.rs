//! `/slack/install` and `/slack/oauth_redirect`.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::page::page;
use super::{Answer, Cookie, OAuth, OAuthError};

/// Where an installation begins.
const INSTALL: &str = "/slack/install";
/// Where the person comes back.
const REDIRECT: &str = "/slack/oauth_redirect";

/// A page that needs nothing and that nobody may frame or keep.
const HARMLESS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    (header::CACHE_CONTROL, "no-store"),
    // The address holds the code and the state.
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

impl OAuth {
    /// Serves both ends: `GET /slack/install` sends people to Slack, `GET /slack/oauth_redirect` takes them back.
    pub fn router(&self) -> Router {
        Router::new().route(INSTALL, get(install)).route(REDIRECT, get(come_back)).with_state(self.clone())
    }
}

async fn install(State(oauth): State<OAuth>) -> Response {
    match oauth.begin() {
        Ok(begun) => leave(begun.url.as_str(), Some(&begun.cookie)),
        Err(error) => failed(&error, None),
    }
}

async fn come_back(State(oauth): State<OAuth>, Query(answer): Query<Answer>, headers: HeaderMap) -> Response {
    let cookie = oauth.forget_cookie(&answer);
    let cookies: Vec<&str> = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).collect();
    match (oauth.finish(answer, &cookies).await, oauth.afterwards()) {
        (Ok(_), Some(url)) => leave(url.as_str(), cookie.as_ref()),
        (Ok(installation), None) => {
            let place = installation.name.as_deref().unwrap_or("your workspace");
            let body = page("Installed", &format!("The app is installed in {place}. You can close this page."), None);
            shown(StatusCode::OK, body, cookie.as_ref())
        }
        (Err(error), _) => failed(&error, cookie.as_ref()),
    }
}

fn failed(error: &OAuthError, cookie: Option<&Cookie>) -> Response {
    let status = if error.is_persons() { StatusCode::BAD_REQUEST } else { StatusCode::BAD_GATEWAY };
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(%error, cause, "an installation failed");
    shown(status, page("Not installed", error.explanation(), Some((INSTALL, "Try again"))), cookie)
}

fn leave(url: &str, cookie: Option<&Cookie>) -> Response {
    let mut response = StatusCode::FOUND.into_response();
    match HeaderValue::try_from(url) {
        Ok(url) => _ = response.headers_mut().insert(header::LOCATION, url),
        // An address that was parsed is printable; if not, nobody is sent anywhere.
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    dress(response, cookie)
}

fn shown(status: StatusCode, body: String, cookie: Option<&Cookie>) -> Response {
    dress((status, Html(body)).into_response(), cookie)
}

fn dress(mut response: Response, cookie: Option<&Cookie>) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HARMLESS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(Ok(cookie)) = cookie.map(|cookie| HeaderValue::try_from(cookie.as_str())) {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}
