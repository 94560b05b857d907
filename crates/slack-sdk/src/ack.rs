//! Acknowledging, and watching how long it took.

use std::time::Duration;

use countersign_slack::ids::EnvelopeId;
use countersign_slack::socket_mode::AckHandle;
use serde_json::Value;

/// Slack waits three seconds; an acknowledgement that took this long says that something is wrong here.
const LATE: Duration = Duration::from_secs(1);

/// Acknowledges, and says in the log when that was late or in vain.
pub(crate) fn acknowledge(ack: AckHandle, envelope_id: &EnvelopeId, payload: Option<Value>) {
    let age = ack.age();
    if let Err(error) = ack.ack(payload) {
        tracing::warn!(slack.envelope = %envelope_id, %error, "envelope {envelope_id} could not be acknowledged");
    } else if age > LATE {
        let duration_ms = age.as_millis();
        tracing::warn!(slack.envelope = %envelope_id, duration_ms, "envelope {envelope_id} was acknowledged late");
    }
}
