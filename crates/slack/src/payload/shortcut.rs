//! Shortcuts, of the whole workspace and of messages.

use serde_json::Value;

use super::raw::{Malformed, Origin, Raw, ResponseUrl, raw_access, view};
use crate::ids::{CallbackId, ChannelId, TriggerId, Ts};

/// A person used a shortcut.
#[derive(Debug, Clone, PartialEq)]
pub struct Shortcut {
    /// Who, and where.
    pub origin: Origin,
    /// The app's name for the shortcut.
    pub callback_id: CallbackId,
    /// The right to open a view; three seconds, once.
    pub trigger_id: Option<TriggerId>,
    /// The conversation, of a message's shortcut.
    pub channel_id: Option<ChannelId>,
    /// The message, of a message's shortcut.
    pub message_ts: Option<Ts>,
    /// Where it can be answered, of a message's shortcut.
    pub response_url: Option<ResponseUrl>,
    raw: Raw,
}

raw_access!(Shortcut);

impl Shortcut {
    /// Reads a `shortcut` or `message_action` payload.
    pub fn parse(raw: Value) -> Result<Self, Malformed> {
        let (mut parsed, raw) = view("shortcut", raw, |reader| {
            Ok(Self {
                origin: reader.origin()?,
                callback_id: reader.need("/callback_id")?,
                trigger_id: reader.id("/trigger_id"),
                channel_id: reader.id("/channel/id"),
                message_ts: reader.id("/message_ts").or_else(|| reader.id("/message/ts")),
                response_url: reader.id("/response_url"),
                raw: Raw(Value::Null),
            })
        })?;
        parsed.raw = raw;
        Ok(parsed)
    }
}
