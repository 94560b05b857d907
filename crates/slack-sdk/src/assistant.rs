//! Assistants: apps that people talk with in threads of their own.

use std::fmt;

use countersign_slack::ids::{ChannelId, Ts};
use countersign_slack::payload::{AssistantContext, AssistantThreadStarted, Head};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::routes::Table;
use crate::when::{ByEvent, is_said_to_an_assistant};
use crate::{Client, FromRequest, Handler, OnEvent, Rejection, Request, RequestKind, SendError, ThreadRef};

/// What an assistant does in its threads.
///
/// What the person looks at is kept whenever it changes, unless a handler of one's own does that. In the handlers,
/// [`Say`](crate::Say) and [`SayStream`](crate::SayStream) write into the thread.
///
/// ```
/// # use countersign_slack_sdk::{App, Assistant, HandlerError, Say, SayStream, SetStatus, Thread};
/// async fn greet(say: Say, thread: Thread) -> Result<(), HandlerError> {
///     say.text("What can I do for you?").await?;
///     thread.set_prompts("Try one of these", &[("Summarise", "Summarise this channel")]).await?;
///     Ok(())
/// }
///
/// async fn reply(status: SetStatus, stream: SayStream) -> Result<(), HandlerError> {
///     status.set("is thinking…").await?;
///     let mut answer = stream.begin();
///     answer.append("Here is **what I found**…").await?;
///     answer.stop().await?;
///     Ok(())
/// }
///
/// let app: App = App::new().assistant(Assistant::new().thread_started(greet).user_message(reply));
/// ```
#[must_use]
pub struct Assistant<S = ()> {
    routes: Table<ByEvent, S>,
    keeps_context_itself: bool,
}

const STARTED: &str = "assistant_thread_started";
const CONTEXT_CHANGED: &str = "assistant_thread_context_changed";
/// The metadata in which a thread's context is kept.
pub(crate) const CONTEXT_EVENT: &str = "assistant_thread_context";

impl<S> Default for Assistant<S> {
    fn default() -> Self {
        Self { routes: Table::default(), keeps_context_itself: false }
    }
}

impl<S: Clone + Send + Sync + 'static> Assistant<S> {
    /// An assistant without handlers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles the beginning of a conversation.
    pub fn thread_started<M: 'static>(mut self, handler: impl Handler<M, S>) -> Self {
        self.routes.add(ByEvent::Event(OnEvent::kind(STARTED)), handler);
        self
    }

    /// Handles what people say.
    pub fn user_message<M: 'static>(mut self, handler: impl Handler<M, S>) -> Self {
        self.routes.add(ByEvent::AssistantMessage, handler);
        self
    }

    /// Handles that a person looks at something else, in place of keeping that.
    pub fn context_changed<M: 'static>(mut self, handler: impl Handler<M, S>) -> Self {
        self.routes.add(ByEvent::Event(OnEvent::kind(CONTEXT_CHANGED)), handler);
        self.keeps_context_itself = true;
        self
    }

    pub(crate) fn register(mut self, events: &mut Table<ByEvent, S>) {
        if !self.keeps_context_itself {
            self.routes.add(ByEvent::Event(OnEvent::kind(CONTEXT_CHANGED)), keep_context);
        }
        events.0.append(&mut self.routes.0);
    }
}

impl<S> fmt::Debug for Assistant<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assistant").field("handlers", &self.routes.0.len()).finish_non_exhaustive()
    }
}

async fn keep_context(thread: Thread) -> Result<(), SendError> {
    match thread.context_of_event() {
        Some(context) => thread.save_context(&context).await,
        None => Ok(()),
    }
}

/// The thread that an assistant talks in.
///
/// ```
/// # use countersign_slack_sdk::{App, Assistant, HandlerError, Thread};
/// async fn reply(thread: Thread) -> Result<(), HandlerError> {
///     thread.set_title("Holidays").await?;
///     let beside = thread.context().await?.and_then(|context| context.channel_id);
///     println!("{beside:?} is open beside it");
///     Ok(())
/// }
///
/// let app: App = App::new().assistant(Assistant::new().user_message(reply));
/// ```
#[derive(Debug, Clone)]
pub struct Thread {
    request: Request,
    channel: ChannelId,
    ts: Ts,
}

impl Thread {
    /// The direct message.
    pub fn channel(&self) -> &ChannelId {
        &self.channel
    }

    /// The thread in it.
    pub fn ts(&self) -> &Ts {
        &self.ts
    }

    /// Shows what the assistant is doing, such as "is thinking…"; its next message ends that.
    ///
    /// # Errors
    /// When there is no token, or Slack refuses.
    pub async fn set_status(&self, status: &str) -> Result<(), SendError> {
        self.call("assistant.threads.setStatus", json!({"status": status})).await
    }

