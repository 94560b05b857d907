//! Frames that Slack sends, read tolerantly.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::envelope::{EnvelopeKind, Incoming};
use crate::ids::AppId;
use crate::payload::{Head, Switch, Text};

/// One text frame.
#[derive(Debug)]
pub(super) enum Frame<'f> {
    /// The connection is ready.
    Hello(Hello),
    /// Slack wants to end the connection.
    Disconnect(Disconnect),
    /// A delivery.
    Envelope(Outer<'f>),
    /// Nothing that is known here, with the reason.
    Other(&'static str),
}

/// A delivery, as the frame has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Outer<'f> {
    #[serde(borrow, rename = "type")]
    kind: Text<'f>,
    #[serde(borrow)]
    envelope_id: Text<'f>,
    #[serde(borrow)]
    payload: Option<&'f RawValue>,
    accepts_response_payload: Switch,
    retry_attempt: Count,
    #[serde(borrow)]
    retry_reason: Text<'f>,
    #[serde(borrow)]
    reason: Text<'f>,
}

/// A number that is not negative; anything else is none.
#[derive(Debug, Default, Clone, Copy)]
struct Count(u32);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue as Deserialize>::deserialize(deserializer);
        Ok(Self(raw.ok().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or(0)))
    }
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

impl<'f> Frame<'f> {
    pub(super) fn parse(text: &'f str) -> Self {
        if !text.trim_start().starts_with('{') {
            return Self::Other("not an object");
        }
        let Ok(outer) = serde_json::from_str::<Outer<'f>>(text) else { return Self::Other("not JSON") };
        match outer.kind.get() {
            Some("hello") => {
                Self::Hello(serde_json::from_str(text).map(|frame| Hello::read(&frame)).unwrap_or_default())
            }
            Some("disconnect") => Self::Disconnect(Disconnect::read(outer.reason.get())),
            _ if outer.envelope_id.get().is_some() => Self::Envelope(outer),
            _ => Self::Other("neither hello, disconnect nor envelope"),
        }
    }
}

impl Outer<'_> {
    /// What was delivered.
    pub(super) fn incoming(&self) -> Incoming<'_> {
        let payload = self.payload.unwrap_or(RawValue::NULL);
        Incoming {
            envelope_id: self.envelope_id.get().unwrap_or_default(),
            kind: EnvelopeKind::from(self.kind.get().unwrap_or_default()),
            payload,
            head: Head::read(payload.get()),
            accepts_response_payload: self.accepts_response_payload.0,
            retry_attempt: self.retry_attempt.0,
            retry_reason: self.retry_reason.get(),
        }
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
    use crate::socket_mode::Seen;

    fn disconnect(text: &str) -> Disconnect {
        match Frame::parse(text) {
            Frame::Disconnect(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn frames_are_read_as_documented() {
        let hello = r#"{"type":"hello","num_connections":3,"debug_info":{"approximate_connection_time":18060},"connection_info":{"app_id":"A1"}}"#;
        let Frame::Hello(hello) = Frame::parse(hello) else { panic!("not a hello") };
        assert_eq!(
            (hello.num_connections, hello.approximate_connection_time),
            (Some(3), Some(Duration::from_mins(301)))
        );
        assert_eq!(disconnect(r#"{"type":"disconnect","reason":"link_disabled"}"#), Disconnect::LinkDisabled);
        assert_eq!(disconnect(r#"{"type":"disconnect","reason":"warning"}"#), Disconnect::Refresh);
        let event = r#"{"envelope_id":"e1","type":"events_api","payload":{"event_id":"Ev1"},"accepts_response_payload":false,"retry_attempt":1,"retry_reason":"timeout"}"#;
        let Frame::Envelope(outer) = Frame::parse(event) else { panic!("not an envelope") };
        let envelope = outer.incoming();
        assert_eq!((envelope.retry_attempt, envelope.retry_reason), (1, Some("timeout")));
        let seen = Seen::default();
        assert_eq!(envelope.keys(&seen), seen.keys("e1", Some("Ev1")));
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
        let Frame::Envelope(outer) = Frame::parse(r#"{"type":"brand_new","envelope_id":"e"}"#) else { panic!("lost") };
        assert_eq!(outer.incoming().kind, EnvelopeKind::Unknown("brand_new".to_owned()));
    }
}
