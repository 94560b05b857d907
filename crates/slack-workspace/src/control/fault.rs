//! Making things go wrong.

use axum::Json;
use axum::extract::State as Shared;
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::Wanted;
use super::error::ControlError;
use crate::Workspace;
use crate::api::{Fail, Latency, RateLimit};
use crate::events::EventCounts;
use crate::journal::Field;
use crate::model::{AppId, STREAM_TTL_MS};
use crate::socket::{DisconnectKind, EnvelopeFaults};

/// What goes wrong: any of these.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    disconnect: Option<DisconnectKind>,
    /// The app whose connections end; all apps' when left out.
    app_id: Option<AppId>,
    rate_limit: Option<RateLimit>,
    fail: Option<Fail>,
    latency: Option<Latency>,
    envelopes: Option<EnvelopeFaults>,
    /// Streams that are started from now on end after so many seconds.
    stream_ttl_s: Option<u64>,
    /// An app gets no more events an hour.
    events_per_hour: Option<u32>,
}

/// A fault that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("no such fault: {0}")]
pub struct FaultError(String);

impl Workspace {
    /// Makes something go wrong: the JSON of `POST /control/faults`.
    pub fn fault(&self, fault: &Value) -> Result<(), FaultError> {
        let faults: Faults = serde_json::from_value(fault.clone()).map_err(|error| FaultError(error.to_string()))?;
        let known = faults.app_id.as_ref().is_none_or(|app| self.read(|state| state.app(app.as_str()).is_some()));
        if !known {
            return Err(FaultError("there is no app with this app_id".to_owned()));
        }
        if let Some(status) = faults.fail.as_ref().and_then(|fail| fail.http)
            && !(200..=599).contains(&status)
        {
            return Err(FaultError(format!("{status} is no HTTP status of an answer")));
        }
        self.recorder().write("fault", &[("fault", Field::Text("set")), ("details", Field::Json(fault))]);
        self.make(faults);
        Ok(())
    }

    /// Clears every fault; connections that were told to go still go.
    pub fn clear_faults(&self) {
        self.faults().clear();
        self.hub().set_faults(EnvelopeFaults::default());
        let has_limits = self.config().rate_limits;
        self.update_teams(|teams, _| {
            for state in teams.iter_mut() {
                state.stream_ttl_ms = STREAM_TTL_MS;
                state.event_counts = EventCounts::with(has_limits);
            }
        });
        self.recorder().write("fault", &[("fault", Field::Text("cleared"))]);
    }

    fn make(&self, faults: Faults) {
        if let Some(fault) = faults.rate_limit {
            self.faults().rate_limit(fault);
        }
        if let Some(fault) = faults.fail {
            self.faults().fail(fault);
        }
        if let Some(fault) = faults.latency {
            self.faults().latency(fault);
        }
        if let Some(fault) = faults.envelopes {
            self.hub().set_faults(fault);
        }
        if let Some(seconds) = faults.stream_ttl_s {
            self.update_teams(|teams, _| {
                teams.iter_mut().for_each(|state| state.stream_ttl_ms = seconds.saturating_mul(1000));
            });
        }
        if let Some(limit) = faults.events_per_hour {
            self.update_teams(|teams, _| {
                teams.iter_mut().for_each(|state| state.event_counts = EventCounts::limited(limit));
            });
        }
        if let Some(kind) = faults.disconnect {
            self.hub().disconnect(faults.app_id.as_ref(), kind);
        }
    }
}

/// `POST faults`.
pub(super) async fn add(
    Shared(workspace): Shared<Workspace>,
    Wanted(fault): Wanted<Value>,
) -> Result<Json<Value>, ControlError> {
    workspace.fault(&fault).map_err(|error| ControlError::bad("invalid_request", error.to_string()))?;
    Ok(Json(json!({"ok": true})))
}

/// `DELETE faults`.
pub(super) async fn clear(Shared(workspace): Shared<Workspace>) -> Json<Value> {
    workspace.clear_faults();
    Json(json!({"ok": true}))
}
