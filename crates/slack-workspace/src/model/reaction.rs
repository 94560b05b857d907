//! Reactions to messages.

use serde_json::{Value, json};

use super::{ChangeKind, ChannelId, Message, ModelError, State, Ts, UserId};
use crate::events::{self, Audience};

/// How many different emoji a message can have; docs.slack.dev, "reactions.add".
const MAX_EMOJI: usize = 50;
/// How many a single person can add to a message.
const MAX_OF_PERSON: usize = 23;
/// The longest name of an emoji.
const MAX_NAME: usize = 100;

impl State {
    /// Adds a person's reaction to a message.
    pub(crate) fn react(
        &mut self,
        channel: &ChannelId,
        ts: Ts,
        user: &UserId,
        name: &str,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        let message = self.reactable(channel, ts, name)?;
        let mut reactions = reactions(message);
        let different = reactions.len();
        let of_person = reactions.iter().filter(|reaction| has(reaction, user)).count();
        match reactions.iter_mut().find(|reaction| reaction["name"] == name) {
            Some(reaction) if has(reaction, user) => return Err(ModelError::new("already_reacted")),
            _ if of_person >= MAX_OF_PERSON => return Err(ModelError::new("too_many_reactions")),
            Some(reaction) => {
                if let Some(users) = reaction["users"].as_array_mut() {
                    users.push(user.as_str().into());
                }
            }
            None if different >= MAX_EMOJI => return Err(ModelError::new("too_many_emoji")),
            None => reactions.push(json!({"name": name, "users": [user], "count": 1})),
        }
        self.set_reactions(channel, ts, reactions);
        self.tell_reaction("reaction_added", (channel, ts), user, name, now_ms);
        Ok(())
    }

    /// Takes a person's reaction off a message.
    pub(crate) fn unreact(
        &mut self,
        channel: &ChannelId,
        ts: Ts,
        user: &UserId,
        name: &str,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        let message = self.reactable(channel, ts, name)?;
        let mut reactions = reactions(message);
        let mine = reactions.iter_mut().find(|reaction| reaction["name"] == name && has(reaction, user));
        let mine = mine.ok_or(ModelError::new("no_reaction"))?;
        if let Some(users) = mine["users"].as_array_mut() {
            users.retain(|other| other != user.as_str());
        }
        reactions.retain(|reaction| reaction["users"].as_array().is_some_and(|users| !users.is_empty()));
        self.set_reactions(channel, ts, reactions);
        self.tell_reaction("reaction_removed", (channel, ts), user, name, now_ms);
        Ok(())
    }

    fn reactable(&self, channel: &ChannelId, ts: Ts, name: &str) -> Result<&Message, ModelError> {
        let is_fine = |c: char| c.is_alphanumeric() && !c.is_uppercase() || matches!(c, '_' | '-' | '+' | ':' | '\'');
        let is_wrapped = name.starts_with(':') || name.ends_with(':');
        if name.is_empty() || name.len() > MAX_NAME || is_wrapped || !name.chars().all(is_fine) {
            return Err(ModelError::new("invalid_name"));
        }
        let room = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?;
        if room.is_archived {
            return Err(ModelError::new("is_archived"));
        }
        room.message(ts).ok_or(ModelError::new("message_not_found"))
    }

    fn set_reactions(&mut self, channel: &ChannelId, ts: Ts, mut reactions: Vec<Value>) {
        let message = self.channels.get_mut(channel).and_then(|room| room.message_mut(ts));
        let Some(message) = message else { return };
        for reaction in &mut reactions {
            reaction["count"] = reaction["users"].as_array().map_or(0, Vec::len).into();
        }
        if reactions.is_empty() {
            message.unset("reactions");
        } else {
            message.set("reactions", reactions);
        }
        self.changed(ChangeKind::Message { channel: channel.clone() });
    }

    fn tell_reaction(&mut self, kind: &str, (channel, ts): (&ChannelId, Ts), user: &UserId, name: &str, now_ms: u64) {
        let author = self.channels.get(channel).and_then(|room| room.message(ts)).map(|message| message.user.clone());
        let event = json!({
            "type": kind, "user": user, "reaction": name, "item_user": author,
            "item": {"type": "message", "channel": channel, "ts": ts},
        });
        events::emit(self, Audience::Members(channel), event, now_ms);
    }
}

fn reactions(message: &Message) -> Vec<Value> {
    message.field("reactions").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn has(reaction: &Value, user: &UserId) -> bool {
    reaction["users"].as_array().is_some_and(|users| users.iter().any(|other| other == user.as_str()))
}

impl Message {
    /// Whether a user reacted to it.
    pub fn has_reaction_of(&self, user: &UserId) -> bool {
        self.field("reactions").and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| has(one, user)))
    }
}
