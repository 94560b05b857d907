//! Conversations that a person opens, makes, enters and leaves.

use std::collections::BTreeSet;

use serde_json::json;

use super::answer::PersonError;
use super::own::member;
use super::payload;
use crate::Workspace;
use crate::model::{ChannelId, ChannelKind, UserId};

/// How many people a group can have; docs.slack.dev, "conversations.open".
const MAX_GROUP: usize = 9;

impl Workspace {
    /// Opens the conversation of a person with one or several others.
    pub fn open_conversation(&self, user: &UserId, others: &[UserId]) -> Result<ChannelId, PersonError> {
        self.note_person("open_conversation", user.as_str(), json!({"users": others}));
        self.update(|state, now| {
            payload::person(state, user)?;
            let mut members: BTreeSet<UserId> = others.iter().cloned().collect();
            members.insert(user.clone());
            let only =
                if members.len() <= 2 { members.iter().find(|id| *id != user).or(members.first()) } else { None };
            if others.is_empty() {
                return Err(PersonError::new("users_missing", "choose somebody to talk with"));
            }
            if let Some(other) = only.cloned() {
                return Ok(state.open_im(user, &other, now)?.0);
            }
            if members.len() > MAX_GROUP {
                return Err(PersonError::new("too_many_users", format!("a group has at most {MAX_GROUP} people")));
            }
            Ok(state.open_mpim(user, members, now)?.0)
        })
    }

    /// Makes a channel with one member: who makes it.
    pub fn create_channel(&self, user: &UserId, name: &str, kind: ChannelKind) -> Result<ChannelId, PersonError> {
        self.note_person(
            "create_channel",
            user.as_str(),
            json!({"name": name, "private": kind == ChannelKind::Private}),
        );
        self.update(|state, now| {
            payload::person(state, user)?;
            let members = BTreeSet::from([user.clone()]);
            Ok(state.create_channel(name, kind, members, user, now)?)
        })
    }

    /// Brings somebody into a channel.
    pub fn invite(&self, user: &UserId, channel: &ChannelId, other: &UserId) -> Result<(), PersonError> {
        self.note_person("invite", user.as_str(), json!({"channel": channel, "user": other}));
        self.update(|state, now| {
            payload::person(state, user)?;
            member(state, user, channel)?;
            group_only(payload::room(state, user, channel.as_str())?.kind)?;
            state.can_be_invited(channel, user, other)?;
            state.enter_channel(channel, other, Some(user), now);
            Ok(())
        })
    }

    /// Leaves a channel.
    pub fn leave(&self, user: &UserId, channel: &ChannelId) -> Result<(), PersonError> {
        self.note_person("leave", user.as_str(), json!({"channel": channel}));
        self.update(|state, now| {
            payload::person(state, user)?;
            member(state, user, channel)?;
            group_only(payload::room(state, user, channel.as_str())?.kind)?;
            state.exit_channel(channel, user, user, now);
            Ok(())
        })
    }
}

/// Direct messages have the members they began with.
fn group_only(kind: ChannelKind) -> Result<(), PersonError> {
    match kind {
        ChannelKind::Public | ChannelKind::Private => Ok(()),
        ChannelKind::Im | ChannelKind::Mpim => {
            Err(PersonError::new("not_a_channel", "nobody enters or leaves a direct message"))
        }
    }
}
