//! The page of one request, for what does not fit Slack: everything of it, who must approve, votes and history.
//!
//! Plain HTML that works without a script. Whoever comes is signed in by a link of their own ([`link_for`]), good once and for
//! ten minutes; then by a cookie. What changes something carries the form's token, and comes from our own pages.

mod guard;
mod request;
mod signin;
mod view;

use axum::{
    Router,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::IntoResponse,
    routing::{get, post},
};

pub(crate) use signin::link_for;

use super::state::Gateway;

/// The pages' addresses.
pub(crate) fn router() -> Router<Gateway> {
    Router::new()
        .route("/", get(request::inbox))
        .route("/requests/{id}", get(request::show))
        .route("/requests/{id}/content.txt", get(request::content))
        .route("/requests/{id}/approve", post(request::approve))
        .route("/requests/{id}/deny", post(request::deny))
        .route("/sign-in", get(signin::ask).post(signin::enter))
        .route("/sign-out", post(signin::leave))
        .route("/api/v1/web", post(signin::new_link))
        .route("/style.css", get(style))
}

async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=3600")];
    (headers, include_str!("page/style.css"))
}
