//! Sessions of agents: what they are doing in a thread, told by a lifecycle instead of words.
//!
//! docs.slack.dev, "agents.sessions.setStatus".

use serde_json::json;

use super::{ChannelId, ModelError, State, Ts, UserId};
use crate::events::{self, Audience};

/// What an app hears when a person stops its agent: the event's name, and the one it had before.
pub(crate) const STOPPED: [&str; 2] = ["agent_session_stopped", "message_stream_stopped"];

/// What an agent does in a thread.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AgentSession {
    /// Where it stands.
    pub status: SessionStatus,
    /// What it is called.
    pub title: String,
    /// Who asked for it.
    pub initiator: Option<UserId>,
}

/// Where a session of an agent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// It waits for the person.
    Active,
    /// It works.
    Processing,
    /// It waits for something else.
    Suspended,
    /// It has ended.
    Closed,
}

impl SessionStatus {
    /// The status that Slack calls so.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "active" => Self::Active,
            "processing" => Self::Processing,
            "suspended" => Self::Suspended,
            "closed" => Self::Closed,
            _ => return None,
        })
    }

    /// Slack's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Processing => "processing",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }
}

impl State {
    /// Sets where a session stands; it begins with its first status, which alone heeds title and initiator.
    pub(crate) fn set_session_status(
        &mut self,
        channel: &ChannelId,
        thread: Ts,
        wanted: AgentSession,
    ) -> Result<AgentSession, ModelError> {
        let old = self.assistant_thread(channel, thread).and_then(|known| known.session.clone());
        let session = match old {
            Some(old) => AgentSession { status: wanted.status, ..old },
            None => wanted,
        };
        self.set_assistant(channel, thread, |known| known.session = Some(session.clone()))?;
        Ok(session)
    }

    /// Gives a session another title; its app hears of it when a person does so.
    pub(crate) fn rename_session(
        &mut self,
        channel: &ChannelId,
        thread: Ts,
        title: &str,
        person: Option<&UserId>,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        let known = self.assistant_thread(channel, thread).and_then(|known| known.session.clone());
        let previous = known.ok_or(ModelError::new("session_not_found"))?.title;
        self.set_assistant(channel, thread, |known| {
            if let Some(session) = &mut known.session {
                title.clone_into(&mut session.title);
            }
        })?;
        let Some(user) = person else { return Ok(()) };
        let mut event = json!({
            "type": "agent_session_title_changed", "channel": channel, "thread_ts": thread, "title": title,
            "user": user, "team_id": self.team.id,
        });
        if !previous.is_empty() {
            event["previous_title"] = previous.into();
        }
        events::emit(self, Audience::Members(channel), event, now_ms);
        Ok(())
    }

    /// A person stops what an agent does in a thread: its streams end, and it hears of it.
    ///
    /// Where the session stands is for the app to change; docs.slack.dev, "agent_session_stopped".
    pub(crate) fn stop_agent(
        &mut self,
        channel: &ChannelId,
        thread: Ts,
        user: &UserId,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        let session = self.assistant_thread(channel, thread).and_then(|known| known.session.as_ref());
        let is_working = session.is_some_and(|session| session.status == SessionStatus::Processing);
        let room = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?;
        let in_thread =
            |ts: Ts| ts == thread || room.message(ts).is_some_and(|message| message.thread_ts == Some(thread));
        let of_thread =
            self.streams.iter().filter(|((of, ts), stream)| of == channel && !stream.is_stopped && in_thread(*ts));
        // Without a session at work, what can be stopped are streams that say so.
        let of_thread = of_thread.filter(|(_, stream)| is_working || stream.is_stoppable);
        let mut stopped: Vec<Ts> = of_thread.map(|((_, ts), _)| *ts).collect();
        if !is_working && stopped.is_empty() {
            return Err(ModelError::new("session_not_found"));
        }
        stopped.sort_unstable();
        for ts in &stopped {
            self.end_stream(channel, *ts, now_ms)?;
        }
        for name in STOPPED {
            let event = json!({
                "type": name, "channel": channel, "thread_ts": thread, "user": user, "streaming_message_ts": stopped,
            });
            events::emit(self, Audience::Members(channel), event, now_ms);
        }
        Ok(())
    }
}
