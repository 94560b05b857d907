//! Frames that Slack sends, read tolerantly.

use std::time::Duration;

use serde_json::{Map, Value};

use super::envelope::{Envelope, EnvelopeKind};
use crate::ids::{AppId, EnvelopeId};

/// One text frame.
#[derive(Debug, PartialEq)]
pub(super) enum Frame {
    /// The connection is ready.
    Hello(Hello),
    /// Slack wants to end the connection.
    Disconnect(Disconnect),
    /// A delivery.
    Envelope(Envelope),
    /// Nothing that is known here, with the reason.
    Other(&'static str),
}

/// What Slack says when a connection is ready.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hello {
    /// The app.
    pub app_id: Option<AppId>,
    /// Connections that the app has, of all its processes and this one included.
    pub num_connections: Option<usize>,
    /// How long this one will last.
    pub approximate_connection_time: Option<Duration>,
}

/// Why Slack ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disconnect {
    /// In about ten seconds, or now: a new connection is to be opened.
    Refresh,
    /// Socket Mode was switched off for the app.
    LinkDisabled,
    /// The app has too many connections.
    TooMany,
}

impl Frame {
    pub(super) fn parse(text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(Value::Object(frame)) => Self::read(frame),
            Ok(_) => Self::Other("not an object"),
            Err(_) => Self::Other("not JSON"),
        }
    }

    fn read(mut frame: Map<String, Value>) -> Self {
        let kind = frame.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "hello" => Self::Hello(Hello::read(&Value::Object(frame))),
            "disconnect" => Self::Disconnect(Disconnect::read(frame.get("reason").and_then(Value::as_str))),
            _ => {
                let kind = EnvelopeKind::from(kind);
                let Some(envelope_id) = frame.get("envelope_id").and_then(Value::as_str).filter(|id| !id.is_empty())
                else {
                    return Self::Other("neither hello, disconnect nor envelope");
                };
                let envelope_id = EnvelopeId::from(envelope_id);
                // Taken out, not copied: payloads may be large.
                let payload = frame.remove("payload").unwrap_or(Value::Null);
                Self::Envelope(Envelope::read(envelope_id, kind, payload, &frame))
            }
        }
    }
}

impl Envelope {
    fn read(envelope_id: EnvelopeId, kind: EnvelopeKind, payload: Value, frame: &Map<String, Value>) -> Self {
        let attempt = frame.get("retry_attempt").and_then(Value::as_u64).unwrap_or(0);
        let reason = frame.get("retry_reason").and_then(Value::as_str).filter(|reason| !reason.is_empty());
        Self {
            envelope_id,
            kind,
            payload,
            accepts_response_payload: frame.get("accepts_response_payload").and_then(Value::as_bool).unwrap_or(false),
            retry_attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
            retry_reason: reason.map(str::to_owned),
        }
    }

    /// What it is recognised by when it comes again.
    pub(super) fn keys(&self) -> Vec<String> {
        let event =
            self.payload.get("event_id").and_then(Value::as_str).filter(|_| self.kind == EnvelopeKind::EventsApi);
        std::iter::once(self.envelope_id.as_str()).chain(event).map(str::to_owned).collect()
    }
}

impl Hello {
    fn read(frame: &Value) -> Self {
        let seconds = frame.pointer("/debug_info/approximate_connection_time").and_then(Value::as_u64);
        let connections = frame.get("num_connections").and_then(Value::as_u64);
        Self {
            app_id: frame.pointer("/connection_info/app_id").and_then(Value::as_str).map(AppId::from),
            num_connections: connections.and_then(|n| usize::try_from(n).ok()),
            approximate_connection_time: seconds.map(Duration::from_secs),
        }
    }
}

impl Disconnect {
    fn read(reason: Option<&str>) -> Self {
        match reason {
            Some("link_disabled") => Self::LinkDisabled,
            Some("too_many_websockets") => Self::TooMany,
            // `warning`, `refresh_requested`, and whatever comes to be: a new connection is right for all.
            _ => Self::Refresh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_documented() {
        let hello = r#"{"type":"hello","num_connections":3,"debug_info":{"approximate_connection_time":18060},"connection_info":{"app_id":"A1"}}"#;
        let Frame::Hello(hello) = Frame::parse(hello) else { panic!("not a hello") };
        assert_eq!(
            (hello.num_connections, hello.approximate_connection_time),
            (Some(3), Some(Duration::from_mins(301)))
        );
        assert_eq!(
            Frame::parse(r#"{"type":"disconnect","reason":"link_disabled"}"#),
            Frame::Disconnect(Disconnect::LinkDisabled)
        );
        assert_eq!(Frame::parse(r#"{"type":"disconnect","reason":"warning"}"#), Frame::Disconnect(Disconnect::Refresh));
        let event = r#"{"envelope_id":"e1","type":"events_api","payload":{"event_id":"Ev1"},"accepts_response_payload":false,"retry_attempt":1,"retry_reason":"timeout"}"#;
        let Frame::Envelope(envelope) = Frame::parse(event) else { panic!("not an envelope") };
        assert_eq!((envelope.retry_attempt, envelope.retry_reason.as_deref()), (1, Some("timeout")));
        assert_eq!(envelope.keys(), ["e1", "Ev1"]);
    }

    #[test]
    fn strange_frames_are_no_envelopes() {
        for text in [
            "",
            "null",
            "[1]",
            "{}",
            "{\"type\":\"x\"}",
            "{\"type\":7,\"envelope_id\":7}",
            "\u{0}",
            "{\"envelope_id\":\"\"}",
        ] {
            assert!(matches!(Frame::parse(text), Frame::Other(_)), "{text}");
        }
        assert!(matches!(Frame::parse(&"[".repeat(100_000)), Frame::Other(_)));
    }

    #[test]
    fn an_unknown_type_with_an_id_is_delivered_as_unknown() {
        let Frame::Envelope(envelope) = Frame::parse(r#"{"type":"brand_new","envelope_id":"e"}"#) else {
            panic!("lost")
        };
        assert_eq!(envelope.kind, EnvelopeKind::Unknown("brand_new".to_owned()));
    }
}
