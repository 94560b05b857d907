//! Reacting to messages, and opening what apps show beside them.

use serde_json::json;

use super::answer::PersonError;
use super::payload;
use crate::Workspace;
use crate::model::{AppId, AppTab, AssistantContext, ChannelId, State, Ts, UserId, View};

/// What a person does with an emoji.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reacting {
    /// Puts it below a message.
    Add,
    /// Takes it away again.
    Remove,
}

impl Workspace {
    /// Adds or removes a person's reaction to a message.
    pub fn react(
        &self,
        user: &UserId,
        (channel, ts): (&ChannelId, Ts),
        name: &str,
        reacting: Reacting,
    ) -> Result<(), PersonError> {
        let action = if reacting == Reacting::Add { "reaction_add" } else { "reaction_remove" };
        self.note_person(action, user.as_str(), json!({"channel": channel, "ts": ts, "name": name}));
        self.update(|state, now| {
            payload::person(state, user)?;
            payload::room(state, user, channel.as_str())?;
            match reacting {
                Reacting::Add => state.react(channel, ts, user, name, now)?,
                Reacting::Remove => state.unreact(channel, ts, user, name, now)?,
            }
            Ok(())
        })
    }

    /// Opens an app's Home or Messages tab and returns what the app published for the person.
    pub fn open_app(&self, user: &UserId, app: &AppId, tab: AppTab) -> Result<Option<View>, PersonError> {
        let name = if tab == AppTab::Home { "home" } else { "messages" };
        self.note_person("open_app", user.as_str(), json!({"app_id": app, "tab": name}));
        self.update(|state, now| {
            payload::person(state, user)?;
            Ok(state.open_app(app, user, tab, now)?)
        })
    }

    /// Begins a conversation with an app's agent; `beside` is the channel that is open meanwhile.
    pub fn start_assistant_thread(
        &self,
        user: &UserId,
        app: &AppId,
        beside: Option<ChannelId>,
    ) -> Result<(ChannelId, Ts), PersonError> {
        self.note_person("assistant_thread", user.as_str(), json!({"app_id": app, "context": beside}));
        self.update(|state, now| {
            payload::person(state, user)?;
            payload::app(state, Some(app))?;
            let context = looking_at(state, user, beside)?;
            Ok(state.start_assistant_thread(app, user, context, now)?)
        })
    }

    /// Opens another channel beside a conversation with an agent.
    pub fn change_assistant_context(
        &self,
        user: &UserId,
        (channel, thread): (&ChannelId, Ts),
        beside: Option<ChannelId>,
    ) -> Result<(), PersonError> {
        let details = json!({"channel": channel, "thread_ts": thread, "context": beside});
        self.note_person("assistant_context", user.as_str(), details);
        self.update(|state, now| {
            payload::person(state, user)?;
            payload::room(state, user, channel.as_str())?;
            let context = looking_at(state, user, beside)?;
            Ok(state.change_assistant_context(channel, thread, context, now)?)
        })
    }
}

impl Workspace {
    /// Gives a session of an agent another title.
    pub fn rename_session(
        &self,
        user: &UserId,
        (channel, thread): (&ChannelId, Ts),
        title: &str,
    ) -> Result<(), PersonError> {
        let details = json!({"channel": channel, "thread_ts": thread, "title": title});
        self.note_person("agent_rename", user.as_str(), details);
        self.update(|state, now| {
            payload::person(state, user)?;
            payload::room(state, user, channel.as_str())?;
            Ok(state.rename_session(channel, thread, title, Some(user), now)?)
        })
    }

    /// Stops what an agent does in a thread, as the button beside its status does.
    pub fn stop_agent(&self, user: &UserId, (channel, thread): (&ChannelId, Ts)) -> Result<(), PersonError> {
        self.note_person("agent_stop", user.as_str(), json!({"channel": channel, "thread_ts": thread}));
        self.update(|state, now| {
            payload::person(state, user)?;
            payload::room(state, user, channel.as_str())?;
            Ok(state.stop_agent(channel, thread, user, now)?)
        })
    }
}

fn looking_at(state: &State, user: &UserId, beside: Option<ChannelId>) -> Result<AssistantContext, PersonError> {
    if let Some(channel) = &beside {
        payload::room(state, user, channel.as_str())?;
    }
    Ok(AssistantContext { channel: beside })
}
