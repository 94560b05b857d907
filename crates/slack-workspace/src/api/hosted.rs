//! `apps.hosted.*`: deploying an app that Slack runs.
//!
//! As Slack's command line calls them, which knows their errors too; there is no reference page.

use serde_json::{Value, json};

use super::apps::{developer, own_app};
use super::body::{ApiError, Body};
use super::call::Call;
use crate::model::{AppId, Plan, State, Undeployed};

/// What Slack runs; docs.slack.dev, "Deploy to Slack": apps of the Deno SDK.
const RUNTIME: &str = "deno";

/// `apps.hosted.generatePresignedPost`: where the archive goes, and what the form must say.
pub(super) fn sign(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = hosted_app(state, call)?;
    let signed = state.sign_place(&id, now);
    Ok(Body::ok()
        .with("url", signed.url)
        .with("file_name", signed.file_name)
        .with("fields", Value::Object(signed.fields)))
}

/// `apps.hosted.upload`: deploys what was sent there; `s3_key` is the `file_name`, not the form's `key`.
pub(super) fn upload(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let user = developer(call)?.clone();
    let id = hosted_app(state, call)?;
    let runtime = call.args.text("runtime").unwrap_or_default();
    if runtime != RUNTIME {
        return Err(refused("runtime_not_supported", "/runtime", "Slack runs apps of the Deno SDK alone"));
    }
    let file_name = call.args.text("s3_key").unwrap_or_default();
    match state.deploy((&id, &user), &file_name, &runtime, now) {
        Ok(()) => Ok(Body::ok()),
        Err(Undeployed::Unknown) => Err(ApiError::new("invalid_s3_key")),
        Err(Undeployed::Empty) => Err(ApiError::new("no_file")),
        Err(Undeployed::Unfit(unfit)) => Err(refused("file_rejected", "/s3_key", &unfit.to_string())),
    }
}

/// The caller's app, whose manifest says that Slack runs it.
fn hosted_app(state: &State, call: &Call<'_>) -> Result<AppId, ApiError> {
    let app = own_app(state, call, "app_id")?;
    if Plan::read(&app.manifest).is_hosted { Ok(app.id.clone()) } else { Err(ApiError::new("app_not_hosted")) }
}

/// An error with what is wrong, and with which argument.
fn refused(code: &'static str, pointer: &str, message: &str) -> ApiError {
    ApiError::new(code).with("errors", json!([{"code": code, "message": message, "pointer": pointer}]))
}
