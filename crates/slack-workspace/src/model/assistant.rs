//! Conversations between a person and an agent: status, title, suggested prompts, context.

use serde_json::{Map, Value, json};

use super::{AgentSession, AppId, ChangeKind, ChannelId, Draft, ModelError, State, Ts, UserId};
use crate::events::{self, Audience};

/// What is shown beside a thread in which an agent takes part.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct AssistantThread {
    /// The person who began it; nothing in a thread that is no agent's own.
    pub user: Option<UserId>,
    /// The title in the list of conversations.
    pub title: String,
    /// What the agent is doing, such as "is thinking…"; empty when it does nothing.
    pub status: String,
    /// Shown in turn while it works.
    pub loading_messages: Vec<String>,
    /// The title above the prompts.
    pub prompts_title: Option<String>,
    /// What the person is offered to say: `title` and `message`.
    pub prompts: Vec<Value>,
    /// What the person looks at meanwhile.
    pub context: AssistantContext,
    /// Where the agent's session stands, if it began one.
    pub session: Option<AgentSession>,
}

/// What a person looks at while talking with an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AssistantContext {
    /// The channel that is open beside it.
    pub channel: Option<ChannelId>,
}

impl State {
    /// What is shown beside a thread.
    pub fn assistant_thread(&self, channel: &ChannelId, thread: Ts) -> Option<&AssistantThread> {
        self.assistants.get(&(channel.clone(), thread))
    }

    /// Begins a conversation with an agent; its first message is the bot's own, as Slack writes it.
    pub(crate) fn start_assistant_thread(
        &mut self,
        app: &AppId,
        user: &UserId,
        context: AssistantContext,
        now_ms: u64,
    ) -> Result<(ChannelId, Ts), ModelError> {
        const TITLE: &str = "New Assistant Thread";
        let author = self.bot_author(app)?;
        let (channel, _) = self.open_im(user, &author.user, now_ms)?;
        let mut fields = Map::new();
        fields.insert("subtype".to_owned(), "assistant_app_thread".into());
        fields.insert(
            "assistant_app_thread".to_owned(),
            json!({"title": TITLE, "title_blocks": [], "artifacts": [], "context": self.context_json(&context)}),
        );
        let draft = Draft { text: TITLE.to_owned(), fields, ..Draft::default() };
        let ts = self.post(&channel, &author, draft, now_ms)?.ts;
        let thread = AssistantThread {
            user: Some(user.clone()),
            title: TITLE.to_owned(),
            context,
            ..AssistantThread::default()
        };
        self.assistants.insert((channel.clone(), ts), thread);
        self.tell_assistant("assistant_thread_started", (&channel, ts), app, now_ms);
        Ok((channel, ts))
    }

    /// The person looks at something else now.
    pub(crate) fn change_assistant_context(
        &mut self,
        channel: &ChannelId,
        thread: Ts,
        context: AssistantContext,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        let room = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?;
        let app = room.message(thread).and_then(|message| message.app.clone());
        let app = app.ok_or(ModelError::new("thread_not_found"))?;
        let known = self.assistants.get_mut(&(channel.clone(), thread)).ok_or(ModelError::new("thread_not_found"))?;
        known.context = context;
        self.tell_assistant("assistant_thread_context_changed", (channel, thread), &app, now_ms);
        Ok(())
    }

    /// Changes what is shown beside a thread.
    pub(crate) fn set_assistant(
        &mut self,
        channel: &ChannelId,
        thread: Ts,
        change: impl FnOnce(&mut AssistantThread),
    ) -> Result<(), ModelError> {
        let room = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?;
        if room.message(thread).is_none_or(|message| message.thread_ts.is_some_and(|parent| parent != thread)) {
            return Err(ModelError::new("invalid_thread_ts"));
        }
        change(self.assistants.entry((channel.clone(), thread)).or_default());
        self.changed(ChangeKind::Message { channel: channel.clone() });
        Ok(())
    }

    /// Names a conversation with an agent.
    pub(crate) fn title_assistant(
        &mut self,
        channel: &ChannelId,
        thread: Ts,
        title: &str,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        let is_known = self.assistant_thread(channel, thread).is_some_and(|known| known.user.is_some());
        if !is_known {
            return Err(ModelError::new("invalid_thread_ts"));
        }
        self.set_assistant(channel, thread, |known| title.clone_into(&mut known.title))?;
        self.amend(channel, thread, now_ms, |message| {
            let mut details = message.field("assistant_app_thread").cloned().unwrap_or_else(|| json!({}));
            details["title"] = title.into();
            message.set("assistant_app_thread", details);
        })?;
        Ok(())
    }

    /// A message of the app in a thread ends its status there.
    pub(super) fn clear_assistant_status(&mut self, channel: &ChannelId, thread: Option<Ts>) {
        let Some(thread) = thread.filter(|_| !self.assistants.is_empty()) else { return };
        if let Some(known) = self.assistants.get_mut(&(channel.clone(), thread)) {
            known.status.clear();
            known.loading_messages.clear();
        }
    }

    fn tell_assistant(&mut self, kind: &str, (channel, thread): (&ChannelId, Ts), app: &AppId, now_ms: u64) {
        let Some(known) = self.assistant_thread(channel, thread) else { return };
        let event = json!({
            "type": kind,
            "assistant_thread": {
                "user_id": known.user, "context": self.context_json(&known.context), "channel_id": channel,
                "thread_ts": thread,
            },
        });
        events::emit(self, Audience::App(app), event, now_ms);
    }

    fn context_json(&self, context: &AssistantContext) -> Value {
        match &context.channel {
            Some(channel) => json!({"channel_id": channel, "team_id": self.team.id, "enterprise_id": null}),
            None => json!({}),
        }
    }
}
