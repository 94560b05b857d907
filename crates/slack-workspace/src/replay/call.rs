//! What an app did: its calls, its answers to response URLs, its acknowledgements that say something.

use serde_json::Value;

/// Calls that say nothing of what an app does.
const IGNORED: [&str; 3] = ["api.test", "apps.connections.open", "auth.test"];

/// Something an app did.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    /// The method, `response_url` or `acknowledgement`.
    pub(super) method: String,
    /// Its arguments and what came of it.
    pub(super) content: Value,
    /// What it got back: names are learnt from it.
    pub(super) response: Value,
}

impl Call {
    /// What an entry of the journal says an app did; nothing when it says something else.
    pub(super) fn of(entry: &Value) -> Option<Self> {
        let field = |name: &str| entry.get(name).cloned().unwrap_or_default();
        let (method, content) = match entry.get("kind")?.as_str()? {
            "api" => {
                let method = entry.get("method")?.as_str()?;
                if IGNORED.contains(&method) || field("app_id").is_null() {
                    return None;
                }
                (method, serde_json::json!({"args": field("args"), "outcome": outcome(entry)}))
            }
            "http" if field("request") == "response_url" => {
                ("response_url", serde_json::json!({"args": field("body"), "outcome": field("outcome")}))
            }
            "ack" if entry.get("payload").and_then(Value::as_object).is_some_and(|payload| !payload.is_empty()) => {
                ("acknowledgement", serde_json::json!({"args": field("payload")}))
            }
            _ => return None,
        };
        Some(Self { method: method.to_owned(), content, response: field("response") })
    }
}

fn outcome(entry: &Value) -> Value {
    let response = entry.get("response");
    let error = response.and_then(|response| response.get("error")).cloned();
    error.unwrap_or_else(|| "ok".into())
}
