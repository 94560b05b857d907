//! Shortcuts, of the whole workspace and of messages.

use super::fields::Fields;
use super::raw::{Malformed, Missing, Origin, Raw, ResponseUrl, need, views};
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

views!(Shortcut = "shortcut");

impl Shortcut {
    /// Reads the fields of a `shortcut` or `message_action` payload.
    pub(super) fn of(fields: &Fields<'_>, raw: &Raw) -> Result<Self, Missing> {
        Ok(Self {
            origin: Origin::of(fields)?,
            callback_id: need(&fields.callback_id, "/callback_id")?,
            trigger_id: fields.trigger_id.to(),
            channel_id: fields.channel.to(),
            message_ts: fields.message_ts.to().or_else(|| fields.message.0.ts.to()),
            response_url: fields.response_url.get().map(ResponseUrl::from),
            raw: raw.clone(),
        })
    }
}
