//! Answers to those who are not let in, and the audit rows about them.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use countersign_approval::audit::AuditRow;
use serde_json::json;
use tokio::time::Instant;

use super::{super::state::Gateway, caller::NotLetIn};

/// One audit row for each such time: whoever tries a thousand tickets must not fill the trail.
const ROW_EVERY: Duration = Duration::from_secs(1);

/// How many refusals were left out of the audit trail since the last one that is in it.
#[derive(Debug, Default)]
pub(super) struct RefusalLog(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    last: Option<Instant>,
    left_out: u64,
}

impl RefusalLog {
    /// Whether this one is to be told, and how many were not since the last one.
    fn count(&self, now: Instant) -> Option<u64> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.last.is_some_and(|last| now.duration_since(last) < ROW_EVERY) {
            counted.left_out += 1;
            return None;
        }
        counted.last = Some(now);
        Some(std::mem::take(&mut counted.left_out))
    }
}

/// Notes in log and audit trail that somebody was not let in.
pub(super) async fn note(gateway: &Gateway, kind: &str, actor: &str, why: &str) {
    let Some(left_out) = gateway.hub().refusals.count(Instant::now()) else { return };
    tracing::warn!(%kind, %actor, left_out, "not let in: {why}");
    audit(gateway, kind, actor, &json!({ "why": why, "left_out": left_out })).await;
}

/// An audit row of its own.
pub(super) async fn audit(gateway: &Gateway, kind: &str, actor: &str, detail: &serde_json::Value) {
    let row = AuditRow {
        at: gateway.now(),
        kind: kind.to_owned(),
        request: None,
        actor: actor.to_owned(),
        detail: detail.to_string(),
    };
    if let Err(error) = gateway.approvals().store().audit(row).await {
        tracing::error!(error = &error as &dyn std::error::Error, "could not write an audit row: {kind} {detail}");
    }
}

impl IntoResponse for NotLetIn {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, "no_token"),
            Self::UnknownToken => (StatusCode::UNAUTHORIZED, "unknown_token"),
            Self::Inactive(_) => (StatusCode::FORBIDDEN, "inactive"),
            Self::OtherVersion { .. } => (StatusCode::UPGRADE_REQUIRED, "protocol_version"),
            Self::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "fault"),
        };
        if let Self::Store(error) = &self {
            tracing::error!(error = error as &dyn std::error::Error, "could not look up a token");
        }
        answer(status, code, &self.to_string())
    }
}

/// An error in the API's words.
pub(super) fn answer(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_refusals_is_counted_not_written() {
        let log = RefusalLog::default();
        let now = Instant::now();
        assert_eq!(log.count(now), Some(0));
        assert_eq!(log.count(now), None);
        assert_eq!(log.count(now), None);
        assert_eq!(log.count(now + ROW_EVERY), Some(2));
    }
}
