//! What a person does with messages that are there already: their own, and those they keep.

use serde_json::json;

use super::answer::PersonError;
use super::payload;
use super::{compose, message};
use crate::Workspace;
use crate::model::{ChangeKind, ChannelId, ChannelKind, Draft, State, Ts, UserId};

/// A message: where, and which.
type Of<'a> = (&'a ChannelId, Ts);

/// Whether a message is kept at the top of its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinning {
    /// From now on.
    Pin,
    /// No longer.
    Unpin,
}

impl Workspace {
    /// Replaces the text of a person's own message.
    pub fn edit_message(&self, user: &UserId, (channel, ts): Of<'_>, text: &str) -> Result<(), PersonError> {
        self.note_person("message_edit", user.as_str(), json!({"channel": channel, "ts": ts, "text": text}));
        message::check_text(text)?;
        self.update(|state, now| {
            own(state, user, channel, ts)?;
            let draft = Draft {
                text: compose::text(state, text),
                blocks: Some(vec![message::rich_block(state, text)]),
                ..Draft::default()
            };
            state.update(channel, ts, draft, now)?;
            Ok(())
        })
    }

    /// Removes a person's own message.
    pub fn delete_message(&self, user: &UserId, (channel, ts): Of<'_>) -> Result<(), PersonError> {
        self.note_person("message_delete", user.as_str(), json!({"channel": channel, "ts": ts}));
        self.update(|state, now| {
            own(state, user, channel, ts)?;
            Ok(state.delete(channel, ts, now)?)
        })
    }

    /// Takes a message that only this person sees off their screen; the app does not hear of it.
    pub fn dismiss_message(&self, user: &UserId, (channel, ts): Of<'_>) -> Result<(), PersonError> {
        self.update(|state, _| {
            payload::person(state, user)?;
            let shown = state.ephemerals.get_mut(&(channel.clone(), user.clone()));
            let shown = shown.ok_or_else(|| gone(user, channel, ts))?;
            let before = shown.len();
            shown.retain(|message| message.ts != ts);
            if shown.len() == before {
                return Err(gone(user, channel, ts));
            }
            state.changed(ChangeKind::Ephemeral { user: user.clone(), channel: channel.clone() });
            Ok(())
        })
    }

    /// Pins a message to its channel, or takes the pin off.
    pub fn pin_message(&self, user: &UserId, (channel, ts): Of<'_>, pinning: Pinning) -> Result<(), PersonError> {
        let action = if pinning == Pinning::Pin { "pin" } else { "unpin" };
        self.note_person(action, user.as_str(), json!({"channel": channel, "ts": ts}));
        self.update(|state, now| {
            payload::person(state, user)?;
            member(state, user, channel)?;
            match pinning {
                Pinning::Pin => state.pin(channel, ts, user, now)?,
                Pinning::Unpin => state.unpin(channel, ts, user, now)?,
            }
            Ok(())
        })
    }

    /// Remembers how far a person has read; it never goes back.
    pub fn mark_read(&self, user: &UserId, channel: &ChannelId, ts: Ts) -> Result<(), PersonError> {
        self.update(|state, _| {
            payload::person(state, user)?;
            payload::room(state, user, channel.as_str())?;
            let Some(room) = state.channels.get_mut(channel) else { return Ok(()) };
            // Nobody reads what is not written yet.
            let ts = room.messages().last().map_or(ts, |newest| ts.min(newest.ts));
            let read = room.last_read.entry(user.clone()).or_default();
            if *read < ts {
                *read = ts;
                state.changed(ChangeKind::Ephemeral { user: user.clone(), channel: channel.clone() });
            }
            Ok(())
        })
    }
}

/// The message must be the person's own.
fn own(state: &State, user: &UserId, channel: &ChannelId, ts: Ts) -> Result<(), PersonError> {
    payload::person(state, user)?;
    let room = payload::room(state, user, channel.as_str())?;
    let message = room.message(ts).ok_or_else(|| gone(user, channel, ts))?;
    let is_own = message.user == *user && message.app.is_none() && !message.is_notice();
    if is_own { Ok(()) } else { Err(PersonError::new("not_own_message", "only one's own messages can be changed")) }
}

pub(super) fn member(state: &State, user: &UserId, channel: &ChannelId) -> Result<(), PersonError> {
    let room = payload::room(state, user, channel.as_str())?;
    let is_in = room.kind != ChannelKind::Public || room.members.contains(user);
    if is_in { Ok(()) } else { Err(PersonError::new("not_in_channel", format!("{user} is not in {channel}"))) }
}

fn gone(user: &UserId, channel: &ChannelId, ts: Ts) -> PersonError {
    PersonError::new("message_not_found", format!("{user} sees no message {ts} in {channel}"))
}
