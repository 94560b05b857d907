//! The control API: what a person, a test or an administrator does, over HTTP.
//!
//! JSON in and out, bearer `control_token`, unknown keys refused; errors are
//! `{"error":{"code","message"}}`.

mod door;
mod error;
mod fault;
mod gesture;
mod look;
mod make;
mod people;
mod step;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

pub use fault::FaultError;
pub(crate) use step::webhook;

use crate::Workspace;

/// Everything below `/control`.
pub(crate) fn routes(workspace: Workspace) -> Router {
    Router::new()
        .route("/message", post(people::message))
        .route("/reaction", post(gesture::react))
        .route("/home", post(gesture::open))
        .route("/assistant/stop", post(gesture::stop))
        .route("/assistant/rename", post(gesture::rename))
        .route("/assistant", get(gesture::look).post(gesture::converse))
        .route("/click", post(people::click))
        .route("/select", post(people::select))
        .route("/command", post(people::command))
        .route("/shortcut", post(people::shortcut))
        .route("/options", post(people::options))
        .route("/view/submit", post(people::submit_view))
        .route("/view/close", post(people::close_view))
        .route("/messages", get(look::messages))
        .route("/views", get(look::views))
        .route("/journal", get(look::journal))
        .route("/users", post(make::user))
        .route("/channels", post(make::channel).delete(step::delete_channel))
        .route("/emoji", post(step::emoji).delete(step::remove_emoji))
        .route("/function", post(step::function))
        .route("/functions", get(step::functions))
        .route("/deployments", get(step::deployments))
        .route("/trigger", post(step::trigger))
        .route("/apps", post(make::app))
        .route("/teams", post(make::found_team))
        .route("/faults", post(fault::add).delete(fault::clear))
        .route("/clock", post(make::clock))
        .route("/reset", post(make::reset))
        .fallback(door::nothing_here)
        .method_not_allowed_fallback(door::wrong_verb)
        .layer(from_fn_with_state(workspace.clone(), door::with_token_only))
        .with_state(workspace)
}