    /// Names the conversation.
    ///
    /// # Errors
    /// When there is no token, or Slack refuses.
    pub async fn set_title(&self, title: &str) -> Result<(), SendError> {
        self.call("assistant.threads.setTitle", json!({"title": title})).await
    }

    /// Offers what could be said, each with a title and a message; Slack shows four at most.
    ///
    /// # Errors
    /// When there is no token, or Slack refuses.
    pub async fn set_prompts(&self, title: &str, prompts: &[(&str, &str)]) -> Result<(), SendError> {
        let prompt = |(title, message): &(&str, &str)| json!({"title": title, "message": message});
        let prompts: Vec<Value> = prompts.iter().map(prompt).collect();
        self.call("assistant.threads.setSuggestedPrompts", json!({"title": title, "prompts": prompts})).await
    }

    /// What the person looks at: as the event says, or as it was kept.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn context(&self) -> Result<Option<AssistantContext>, SendError> {
        if let Some(context) = self.context_of_event() {
            return Ok(Some(context));
        }
        self.request.shared().contexts.find(&self.reference().await?).await
    }

    /// Keeps what the person looks at.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn save_context(&self, context: &AssistantContext) -> Result<(), SendError> {
        self.request.shared().contexts.save(&self.reference().await?, context).await
    }

    async fn reference(&self) -> Result<ThreadRef, SendError> {
        let client = self.request.client().await?;
        let bot_user_id = self.request.scene().bot_user.clone();
        Ok(ThreadRef { client, channel: self.channel.clone(), ts: self.ts.clone(), bot_user_id })
    }

    fn context_of_event(&self) -> Option<AssistantContext> {
        #[derive(Deserialize)]
        struct Callback {
            event: AssistantThreadStarted,
        }
        let callback: Callback = serde_json::from_str(self.request.payload()).ok()?;
        Some(callback.event.assistant_thread.context)
    }

    async fn call(&self, method: &str, mut args: Value) -> Result<(), SendError> {
        args["channel_id"] = self.channel.as_str().into();
        args["thread_ts"] = self.ts.as_str().into();
        let client: Client = self.request.client().await?;
        client.call::<Value>(method, &args).await?;
        Ok(())
    }
}

impl<S: Sync> FromRequest<S> for Thread {
    type Rejection = Rejection;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Rejection> {
        let scene = request.scene();
        let channel = scene.channel.clone().ok_or(Rejection::missing("Thread", "channel"))?;
        let ts = scene.thread.clone().ok_or(Rejection::missing("Thread", "thread"))?;
        Ok(Self { request: request.clone(), channel, ts })
    }
}

/// Shows what the assistant is doing.
///
/// ```
/// # use countersign_slack_sdk::{App, Assistant, HandlerError, SetStatus};
/// async fn reply(status: SetStatus) -> Result<(), HandlerError> {
///     status.set("is reading the manual…").await?;
///     status.clear().await?;
///     Ok(())
/// }
///
/// let app: App = App::new().assistant(Assistant::new().user_message(reply));
/// ```
#[derive(Debug, Clone)]
pub struct SetStatus(Thread);

impl SetStatus {
    /// Shows it, until the next message or [`Self::clear`].
    ///
    /// # Errors
    /// When there is no token, or Slack refuses.
    pub async fn set(&self, status: &str) -> Result<(), SendError> {
        self.0.set_status(status).await
    }

    /// Shows nothing any more.
    ///
    /// # Errors
    /// When there is no token, or Slack refuses.
    pub async fn clear(&self) -> Result<(), SendError> {
        self.0.set_status("").await
    }
}

impl<S: Sync> FromRequest<S> for SetStatus {
    type Rejection = Rejection;

    async fn from_request(request: &Request, state: &S) -> Result<Self, Rejection> {
        Thread::from_request(request, state).await.map(Self)
    }
}

/// The context of a thread that has just begun: the first message carries it, so that it is found again.
pub(crate) fn metadata_of(request: &Request) -> Option<Value> {
    let head = Head::read(request.payload())?;
    (head.event.0.kind.get() == Some(STARTED)).then_some(())?;
    let payload: Value = serde_json::from_str(request.payload()).ok()?;
    let context = payload.pointer("/event/assistant_thread/context")?;
    Some(json!({"event_type": CONTEXT_EVENT, "event_payload": context}))
}

/// Whether a request is of an assistant's thread.
pub(crate) fn is_assistants(request: &Request) -> bool {
    let head = Head::read(request.payload()).filter(|_| request.kind() == RequestKind::Event);
    head.is_some_and(|head| is_said_to_an_assistant(&head) || head.event.0.kind.get() == Some(CONTEXT_CHANGED))
}
