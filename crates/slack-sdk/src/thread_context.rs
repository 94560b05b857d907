//! Where the contexts of assistants' threads are kept.

use async_trait::async_trait;
use countersign_slack::ids::{ChannelId, Ts, UserId};
use countersign_slack::payload::AssistantContext;
use serde_json::{Value, json};

use crate::assistant::CONTEXT_EVENT;
use crate::{Client, SendError};

/// A thread of an assistant, with a client for its workspace.
#[derive(Debug, Clone)]
pub struct ThreadRef {
    /// The client.
    pub client: Client,
    /// The direct message.
    pub channel: ChannelId,
    /// The thread in it.
    pub ts: Ts,
    /// The assistant's bot user, where the event named it.
    pub bot_user_id: Option<UserId>,
}

/// Keeps what people look at while they talk with an assistant.
#[async_trait]
pub trait ThreadContextStore: Send + Sync + 'static {
    /// Keeps it.
    async fn save(&self, thread: &ThreadRef, context: &AssistantContext) -> Result<(), SendError>;

    /// What was kept.
    async fn find(&self, thread: &ThreadRef) -> Result<Option<AssistantContext>, SendError>;
}

/// Keeps contexts in the threads themselves: in the metadata of the assistant's first message there.
///
/// Nothing is kept of a thread in which the assistant has not said anything yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct MetadataStore;

/// The first message is the thread's own, and the assistant's greeting comes right after it.
const FIRST_MESSAGES: u32 = 4;

#[async_trait]
impl ThreadContextStore for MetadataStore {
    async fn save(&self, thread: &ThreadRef, context: &AssistantContext) -> Result<(), SendError> {
        let Some(first) = first_reply(thread).await? else { return Ok(()) };
        let mut update = json!({
            "channel": thread.channel,
            "ts": first.get("ts"),
            "text": first.get("text"),
            "metadata": {"event_type": CONTEXT_EVENT, "event_payload": context},
        });
        if let Some(blocks) = first.get("blocks") {
            update["blocks"] = blocks.clone();
        }
        thread.client.call_in::<Value>("chat.update", &thread.channel, &update).await?;
        Ok(())
    }

    async fn find(&self, thread: &ThreadRef) -> Result<Option<AssistantContext>, SendError> {
        let first = first_reply(thread).await?;
        let metadata = first.as_ref().and_then(|first| first.get("metadata"));
        let metadata =
            metadata.filter(|metadata| metadata.get("event_type").and_then(Value::as_str) == Some(CONTEXT_EVENT));
        let context = metadata.and_then(|metadata| metadata.get("event_payload")).cloned();
        Ok(context.and_then(|context| serde_json::from_value(context).ok()))
    }
}

/// The assistant's first message of its own in a thread.
async fn first_reply(thread: &ThreadRef) -> Result<Option<Value>, SendError> {
    let args = json!({
        "channel": thread.channel, "ts": thread.ts, "oldest": thread.ts, "include_all_metadata": true,
        "limit": FIRST_MESSAGES,
    });
    let mut answer: Value = thread.client.call("conversations.replies", &args).await?;
    let text = |message: &Value, name: &str| message.get(name).and_then(Value::as_str).map(str::to_owned);
    let is_ours = |message: &Value| match &thread.bot_user_id {
        Some(bot) => text(message, "user").as_deref() == Some(bot.as_str()),
        None => message.get("bot_id").is_some(),
    };
    let messages = answer.get_mut("messages").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
    Ok(messages.into_iter().find(|message| text(message, "subtype").is_none() && is_ours(message)))
}
