//! What the server says on a connection.

use serde::Serialize;
use serde_json::json;

use super::fault::DisconnectKind;
use super::hub::EnvelopeKind;

/// How long a connection lives, in seconds: about five hours, as measured against Slack.
pub(super) const LIFETIME_S: u64 = 18_060;
/// How long it lives with `debug_reconnects=true`.
pub(super) const DEBUG_LIFETIME_S: u64 = 360;

const HOST: &str = "applink-countersign-workspace";

/// What the writing half of a connection is told.
#[derive(Debug)]
pub(super) enum Frame {
    /// Send this text.
    Text(String),
    /// Say goodbye for this reason and, after a while or at once, close.
    Disconnect(DisconnectKind),
}

#[derive(Serialize)]
struct Envelope<'a> {
    #[serde(rename = "envelope_id")]
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    accepts_response_payload: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_reason: Option<&'static str>,
}

pub(super) fn hello(app: &str, connections: usize, lifetime_s: u64) -> String {
    json!({
        "type": "hello", "num_connections": connections,
        "debug_info": {"host": HOST, "build_number": 10, "approximate_connection_time": lifetime_s},
        "connection_info": {"app_id": app},
    })
    .to_string()
}

pub(super) fn disconnect(reason: &str) -> String {
    json!({"type": "disconnect", "reason": reason, "debug_info": {"host": HOST}}).to_string()
}

pub(super) fn too_many(app: &str, connections: usize) -> String {
    json!({
        "type": "disconnect", "reason": "too_many_websockets", "num_connections": connections,
        "debug_info": {"host": HOST}, "connection_info": {"app_id": app},
    })
    .to_string()
}

pub(super) fn ping() -> String {
    format!("Ping from {HOST}")
}

/// An envelope around a payload, which is JSON.
pub(super) fn envelope(id: &str, kind: EnvelopeKind, payload: &str, attempt: u32) -> String {
    let is_event = kind == EnvelopeKind::Event;
    let envelope = Envelope {
        id,
        kind: kind.name(),
        accepts_response_payload: kind.accepts_response(),
        retry_attempt: is_event.then_some(attempt),
        retry_reason: is_event.then_some(if attempt == 0 { "" } else { "timeout" }),
    };
    // Values have string keys: serialising them cannot fail.
    let mut text = serde_json::to_string(&envelope).unwrap_or_default();
    text.pop();
    text.reserve(payload.len() + 16);
    text.push_str(",\"payload\":");
    text.push_str(payload);
    text.push('}');
    text
}
