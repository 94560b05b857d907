//! What Slack itself writes into a channel, and addresses of messages.

use serde_json::{Map, Value};

use super::{ChangeKind, Channel, ChannelId, Message, ModelError, State, Ts, UserId};
use crate::events;

/// A line such as "has joined the channel".
#[derive(Clone, Debug)]
pub(super) struct Notice {
    /// The message's subtype, such as `channel_join`.
    pub(super) subtype: &'static str,
    /// What is said of the person, without their name.
    pub(super) text: String,
    /// Further fields of the message.
    pub(super) fields: Vec<(&'static str, Value)>,
}

impl Notice {
    pub(super) fn new(subtype: &'static str, text: impl Into<String>) -> Self {
        Self { subtype, text: text.into(), fields: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }
}

impl State {
    /// Writes what a person did to a channel into it.
    pub(super) fn notice(&mut self, channel: &ChannelId, user: &UserId, notice: Notice, now_ms: u64) {
        let Some(room) = self.channels.get_mut(channel) else { return };
        let ts = room.next_ts(Ts::from_micros(now_ms.saturating_mul(1000)));
        let mut body: Map<String, Value> =
            notice.fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        body.insert("type".to_owned(), "message".into());
        body.insert("subtype".to_owned(), notice.subtype.into());
        body.insert("user".to_owned(), user.as_str().into());
        body.insert("text".to_owned(), format!("<@{user}> {}", notice.text).into());
        body.insert("ts".to_owned(), ts.into());
        let message = Message::new(ts, user.clone(), None, body);
        room.push(message.clone());
        events::posted(self, channel, &message, now_ms);
        self.changed(ChangeKind::Message { channel: channel.clone() });
    }

    /// Changes a message in place and tells the apps; it does not count as edited.
    pub(super) fn amend(
        &mut self,
        channel: &ChannelId,
        ts: Ts,
        now_ms: u64,
        change: impl FnOnce(&mut Message),
    ) -> Result<Message, ModelError> {
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let message = room.message_mut(ts).ok_or(ModelError::new("message_not_found"))?;
        let before = message.clone();
        change(message);
        let after = message.clone();
        events::changed(self, channel, &before, &after, now_ms);
        self.changed(ChangeKind::Message { channel: channel.clone() });
        Ok(after)
    }

    /// The address of a message.
    pub(crate) fn permalink(&self, room: &Channel, message: &Message) -> String {
        let link = format!("{}/archives/{}/p{:016}", self.base, room.id, message.ts.micros());
        match message.thread_ts.filter(|thread| *thread != message.ts) {
            Some(thread) => format!("{link}?thread_ts={thread}&cid={}", room.id),
            None => link,
        }
    }

    /// A message's object with its address, as lists of reactions and pins have it.
    pub(crate) fn linked(&self, room: &Channel, message: &Message) -> Value {
        let mut object = (**message.body()).clone();
        object["permalink"] = self.permalink(room, message).into();
        object
    }
}
