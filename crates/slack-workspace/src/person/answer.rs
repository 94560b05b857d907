//! What comes of what a person does.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::Workspace;
use crate::journal::Field;
use crate::model::{AppId, ModelError};
use crate::socket::{Acked, EnvelopeKind};

/// What the app answered, if it did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// Always true: the person could do it.
    pub ok: bool,
    /// The app acknowledged in time.
    pub acked: bool,
    /// How long it took, in milliseconds.
    pub ack_ms: u64,
    /// What the acknowledgement carried.
    pub response: Option<Value>,
    /// For a submitted view: what is wrong, by block id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Map<String, Value>>,
}

impl Answer {
    /// Nothing was asked of an app, or it did not answer.
    pub(super) fn silence(ack_ms: u64) -> Self {
        Self { ok: true, acked: false, ack_ms, response: None, errors: None }
    }

    pub(super) fn refused(errors: Map<String, Value>) -> Self {
        Self { errors: Some(errors), ..Self::silence(0) }
    }

    fn acked(acked: Acked) -> Self {
        Self { acked: true, response: acked.payload, ..Self::silence(acked.ms) }
    }
}

/// Why a person cannot do that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PersonError {
    /// A stable code, such as `element_not_found`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

impl PersonError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<ModelError> for PersonError {
    fn from(error: ModelError) -> Self {
        Self::new(error.code, error.code.replace('_', " "))
    }
}

impl Workspace {
    /// Tells an app what a person did and waits for its acknowledgement.
    pub(super) async fn ask(&self, app: &AppId, kind: EnvelopeKind, payload: &Value) -> Answer {
        if let Some(answer) = self.request_over_http(app, kind, payload).await {
            return answer.map_or_else(|| Answer::silence(crate::socket::ACK_MS), Answer::acked);
        }
        let Some(answer) = self.hub().request(app, kind, payload) else {
            let fields = [
                ("app_id", Field::Text(app.as_str())),
                ("event", Field::Text("nothing delivered: the app has no connection")),
            ];
            self.recorder().write("connection", &fields);
            return Answer::silence(0);
        };
        match answer.await {
            Ok(Some(acked)) => Answer::acked(acked),
            Ok(None) | Err(_) => Answer::silence(crate::socket::ACK_MS),
        }
    }

    /// Writes down what a person does.
    pub(super) fn note_person(&self, action: &str, user: &str, details: Value) {
        let details = if details.is_null() { json!({}) } else { details };
        let fields = [("action", Field::Text(action)), ("user", Field::Text(user)), ("details", Field::Json(&details))];
        self.recorder().write("person", &fields);
    }
}
