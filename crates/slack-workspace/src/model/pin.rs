//! Messages pinned to a channel.

use serde_json::{Value, json};

use super::{ChangeKind, Channel, ChannelId, ModelError, State, Ts, UserId};
use crate::events::{self, Audience};

/// How many messages a channel can have pinned; docs.slack.dev, "pins.add".
const MAX_PINS: usize = 100;

/// A pinned message.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pin {
    /// The message.
    pub ts: Ts,
    /// Who pinned it.
    pub user: UserId,
    /// Seconds since the epoch.
    pub created: u64,
}

impl State {
    /// Pins a message.
    pub(crate) fn pin(&mut self, channel: &ChannelId, ts: Ts, user: &UserId, now_ms: u64) -> Result<(), ModelError> {
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        if room.message(ts).is_none() {
            return Err(ModelError::new("message_not_found"));
        }
        if room.pins.iter().any(|pin| pin.ts == ts) {
            return Err(ModelError::new("already_pinned"));
        }
        if room.pins.len() >= MAX_PINS {
            return Err(ModelError::new("too_many_pins"));
        }
        let created = now_ms / 1000;
        room.pins.insert(0, Pin { ts, user: user.clone(), created });
        if let Some(message) = room.message_mut(ts) {
            message.set("pinned_to", json!([channel]));
            message.set("pinned_info", json!({"channel": channel, "pinned_by": user, "pinned_ts": created}));
        }
        let item = room.pins.first().cloned();
        let item = item.and_then(|pin| self.pin_json(self.channels.get(channel)?, &pin));
        self.tell_pin("pin_added", (channel, ts), user, item, now_ms);
        Ok(())
    }

    /// Takes a pin off a message.
    pub(crate) fn unpin(&mut self, channel: &ChannelId, ts: Ts, user: &UserId, now_ms: u64) -> Result<(), ModelError> {
        let room = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?;
        if room.message(ts).is_none() {
            return Err(ModelError::new("message_not_found"));
        }
        let pin = room.pins.iter().find(|pin| pin.ts == ts).ok_or(ModelError::new("no_pin"))?;
        let item = self.pin_json(room, pin);
        if let Some(room) = self.channels.get_mut(channel) {
            room.pins.retain(|pin| pin.ts != ts);
            if let Some(message) = room.message_mut(ts) {
                message.unset("pinned_to");
                message.unset("pinned_info");
            }
        }
        self.tell_pin("pin_removed", (channel, ts), user, item, now_ms);
        Ok(())
    }

    /// A pinned message as `pins.list` has it.
    pub(crate) fn pin_json(&self, room: &Channel, pin: &Pin) -> Option<Value> {
        let message = self.linked(room, room.message(pin.ts)?);
        Some(json!({
            "type": "message", "created": pin.created, "created_by": pin.user, "channel": room.id,
            "message": message,
        }))
    }

    fn tell_pin(
        &mut self,
        kind: &str,
        (channel, ts): (&ChannelId, Ts),
        user: &UserId,
        item: Option<Value>,
        now_ms: u64,
    ) {
        let Some(room) = self.channels.get(channel) else { return };
        let mut event = json!({
            "type": kind, "user": user, "channel_id": channel,
            "item_user": room.message(ts).map(|message| &message.user), "pin_count": room.pins.len(),
        });
        event["item"] = item.unwrap_or_default();
        if kind == "pin_removed" {
            event["has_pins"] = (!room.pins.is_empty()).into();
        } else {
            let info = json!({"channel": channel, "pinned_by": user, "pinned_ts": now_ms / 1000});
            event["pinned_info"] = info;
        }
        events::emit(self, Audience::Members(channel), event, now_ms);
        self.changed(ChangeKind::Message { channel: channel.clone() });
    }
}
